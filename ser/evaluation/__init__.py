"""Evaluation of classifiers: predictions, and figures with intervals over speakers."""
