"""Speech emotion recognition as small commands that work together."""

__version__ = "0.1.0"
