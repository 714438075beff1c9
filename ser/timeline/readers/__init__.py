"""Turns that other programs have marked: one file for each format."""
