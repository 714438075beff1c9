"""Architectures of networks for emotion conversion."""
