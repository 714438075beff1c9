"""The command ser-train."""
