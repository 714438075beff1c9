"""An axis of mel bands with round frequencies on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_ROUND = np.array([250, 500, 1000, 2000, 4000, 8000, 16000])


def mel_centres(bands: int, fmin: float, fmax: float) -> npt.NDArray[np.float64]:
    """Gives the centre of each band of librosa's mel filters in hertz, (bands,).

    Args:
        bands: Number of bands.
        fmin: Lower end of the first band in hertz.
        fmax: Upper end of the last band in hertz.
    """
    from librosa import mel_frequencies

    centres: npt.NDArray[np.float64] = mel_frequencies(n_mels=bands + 2, fmin=fmin, fmax=fmax)[1:-1]
    return centres


def mel_ticks(axes: Axes, hertz: npt.NDArray[np.float64]) -> None:
    """Labels mel bands with round frequencies in kilohertz.

    Args:
        axes: An image whose band `i` lies between ``i`` and ``i + 1``.
        hertz: The centre of each band, (bands,).
    """
    inside = _ROUND[(hertz[0] <= _ROUND) & (hertz[-1] * 1.04 >= _ROUND)]
    places = np.interp(inside, hertz, np.arange(len(hertz)) + 0.5)
    axes.set_yticks(places, [f"{value / 1000:g}" for value in inside])
