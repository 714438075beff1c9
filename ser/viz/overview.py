"""A waveform outline and a coarse mel spectrogram of a recording of any length."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Self

import numpy as np

from ser.arrays import Array, Samples
from ser.features.banks import mel_bank, mel_centres
from ser.features.spec import FeatureSpec

BANDS = 96
"""Mel bands of the spectrogram, from 0 Hz to half the sample rate."""

_COLUMNS = 2000


@dataclass(frozen=True, slots=True)
class _Columns:
    """Adjacent columns: lowest and highest sample (n,), mel power (n, bands)."""

    low: Array
    high: Array
    power: Array

    @classmethod
    def empty(cls) -> Self:
        return cls(*(np.zeros(shape, np.float32) for shape in (0, 0, (0, BANDS))))

    @property
    def size(self) -> int:
        return len(self.low)

    def append(self, other: _Columns) -> _Columns:
        pairs = ((self.low, other.low), (self.high, other.high), (self.power, other.power))
        return _Columns(*(np.concatenate(pair) for pair in pairs))

    def slice(self, start: int, stop: int) -> _Columns:
        return _Columns(self.low[start:stop], self.high[start:stop], self.power[start:stop])

    def merge(self, factor: int) -> _Columns:
        """Makes one column of each `factor` columns; it divides the size."""
        return _Columns(
            self.low.reshape(-1, factor).min(axis=1),
            self.high.reshape(-1, factor).max(axis=1),
            self.power.reshape(-1, factor, BANDS).mean(axis=1),
        )

    def repeat(self, count: int) -> _Columns:
        return _Columns(*(np.repeat(a, count, axis=0) for a in (self.low, self.high, self.power)))


class Overview:
    """Reduces a stream of samples to at most a few thousand columns, in constant memory.

    A column begins as ten milliseconds; whenever there are too many, each two become one. The mel
    spectrogram has the filters of `ser.features.banks.mel_bank` over a Hann window of 40 to 80 ms.

    Args:
        sample_rate: Hertz.
        columns: There are never more than twice as many columns as this.

    Attributes:
        sample_rate: Hertz.
        count: Samples taken so far.
        band_hertz: The center of each mel band in hertz, shape (bands,).
    """

    def __init__(self, sample_rate: int, columns: int = _COLUMNS) -> None:
        self.sample_rate = sample_rate
        self.count = 0
        self._limit = columns
        self._hop = max(1, round(sample_rate / 100))
        self._n_fft = 1 << int(np.ceil(np.log2(sample_rate * 0.04)))
        self._window = np.hanning(self._n_fft + 1)[:-1].astype(np.float32)
        spec = FeatureSpec(
            sample_rate=sample_rate,
            n_fft=self._n_fft,
            win_length=self._n_fft,
            hop_length=self._hop,
            fmin=0.0,
            n_mels=BANDS,
        )
        self._filters = mel_bank(spec).T
        self.band_hertz = mel_centres(spec)
        self._factor = 1
        # Frames are centered on their column, as librosa does it: half a window of silence first.
        self._pending = np.zeros((self._n_fft - self._hop) // 2, np.float32)
        self._unmerged = _Columns.empty()
        self._columns = _Columns.empty()

    @classmethod
    def of(cls, samples: Samples, sample_rate: int) -> Self:
        """Reduces a whole recording that is in memory, shape (samples,)."""
        overview = cls(sample_rate)
        for start in range(0, len(samples), 1 << 18):
            overview.add(samples[start : start + (1 << 18)])
        return overview

    @property
    def seconds(self) -> float:
        """The length of the samples so far."""
        return self.count / self.sample_rate

    def add(self, samples: Samples) -> None:
        """Takes the next block of mono samples, of any length."""
        self.count += len(samples)
        self._add_frames(np.concatenate([self._pending, samples.astype(np.float32, copy=False)]))

    def columns(self) -> tuple[Array, Array, Array]:
        """Gives the outline and the spectrogram of the samples so far.

        Returns:
            The lowest and the highest sample of each column, (columns,), and the mel power,
            (bands, columns). Column `i` lasts from ``i`` to ``i + 1`` times `column_seconds`.
        """
        # A copy takes the silence behind the last sample, for more samples may follow.
        rest = copy.copy(self)
        missing = -(self.count + self._n_fft // 2) % self._hop + self._n_fft
        rest._add_frames(np.concatenate([self._pending, np.zeros(missing, np.float32)]))
        if rest._unmerged.size:
            rest._columns = rest._columns.append(rest._unmerged.merge(rest._unmerged.size))
        wanted = max(1, math.ceil(self.count / (self._hop * rest._factor)))
        shown = rest._columns.slice(0, wanted)
        return shown.low, shown.high, shown.power.T

    @property
    def column_seconds(self) -> float:
        """How long one column of `columns` lasts."""
        return self._hop * self._factor / self.sample_rate

    def _add_frames(self, samples: Samples) -> None:
        whole = max(0, (len(samples) - self._n_fft) // self._hop + 1)
        self._pending = samples[whole * self._hop :]
        for start in range(0, whole, 512):
            count = min(512, whole - start)
            begin = start * self._hop
            self._add_columns(samples[begin : begin + (count - 1) * self._hop + self._n_fft])

    def _add_columns(self, samples: Samples) -> None:
        frames = np.lib.stride_tricks.sliding_window_view(samples, self._n_fft)[:: self._hop]
        power = np.abs(np.fft.rfft(frames * self._window, axis=1)) ** 2
        margin = (self._n_fft - self._hop) // 2
        middle = frames[:, margin : margin + self._hop]
        taken = _Columns(
            middle.min(axis=1), middle.max(axis=1), (power @ self._filters).astype(np.float32)
        )
        self._unmerged = self._unmerged.append(taken)
        whole = self._unmerged.size // self._factor * self._factor
        self._columns = self._columns.append(self._unmerged.slice(0, whole).merge(self._factor))
        self._unmerged = self._unmerged.slice(whole, self._unmerged.size)
        while self._columns.size >= 2 * self._limit:
            even = self._columns.size // 2 * 2
            odd = self._columns.slice(even, self._columns.size)
            self._columns = self._columns.slice(0, even).merge(2)
            if odd.size:
                # Stands for `factor` frames; as many copies keep its weight in the next column.
                self._unmerged = odd.repeat(self._factor).append(self._unmerged)
            self._factor *= 2
