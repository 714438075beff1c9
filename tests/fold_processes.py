"""A training of folds in processes that know the small architecture of the tests."""

from __future__ import annotations

from spoken import Small

from ser.models import registry
from ser.training.fold import Fold, FoldPredictions
from ser.training.parallel_folds import _Training


class SmallTraining(_Training):
    """Trains a fold, as its base class does, with ``small`` among the architectures."""

    __slots__ = ()

    def __call__(self, fold: Fold) -> FoldPredictions:
        registry.ARCHITECTURES = {**registry.ARCHITECTURES, Small.name: Small}
        return _Training.__call__(self, fold)
