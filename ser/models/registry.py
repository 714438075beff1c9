"""Every architecture by name.

To add one, write a file beside this one (`cnn.py` shows how) and a line in `ARCHITECTURES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ser.errors import ParameterError, choose_from
from ser.models.acgan import ACGAN
from ser.models.base import Architecture
from ser.models.cnn import CNN
from ser.models.cnn1d import CNN1D
from ser.models.cnn_lstm import CNNLSTM
from ser.models.inception import Inception
from ser.models.lda import LDA
from ser.models.prosody_cnn import ProsodyCNN
from ser.models.svm import SVM
from ser.models.tim_net import TIMNet
from ser.models.vgg16 import VGG16
from ser.models.vgg19 import VGG19
from ser.models.whisper_classifier import WhisperClassifier

ARCHITECTURES: Mapping[str, type[Architecture]] = MappingProxyType(
    {
        arch.name: arch
        for arch in (
            ProsodyCNN,
            CNN,
            CNN1D,
            CNNLSTM,
            TIMNet,
            SVM,
            LDA,
            VGG16,
            VGG19,
            Inception,
            WhisperClassifier,
            ACGAN,
        )
    }
)
"""The classifiers among the values of ``--arch``."""


def make_architecture(name: str, options: Mapping[str, Any] = MappingProxyType({})) -> Architecture:
    """Makes an architecture.

    Args:
        name: Its name in `ARCHITECTURES`.
        options: Hyperparameters that differ from their defaults.

    Raises:
        ParameterError: There is none of this name, or an option does not fit.
    """
    return make_from_registry(ARCHITECTURES, name, options, "an architecture")


def make_from_registry(
    kinds: Mapping[str, type[Architecture]], name: str, options: Mapping[str, Any], what: str
) -> Architecture:
    """Makes an architecture of a registry.

    Args:
        kinds: The registry: architectures by name.
        name: The name.
        options: Hyperparameters that differ from their defaults.
        what: What the registry holds, for the message, such as ``an architecture``.

    Raises:
        ParameterError: There is none of this name, or an option does not fit.
    """
    if name not in kinds:
        raise ParameterError("arch", f"is not {what}", choose_from(name, kinds), name)
    return kinds[name].with_options(options)
