"""Timelines: what was heard when, and one writer per output format."""
