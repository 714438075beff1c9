"""The feature specification: everything that decides what a table's numbers mean."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from ser.errors import SerError

FAMILIES: tuple[str, ...] = (
    "mel",
    "logmel",
    "mfcc",
    "chroma",
    "contrast",
    "tonnetz",
    "zcr",
    "rms",
    "flatness",
    "centroid",
    "f0",
    "mcep",
    "pitch",
)
"""Every feature family by name; `ser.features.families` says what each is."""

Pool = Literal["none", "mean", "stats"]
Normalise = Literal["none", "utterance", "coefficient"]
MelScale = Literal["db", "power"]
Functionals = Literal["none", "prosody", "contours"]

# Spectral balance is measured up to 5 kHz; and the autocorrelation shows a pitch of 60 Hz in
# windows of 2.4 of its periods. It goes round in circles as long as the transform: what comes in
# from its other end may be no more than the rim of the window.
_PROSODY_RATE = 10_000
_PROSODY_WINDOW = 0.04
_LONGEST_PERIOD = 1 / 60
_PROSODY_RIM = 0.7


class SpecError(SerError):
    """A feature specification is impossible or differs from another where it must not."""


def _require(condition: bool, subject: str, cause: str, cure: str) -> None:
    if not condition:
        raise SpecError(subject, cause, cure)


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What is computed from a clip, and how; a model carries the one that it was trained on.

    Attributes:
        families: Names out of `FAMILIES`; their coefficients are stacked in this order.
        sample_rate: Hertz; every clip is resampled to it first.
        n_fft: Length of the Fourier transform in samples.
        win_length: Length of the Hann window in samples, at most `n_fft`.
        hop_length: Samples from one frame to the next.
        fmin: Lowest frequency of the mel bands in hertz.
        fmax: Highest frequency of the mel bands in hertz; None means half the sample rate.
        n_mels: Number of mel bands of ``mel``, ``logmel`` and ``mfcc``.
        n_mfcc: Number of cepstral coefficients of ``mfcc`` and ``mcep``.
        n_chroma: Number of pitch classes.
        mel_scale: What ``mel`` holds: decibels (``db``) or power (``power``, as librosa has it).
        deltas: 0, 1 or 2: how many orders of time derivatives are appended.
        normalise: ``utterance`` gives each family zero mean and unit variance over its clip, which
            removes the level and keeps the spectrum's shape; ``coefficient`` does so for each
            coefficient alone, which removes the recording channel too.
        pool: ``mean`` or ``stats`` (mean, standard deviation, minimum, maximum) turn a clip into
            one frame.
        offset: Seconds skipped at the start of each clip.
        duration: Seconds kept of each clip; None keeps all. Shorter clips are padded in the table.
        trim: Silence at both ends that lies this many decibels under the clip's peak is cut off;
            None cuts nothing.
        functionals: ``prosody`` adds one vector per clip, with statistics of pitch, loudness, voice
            quality and rhythm (`ser.features.prosody`); ``contours`` adds the course of some of
            them too.
        clean: Steps of `ser.preprocess` that a clip goes through before everything else, as in
            ``("denoise:0.9", "trim:40")``; a step without its value gets the default one.
    """

    families: tuple[str, ...] = ("logmel",)
    sample_rate: int = 16_000
    n_fft: int = 512
    win_length: int = 400
    hop_length: int = 160
    fmin: float = 50.0
    fmax: float | None = None
    n_mels: int = 64
    n_mfcc: int = 40
    n_chroma: int = 12
    mel_scale: MelScale = "db"
    deltas: int = 0
    normalise: Normalise = "none"
    pool: Pool = "none"
    offset: float = 0.0
    duration: float | None = None
    trim: float | None = None
    clean: tuple[str, ...] = ()
    functionals: Functionals = "none"

    def __post_init__(self) -> None:
        """Checks what would fail later and less clearly.

        Raises:
            SpecError: A value is out of its range or a family is unknown.
        """
        _require(bool(self.families), "families", "is empty", "name at least one feature family")
        for name in self.families:
            _require(
                name in FAMILIES, name, "is not a feature family", f"use {', '.join(FAMILIES)}"
            )
        repeated = len(set(self.families)) < len(self.families)
        _require(not repeated, ",".join(self.families), "names a family twice", "name each once")
        _require(self.sample_rate >= 1000, "sample rate", "is under 1000 Hz", "give hertz")
        _require(self.hop_length > 0, "hop length", "is not positive", "give samples")
        _require(
            1 < self.win_length <= self.n_fft,
            "window length",
            f"of {self.win_length} samples does not fit a transform of {self.n_fft}",
            "raise --n-fft or lower --win-length",
        )
        top = self.fmax if self.fmax is not None else self.sample_rate / 2
        _require(
            0 <= self.fmin < top <= self.sample_rate / 2,
            "mel range",
            f"{self.fmin:g} to {top:g} Hz does not fit a sample rate of {self.sample_rate} Hz",
            "choose 0 <= fmin < fmax <= half the sample rate",
        )
        for label, size in (("mel bands", self.n_mels), ("MFCCs", self.n_mfcc)):
            _require(size > 0, label, "must be at least 1", "")
        _require(
            not {"mfcc", "mcep"} & set(self.families) or self.n_mfcc <= self.n_mels,
            "cepstral coefficients",
            f"{self.n_mfcc} are more than the {self.n_mels} mel bands they are made from",
            "raise --n-mels or lower --n-mfcc",
        )
        _require(self.n_chroma > 0, "chroma", "must be at least 1", "")
        _require(self.deltas in (0, 1, 2), "deltas", "must be 0, 1 or 2", "")
        _require(self.offset >= 0, "offset", "is negative", "give seconds from the start")
        _require(
            self.duration is None or self.duration > 0,
            "duration",
            "is not positive",
            "give seconds",
        )
        _require(self.trim is None or self.trim > 0, "trim", "is not positive", "give decibels")
        _require(self.normalise in get_args(Normalise), "normalise", "is unknown", "")
        _require(self.pool in ("none", "mean", "stats"), "pool", "is unknown", "")
        _require(self.mel_scale in ("db", "power"), "mel scale", "is unknown", "")
        _require(self.functionals in get_args(Functionals), "functionals", "is unknown", "")
        if self.functionals != "none":
            _require(
                self.sample_rate >= _PROSODY_RATE,
                "sample rate",
                f"of {self.sample_rate} Hz is too low for prosodic functionals",
                f"give --rate {_PROSODY_RATE} or more, or --functionals none",
            )
            window = max(self.win_length, math.ceil(_PROSODY_WINDOW * self.sample_rate))
            length = _PROSODY_RIM * window + _LONGEST_PERIOD * self.sample_rate
            _require(
                self.win_length == window and self.n_fft >= length,
                "window length",
                f"of {self.win_length} samples with a transform of {self.n_fft} is too short to "
                "find a low voice's pitch in",
                f"give --win-length {window} or more, and --n-fft "
                f"{max(window, math.ceil(length))} or more",
            )
        if self.clean:
            # Defaults may change with time; what a model was trained on may not.
            object.__setattr__(self, "clean", _complete(self.clean))

    def to_json(self) -> str:
        """Writes the specification as one line of JSON with its keys sorted."""
        values = self.to_dict()
        if not self.clean:
            # As versions without cleaning wrote it: NumPy joins tables whose titles are equal.
            del values["clean"]
        if self.functionals == "none":
            del values["functionals"]
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    def to_dict(self) -> dict[str, Any]:
        """Gives the fields as plain JSON types."""
        return {**asdict(self), "families": list(self.families), "clean": list(self.clean)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes a specification from what `to_dict` gave.

        Raises:
            SpecError: A field is unknown, as from a newer version, or has a bad value.
        """
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        _require(
            not unknown,
            "feature specification",
            f"has unknown fields: {', '.join(unknown)}",
            "it was written by a newer ser: upgrade",
        )
        try:
            lists = {"families": values["families"], "clean": values.get("clean", ())}
            return cls(**{**values, **{name: tuple(value) for name, value in lists.items()}})
        except (KeyError, TypeError) as error:
            raise SpecError("feature specification", f"is malformed ({error})") from error

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Makes a specification from one line of JSON.

        Raises:
            SpecError: The text is not JSON or not a specification.
        """
        try:
            values = json.loads(text)
        except ValueError as error:
            raise SpecError("feature specification", f"is not JSON ({error})") from error
        _require(isinstance(values, dict), "feature specification", "is not a JSON object", "")
        return cls.from_dict(values)

    def difference(self, other: FeatureSpec) -> str:
        """Names the fields in which two specifications differ, with both values.

        Examples:
            >>> FeatureSpec().difference(FeatureSpec(n_mels=80))
            'n_mels 64 against 80'
        """
        mine, theirs = self.to_dict(), other.to_dict()
        return ", ".join(
            f"{name} {mine[name]} against {theirs[name]}"
            for name in mine
            if mine[name] != theirs[name]
        )

    def with_changes(self, **changes: Any) -> Self:
        """Copies the specification with some fields changed, and checks the result."""
        return replace(self, **changes)


def _complete(steps: tuple[str, ...]) -> tuple[str, ...]:
    # Here, because most specifications clean nothing and need not load what does.
    from ser.preprocess.registry import parse_step

    try:
        return tuple(str(parse_step(step)) for step in steps)
    except SerError as error:
        raise SpecError(error.subject, error.cause, error.cure) from error


PRESETS = MappingProxyType(
    {
        # What SER notebooks get from librosa's defaults: 93 ms windows resolve harmonics, and
        # the three families together make the classic 180 values per clip.
        "librosa": FeatureSpec(
            families=("mel", "mfcc", "chroma"),
            sample_rate=22_050,
            n_fft=2048,
            win_length=2048,
            hop_length=512,
            fmin=0.0,
            n_mels=128,
            mel_scale="power",
        ),
        # What speech recognisers use: 25 ms is short enough to follow articulation, 16 kHz keeps
        # all that speech has, and log-mels leave the rest to the network.
        "speech": FeatureSpec(),
        # What the model that ships with ser looks at. 64 ms resolve the harmonics of a low voice,
        # and pitch is half of an emotion; the level is removed, and so is the silence around. What
        # the normalisation takes away is in the functionals.
        "emotion": FeatureSpec(
            families=("mel",),
            n_fft=1024,
            win_length=1024,
            hop_length=256,
            n_mels=96,
            normalise="utterance",
            duration=3.0,
            trim=40.0,
            functionals="contours",
        ),
        # What ser-translate changes: the envelope without its harmonics, the pitch, and for
        # networks that draw spectrograms those. Centred frames of 10 ms, and the level as it is.
        "translate": FeatureSpec(
            families=("mcep", "pitch", "logmel"),
            n_fft=1024,
            win_length=1024,
            hop_length=160,
            n_mels=80,
            n_mfcc=25,
            duration=4.0,
            trim=40.0,
        ),
    }
)
"""Named specifications for ``ser-extract --preset``."""
