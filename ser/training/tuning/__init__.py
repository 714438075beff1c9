"""The search for hyperparameters: on inner folds of the training clips, never on a test fold."""
