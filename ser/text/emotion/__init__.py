"""The emotion of words: what a text says, whatever the voice does."""
