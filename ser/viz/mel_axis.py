"""An axis of mel bands, labelled with round frequencies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ser.arrays import Doubles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROUND_HERTZ = np.array([250, 500, 1000, 2000, 4000, 8000, 16000])


def label_mel_axis(axes: Axes, hertz: Doubles) -> None:
    """Labels the vertical axis of a mel spectrogram with round frequencies in kilohertz.

    Args:
        axes: An image whose band `i` lies between ``i`` and ``i + 1``.
        hertz: The center of each band, shape (bands,); see `ser.features.banks.mel_centres`.
    """
    inside = _ROUND_HERTZ[(hertz[0] <= _ROUND_HERTZ) & (hertz[-1] * 1.04 >= _ROUND_HERTZ)]
    places = np.interp(inside, hertz, np.arange(len(hertz)) + 0.5)
    axes.set_yticks(places, [f"{value / 1000:g}" for value in inside])
