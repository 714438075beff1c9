"""Cleaning: what is done to a recording before its features are computed; a file per step."""
