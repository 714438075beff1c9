"""The command ser-stats."""
