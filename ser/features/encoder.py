"""Embeddings of speech by a pretrained encoder, and Whisper's log-mel spectrum.

The network of a `WhisperEncoder` is given from outside: what runs it (`ser.models.litert` without
Keras, or Keras) and where it comes from (`ser.models.encoders`, or an artifact) is no matter here.
Encoders that transformers runs are in `ser.models.transformers_encoder`.

Source: Radford et al., "Robust speech recognition via large-scale weak supervision", ICML 2023.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from ser.arrays import Array, Matrix, Samples, Vector
from ser.features import banks
from ser.features.encoder_spec import EncoderSpec
from ser.features.registry import ENCODER_HOP
from ser.features.spec import FeatureSpec
from ser.features.stft import Transform, power_spectra

Run = Callable[[dict[str, Array]], Array]
"""Runs an encoder's network: ``features`` (batch, frames, mels) and ``mask`` (batch, frames), 1 for
frames of sound and 0 for padding, to the outputs of its blocks (batch, frames / 2, width)."""

RATE = 16_000
"""The sample rate in hertz of all that encoders read."""

_WINDOW, _MEL_HOP = 400, 160
PEAK = np.float32(0.5)
"""What the peak of a clip is brought to, so that its level says nothing."""

FLOOR = np.float32(1e-10)
# Powers of ten kept under a clip's maximum.
RANGE = np.float32(8.0)
# Log-mel frames that one call of the network reads at most: bounds the memory of attention.
_CALL_FRAMES = 2400


class Encoder(ABC):
    """Computes the embeddings of clips.

    Args:
        spec: Which encoder it is, and what is taken from it.
    """

    def __init__(self, spec: EncoderSpec) -> None:
        self.spec = spec

    def __call__(self, samples: Samples) -> Matrix:
        """Computes the embedding of one clip; see `encode_all`."""
        return self.encode_all([samples])[0]

    @abstractmethod
    def encode_all(self, clips: Sequence[Samples]) -> list[Matrix]:
        """Computes the embeddings of clips, several at a time.

        A clip that is longer than the specification's frames is divided into equal parts, each of
        which is read by itself.

        Args:
            clips: Shape (samples,) each, at `RATE`, at least one sample.

        Returns:
            Shape (frames, width) for each clip, a frame for every 20 ms that have begun. The
            outputs of the blocks stand side by side.
        """


class WhisperEncoder(Encoder):
    """Computes embeddings by a network that reads log-mel spectra.

    Args:
        spec: Which encoder it is, and what is taken from it.
        run: Runs its network.
        transform: The Fourier transform, as `ser.features.extract.Extractor` takes it.
    """

    def __init__(self, spec: EncoderSpec, run: Run, transform: Transform = np.fft.rfft) -> None:
        super().__init__(spec)
        self._run = run
        self.transform = transform

    def encode_all(self, clips: Sequence[Samples]) -> list[Matrix]:
        """Computes the embeddings of clips; see `Encoder.encode_all`."""
        parts: list[Matrix] = []
        counts: list[int] = []
        for samples in clips:
            spectrum = log_mel(samples, self.spec.mels, self.transform)
            divided = divide(spectrum, self.spec.frames, 2)
            parts += divided
            counts.append(len(divided))
        size = max(1, _CALL_FRAMES // self.spec.frames)
        found: list[Matrix] = []
        for start in range(0, len(parts), size):
            found += self._encode(parts[start : start + size])
        ends = np.cumsum(counts).tolist()
        return [
            np.concatenate(found[end - count : end])
            for end, count in zip(ends, counts, strict=True)
        ]

    def _encode(self, parts: Sequence[Matrix]) -> list[Matrix]:
        """Runs the network on spectra that are padded to its length."""
        features = np.zeros((len(parts), self.spec.frames, self.spec.mels), np.float32)
        mask = np.zeros(features.shape[:2], np.float32)
        for row, part in enumerate(parts):
            features[row, : len(part)] = part
            mask[row, : len(part)] = 1
        result = self._run({"features": features, "mask": mask})
        return [result[row, : -(-len(part) // 2)] for row, part in enumerate(parts)]


def scale_to_peak(samples: Samples) -> Samples:
    """Brings a clip to the peak that encoders read, `PEAK`."""
    scaled: Samples = samples / max(np.abs(samples).max(initial=0), np.float32(1e-6)) * PEAK
    return scaled


def log_mel(samples: Samples, mels: int, transform: Transform = np.fft.rfft) -> Matrix:
    """Computes the spectrum that Whisper reads, of a clip that is brought to a peak of 0.5.

    Unlike Whisper's own, it is as long as the clip, and not padded to 30 s.

    Args:
        samples: Shape (samples,), at `RATE`.
        mels: Number of mel bands: 80, or 128 for the newest models.
        transform: The Fourier transform.

    Returns:
        A frame for every 10 ms, shape (frames, mels). Powers of ten, from four under the clip's
        maximum scaled to about 1.
    """
    spec, filters = front_end(mels)
    samples = scale_to_peak(samples)
    if len(samples) < _WINDOW:
        # Too short to be mirrored at its ends.
        samples = np.pad(samples, (0, _WINDOW - len(samples)))
    half = _WINDOW // 2
    padded = np.ascontiguousarray(np.pad(samples, half, mode="reflect"), np.float32)
    # Whisper leaves the last frame out.
    count = len(samples) // _MEL_HOP
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_MEL_HOP][:count]
    levels = np.log10(np.maximum(filters(power_spectra(frames, spec, transform)), FLOOR))
    levels = np.maximum(levels, levels.max() - RANGE)
    scaled: Matrix = (levels + np.float32(4)) / np.float32(4)
    return scaled


def divide(values: Array, most: int, unit: int) -> list[Array]:
    """Divides a clip into as few equal parts as fit.

    Args:
        values: Along its first axis samples or frames.
        most: The longest part, a multiple of `unit`.
        unit: Each part but the last is a multiple of it.
    """
    parts = -(-len(values) // most)
    size = -(-len(values) // parts)
    size += -size % unit
    return [values[start : start + size] for start in range(0, len(values), size)]


def pool_blocks(matrix: Matrix, blocks: int) -> Vector:
    """Pools an embedding over time.

    Args:
        matrix: Shape (frames, width), as `Encoder` gives it.
        blocks: Number of blocks whose outputs stand side by side in it.

    Returns:
        For each block the means and then the deviations of its numbers, shape (2 * width,); see
        `ser.features.layout.functional_names`.
    """
    mean = matrix.mean(axis=0, dtype=np.float64)
    deviation = np.sqrt(np.square(matrix - mean).mean(axis=0))
    pairs = np.stack([mean.reshape(blocks, -1), deviation.reshape(blocks, -1)], axis=1)
    return pairs.ravel().astype(np.float32)


def repeat_to_hop(matrix: Matrix, samples: int, hop: int) -> Matrix:
    """Gives an embedding the frames of other features: to each the nearest that there is.

    Args:
        matrix: Shape (frames, width), `ENCODER_HOP` samples from one to the next.
        samples: Length of the clip.
        hop: Samples from one frame to the next of the other features.

    Returns:
        Shape (1 + samples // hop, width).
    """
    places = (np.arange(1 + samples // hop) * hop + ENCODER_HOP // 2) // ENCODER_HOP
    return matrix[np.minimum(places, len(matrix) - 1)]


@lru_cache(maxsize=4)
def front_end(mels: int) -> tuple[FeatureSpec, banks.Banded]:
    """Gives what Whisper's log-mel spectrum is computed by: transform and hop, and the filters."""
    spec = FeatureSpec(
        sample_rate=RATE, n_fft=_WINDOW, win_length=_WINDOW, hop_length=_MEL_HOP,
        fmin=0.0, n_mels=mels,
    )  # fmt: skip
    return spec, banks.Banded(banks.mel_bank(spec))
