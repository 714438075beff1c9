"""Timelines: windows with an emotion each, what is computed from them, and the output formats."""
