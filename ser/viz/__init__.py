"""Pictures, one file for each; matplotlib is imported when the first one is drawn."""
