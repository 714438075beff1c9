"""The command ``ser-listen``."""
