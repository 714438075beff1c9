"""Output formats of timelines: one module for each, and the registry of them all."""
