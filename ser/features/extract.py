"""The extractor: from samples to a matrix of features, as a specification says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np

from ser.arrays import Matrix, Samples, Vector
from ser.errors import ParameterError, require
from ser.features import banks
from ser.features.encoder import Encoder, pool_blocks
from ser.features.families import FUNCTIONS
from ser.features.layout import width
from ser.features.normalize import normalize
from ser.features.overlap import MelSpectra, SharedFrames
from ser.features.registry import MEL_FAMILIES
from ser.features.spec import FeatureSpec
from ser.features.stft import ShortTimeSpectra, Transform
from ser.preprocess.high_pass import HighPass
from ser.preprocess.silence import cumulative_energy, trim_bounds_of_part, trim_silence

# Silence has this power, so that its level in decibels is a number.
LEAST_POWER = 1e-10


class Extractor:
    """Computes the features of clips; the same object serves training and analysis.

    Args:
        spec: What to compute.
        mel_bank: The specification's mel filter bank, if the caller has it (a model artifact
            does), shape (n_mels, n_fft // 2 + 1); None computes it.
        transform: The Fourier transform, for instance `scipy.fft.rfft`: faster than NumPy's, but
            its import takes longer than a few seconds of audio do.
        encoder: The specification's encoder, opened by `ser.models.encoders.open_encoder`, where it
            has one.

    Raises:
        ParameterError: The specification has an encoder, and none is given.
        DependencyError: A package that a family or a cleaning step needs is not installed.

    Examples:
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).normal(size=16000).astype("float32")
        >>> Extractor(FeatureSpec(families=("zcr", "rms")))(noise).shape
        (101, 2)
    """

    def __init__(
        self,
        spec: FeatureSpec,
        mel_bank: Matrix | None = None,
        transform: Transform = np.fft.rfft,
        encoder: Encoder | None = None,
    ) -> None:
        if spec.encoder is not None and encoder is None:
            raise ParameterError("encoder", "is missing, and the specification has one", "open it")
        self.spec = spec
        self.coefficients = width(spec)
        self._encoder = encoder if spec.encoder is not None else None
        self._mel_filters: banks.Banded | None = None
        if MEL_FAMILIES & set(spec.families):
            self._mel_filters = banks.Banded(banks.mel_bank(spec) if mel_bank is None else mel_bank)
        self._transform = transform
        if "f0" in spec.families:
            require("the feature f0", "librosa")
        self._high_pass = HighPass(spec.sample_rate, spec.highpass) if spec.highpass else None
        self._clean: tuple[Callable[[Samples, int], Samples], ...] = ()
        if spec.clean:
            from ser.preprocess.registry import load_steps

            self._clean = load_steps(spec.clean)

    def __call__(self, samples: Samples) -> Matrix:
        """Computes one clip's features.

        Args:
            samples: Shape (samples,), at least one, at the specification's sample rate. The
                specification's preprocessing, trimming and duration are applied here; its offset is
                not, because it is applied when the file is read.

        Returns:
            Float32, shape (frames, coefficients); one frame where the specification pools.
        """
        return self.compute(self.prepare(samples))

    def compute(self, prepared: Samples) -> Matrix:
        """Computes the features of samples that `prepare` returned; see `__call__`."""
        return self._matrix(self._spectra(prepared))

    def compute_all(self, prepared: Samples, *, quick: bool = False) -> tuple[Matrix, Vector]:
        """Computes features and functionals from one Fourier transform.

        Args:
            prepared: Samples that `prepare` returned.
            quick: Use faster operations for the functionals, which round differently; see
                `ser.features.prosody.descriptors.describe`.
        """
        view = self._spectra(prepared)
        return self._matrix(view), self._functionals(view, quick=quick)

    def compute_batch(
        self, clips: Sequence[Samples], *, quick: bool = False
    ) -> list[tuple[Matrix, Vector]]:
        """Computes features and functionals of clips, embeddings several clips at a time.

        Args:
            clips: What `prepare` returned for each.
            quick: See `compute_all`.
        """
        views = [self._spectra(clip) for clip in clips]
        if self._encoder is not None:
            for view, embedding in zip(views, self._encoder.encode_all(clips), strict=True):
                view.embedding = embedding
        return [(self._matrix(view), self._functionals(view, quick=quick)) for view in views]

    def compute_windows(
        self, signal: Samples, spans: Sequence[tuple[int, int]]
    ) -> list[tuple[Matrix, Vector]]:
        """Computes features and functionals of windows of one signal.

        Frames that windows share are computed once if the specification has only families of
        `MEL_FAMILIES` and functionals and no preprocessing, and the windows' starts differ by
        multiples of the hop.

        Args:
            signal: Shape (samples,), at the specification's sample rate, as `high_pass_blocks`
                gave it.
            spans: The start and the end of each window in samples.

        Returns:
            For each window what `prepare` and `compute_all` give, but for rounding.
        """
        spec = self.spec
        if self._mel_filters is None or self._clean or not MEL_FAMILIES.issuperset(spec.families):
            clips = [self.prepare(signal[start:stop], part=True) for start, stop in spans]
            return self.compute_batch(clips, quick=True)
        spans = self._prepare_spans(signal, spans)
        measure, width = None, 0
        if spec.prosody != "none":
            from ser.features.prosody.measures import layout, measure_quickly

            measure, width = partial(measure_quickly, spec=spec), layout(spec).width
        frames = SharedFrames(
            signal, spans, spec, self._mel_filters, self._transform, measure, width
        )
        clips = [signal[start:stop] for start, stop in spans]
        embeddings = self._encoder.encode_all(clips) if self._encoder is not None else clips
        found = []
        for number, (clip, embedding) in enumerate(zip(clips, embeddings, strict=True)):
            mel, measures = frames.window(number)
            functionals: Vector | None = np.empty(0, np.float32)
            if spec.prosody != "none":
                from ser.features.prosody.functionals import compute_measured

                functionals = compute_measured(measures, spec)
            if functionals is None:
                functionals = self._prosody(self._spectra(clip), quick=True)
            if spec.pools_encoder:
                functionals = self._with_embedding(functionals, clip, embedding)
            found.append((self._matrix(MelSpectra(mel, spec)), functionals))
        return found

    def _prepare_spans(
        self, signal: Samples, spans: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        """Applies trimming and duration to spans, as `prepare` does to samples."""
        spec = self.spec
        found = list(spans)
        if spec.trim is not None:
            energy = cumulative_energy(signal)
            for number, (start, stop) in enumerate(spans):
                first, last = trim_bounds_of_part(energy, start, stop, spec.trim)
                if last > first:
                    found[number] = (start + first, start + last)
        if spec.duration is not None:
            length = round(spec.duration * spec.sample_rate)
            found = [(start, min(stop, start + length)) for start, stop in found]
        return found

    def _spectra(self, prepared: Samples) -> ShortTimeSpectra:
        return ShortTimeSpectra(
            prepared, self.spec, self._mel_filters, self._transform, self._encoder
        )

    def _functionals(self, view: ShortTimeSpectra, *, quick: bool = False) -> Vector:
        found = self._prosody(view, quick=quick)
        if self.spec.pools_encoder:
            found = self._with_embedding(found, view.samples, view.embedding)
        return found

    def _with_embedding(self, prosody: Vector, samples: Samples, embedding: Matrix) -> Vector:
        """Appends the pooled embedding to prosodic functionals, or to the clip's level."""
        blocks = 1 if self.spec.encoder is None else len(self.spec.encoder.blocks)
        if not len(prosody):
            power = float(np.mean(np.square(samples, dtype=np.float64)))
            prosody = np.array([10 * np.log10(max(power, LEAST_POWER))], np.float32)
        return np.concatenate([prosody, pool_blocks(embedding, blocks)])

    def _prosody(self, view: ShortTimeSpectra, *, quick: bool = False) -> Vector:
        if self.spec.prosody == "none":
            return np.empty(0, np.float32)
        from ser.features.prosody.functionals import compute

        return compute(view.power, self.spec, quick=quick)

    def _matrix(self, view: ShortTimeSpectra) -> Matrix:
        spec = self.spec
        matrix = np.concatenate([FUNCTIONS[name](view) for name in spec.families], axis=1)
        if spec.deltas:
            matrix = _append_deltas(matrix, spec.deltas)
        matrix = normalize(matrix, spec)
        if spec.pool != "none":
            matrix = _pool(matrix, statistics=spec.pool == "stats")
        return np.ascontiguousarray(matrix, dtype=np.float32)

    def high_pass_blocks(self, blocks: Iterable[Samples]) -> Iterable[Samples]:
        """Takes out of a recording, as it comes in, what lies under the specification's highpass.

        Args:
            blocks: Samples at the specification's rate, each of shape (samples,).

        Returns:
            As many samples, in blocks of other lengths.
        """
        return blocks if self._high_pass is None else self._high_pass.blocks(blocks)

    def high_pass(self, samples: Samples) -> Samples:
        """Takes out of a clip what lies under the specification's highpass."""
        return samples if self._high_pass is None else self._high_pass(samples)

    def prepare(self, samples: Samples, *, part: bool = False) -> Samples:
        """Applies the specification's preprocessing, trimming and duration.

        Args:
            samples: Shape (samples,), at the specification's sample rate.
            part: They are part of a recording that `high_pass_blocks` or `high_pass` gave.
        """
        spec = self.spec
        if not part:
            samples = self.high_pass(samples)
        for step in self._clean:
            samples = step(samples, spec.sample_rate)
        if spec.trim is not None:
            samples = trim_silence(samples, spec.trim)
        if spec.duration is not None:
            samples = samples[: round(spec.duration * spec.sample_rate)]
        return np.ascontiguousarray(samples, dtype=np.float32)

    def frame_count(self, seconds: float) -> int:
        """Gives the number of frames of a clip of so many seconds."""
        if self.spec.pool != "none":
            return 1
        if self.spec.duration is not None:
            seconds = min(seconds, self.spec.duration)
        return 1 + round(seconds * self.spec.sample_rate) // self.spec.hop_length


