"""The feature table: extraction, merging, splits, folds and statistics."""
