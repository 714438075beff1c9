"""Text emotion classifiers: a word list, and transformers."""
