"""Whether anybody speaks."""