def fit_frames(matrix: Matrix, frames: int) -> Matrix:
    """Pads a matrix with zeros, or cuts it, to a number of frames.

    Args:
        matrix: Shape (any, coefficients), or a batch of such, (n, any, coefficients).
        frames: The wanted number.

    Returns:
        Shape (frames, coefficients), or (n, frames, coefficients).
    """
    missing = frames - matrix.shape[-2]
    if missing <= 0:
        return matrix[..., :frames, :]
    return np.pad(matrix, [(0, 0)] * (matrix.ndim - 2) + [(0, missing), (0, 0)])


def _append_deltas(matrix: Matrix, orders: int) -> Matrix:
    """Appends time derivatives: Savitzky-Golay over nine frames, as `librosa.feature.delta`."""
    from scipy.signal import savgol_filter

    # The polynomial at the ends needs nine frames; shorter clips repeat their last frame.
    mode = "interp" if len(matrix) >= 9 else "nearest"
    parts = [matrix] + [
        savgol_filter(matrix, 9, deriv=order, polyorder=order, axis=0, mode=mode)
        for order in range(1, orders + 1)
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _pool(matrix: Matrix, *, statistics: bool) -> Matrix:
    """Pools a clip into one frame: means, or means, deviations, minima and maxima."""
    parts = [matrix.mean(axis=0)]
    if statistics:
        parts += [matrix.std(axis=0), matrix.min(axis=0), matrix.max(axis=0)]
    return np.concatenate(parts)[None, :]
