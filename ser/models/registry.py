"""Every architecture by name.

To add one, write a file beside this one (`cnn.py` shows how) and a line in `ARCHITECTURES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ser.errors import SerError
from ser.models.acgan import ACGAN
from ser.models.base import Architecture
from ser.models.cnn import CNN
from ser.models.cnn1d import CNN1D
from ser.models.cnn_lstm import CNNLSTM
from ser.models.inception import Inception
from ser.models.prosody_cnn import ProsodyCNN
from ser.models.svm import SVM
from ser.models.tim_net import TIMNet
from ser.models.vgg16 import VGG16
from ser.models.vgg19 import VGG19

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
            VGG16,
            VGG19,
            Inception,
            ACGAN,
        )
    }
)
"""What ``--arch`` accepts."""


def architecture(name: str, options: Mapping[str, Any] = MappingProxyType({})) -> Architecture:
    """Looks an architecture up.

    Args:
        name: Its name.
        options: Hyperparameters that differ from their defaults.

    Raises:
        SerError: There is none of this name, or an option does not fit.
    """
    return look_up(ARCHITECTURES, name, options, "an architecture")


def look_up(
    kinds: Mapping[str, type[Architecture]], name: str, options: Mapping[str, Any], what: str
) -> Architecture:
    """Looks something up that has options.

    Args:
        kinds: What there is, by name.
        name: The name.
        options: Hyperparameters that differ from their defaults.
        what: What `kinds` are, such as ``an architecture``.

    Raises:
        SerError: There is none of this name, or an option does not fit.
    """
    if name not in kinds:
        raise SerError(name, f"is not {what}", f"use {', '.join(kinds)}")
    return kinds[name].with_options(options)
