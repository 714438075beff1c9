"""Training of networks for emotion conversion, on pairs of recordings."""
