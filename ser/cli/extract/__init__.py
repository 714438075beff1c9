"""The command ``ser-extract``."""
