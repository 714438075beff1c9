"""The command ``ser-analyze``."""
