"""The network that makes an embedding of a voice from a second of speech.

It is the encoder of Resemblyzer (https://github.com/resemble-ai/Resemblyzer, Apache-2.0), three
layers of LSTM and a projection, trained by generalized end-to-end loss (Wan, Wang, Papir and Lopez
Moreno, "Generalized end-to-end loss for speaker verification", ICASSP 2018). Here it is some matrix
products. Behind it is a linear discriminant analysis of voices, so that what an emotion does to a
voice counts less than whose it is. See ``ser/pretrained/speakers.md``.
"""

from __future__ import annotations

import functools
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Doubles, Matrix, Samples
from ser.errors import ArtifactError
from ser.features.banks import mel_bank
from ser.features.spec import FeatureSpec
from ser.io.npy import arrays_from_bytes
from ser.pretrained import SPEAKER_ENCODER

RATE = 16_000
"""The sample rate of the encoder, in hertz."""

SIZE = 48
"""The numbers of an embedding."""

WINDOW_SECONDS = 1.0
"""How much of a voice an embedding is made of. The encoder was trained with 1.6 s; with 1 s fewer
windows hold two speakers (see benchmarks/results/speakers.md)."""

_HOP, _WINDOW, _BANDS, _LAYERS, _CELLS = 160, 400, 40, 3, 256
_FRAMES = int(WINDOW_SECONDS * RATE) // _HOP
# Mean square to which sound is brought: -30 dB of full scale, as in the training.
_LEVEL = 10.0**-3.0
# Windows computed together.
_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer of LSTM.

    Attributes:
        inputs: Weights of the inputs, (inputs, 1024): input, forget, cell and output gates.
        hidden: Weights of the last output, (256, 1024).
        bias: Shape (1024,).
    """

    inputs: Matrix
    hidden: Matrix
    bias: Matrix


class SpeakerEncoder:
    """Makes embeddings of voices.

    Args:
        arrays: The weights by name, as `load_encoder` reads them.
    """

    def __init__(self, arrays: dict[str, Matrix]) -> None:
        self._layers = [
            _Layer(arrays[f"inputs{n}"], arrays[f"hidden{n}"], arrays[f"bias{n}"])
            for n in range(_LAYERS)
        ]
        self._projection = arrays["projection"]
        self._offset = arrays["offset"]
        self._mean = arrays.get("mean")
        self._discriminants = arrays.get("discriminants")
        spec = FeatureSpec(sample_rate=RATE, n_fft=_WINDOW, n_mels=_BANDS)
        self._bank = mel_bank(spec).T.astype(np.float32)
        self._taper = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)

    def embed(self, clips: Sequence[Samples]) -> Matrix:
        """Makes an embedding of each clip.

        Args:
            clips: Samples at `RATE`, each of shape (samples,), not empty. Of a longer one than
                `WINDOW_SECONDS` the beginning counts; a shorter one is repeated.

        Returns:
            Shape (clips, `SIZE`); each row has the length 1. Of cosines between rows, those of
            one voice are near 1, and those of two near 0.
        """
        raw = self.embed_plainly(clips)
        if self._mean is None or self._discriminants is None:
            return raw
        return _unit((raw - self._mean) @ self._discriminants)

    def embed_plainly(self, clips: Sequence[Samples]) -> Matrix:
        """Makes the encoder's own embeddings, without the discriminants.

        Args:
            clips: See `embed`.

        Returns:
            Shape (clips, 256); each row has the length 1.
        """
        found = np.zeros((len(clips), _CELLS), np.float32)
        for start in range(0, len(clips), _BATCH):
            some = clips[start : start + _BATCH]
            mels = np.stack([self._mel(clip) for clip in some], axis=1)
            found[start : start + len(some)] = self._run(mels)
        return found

    def _mel(self, clip: Samples) -> Matrix:
        """Gives the mel power spectrogram of a clip, (frames, bands)."""
        need = (_FRAMES - 1) * _HOP + _WINDOW
        clip = np.resize(np.asarray(clip, np.float32), need) if len(clip) < need else clip[:need]
        power = float(np.square(clip).mean())
        if power > 0:
            clip = clip * np.float32(np.sqrt(_LEVEL / power))
        frames = np.lib.stride_tricks.sliding_window_view(clip, _WINDOW)[::_HOP]
        spectra = np.abs(np.fft.rfft(frames * self._taper)) ** 2
        mel: Matrix = spectra.astype(np.float32) @ self._bank
        return mel

    def _run(self, x: Matrix) -> Matrix:
        """Maps spectrograms (frames, batch, bands) to embeddings (batch, 256)."""
        from scipy.special import expit

        count = x.shape[1]
        for layer in self._layers:
            driven = x.reshape(-1, x.shape[-1]) @ layer.inputs + layer.bias
            driven = driven.reshape(len(x), count, -1)
            out = np.zeros((len(x), count, _CELLS), np.float32)
            hidden = np.zeros((count, _CELLS), np.float32)
            cell = np.zeros((count, _CELLS), np.float32)
            for step, row in enumerate(driven):
                row += hidden @ layer.hidden
                gates = expit(row)
                cell *= gates[:, _CELLS : 2 * _CELLS]
                cell += gates[:, :_CELLS] * np.tanh(row[:, 2 * _CELLS : 3 * _CELLS])
                hidden = gates[:, 3 * _CELLS :] * np.tanh(cell)
                out[step] = hidden
            x = out
        return _unit(np.maximum(hidden @ self._projection + self._offset, 0.0))


def _unit(rows: Matrix | Doubles) -> Matrix:
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    single: Matrix = unit.astype(np.float32)
    return single


@functools.lru_cache(maxsize=1)
def load_encoder() -> SpeakerEncoder:
    """Loads the encoder that comes with the package.

    Raises:
        ArtifactError: Its file is damaged.
    """
    try:
        stored = arrays_from_bytes(SPEAKER_ENCODER.read_bytes())
        return SpeakerEncoder({name: each.astype(np.float32) for name, each in stored.items()})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ArtifactError(
            SPEAKER_ENCODER, f"cannot be read ({error})", "install the package again"
        ) from error
