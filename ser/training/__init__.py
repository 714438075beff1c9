"""Training of classifiers: batches, trainers, checkpoints, cross-validation."""
