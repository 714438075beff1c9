"""A server on this machine: a page to speak to, and an interface for programs."""
