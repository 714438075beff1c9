"""Preprocessing: steps that a recording goes through before its features; a file per step."""
