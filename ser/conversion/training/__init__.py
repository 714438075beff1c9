"""Training of networks that translate: pairs of recordings in, a converter out."""
