"""Training: batches, augmentation on the fly, checkpoints, cross-validation."""
