"""The feature specification: all that decides which numbers are computed from a clip."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from types import MappingProxyType
from typing import Any, Literal, Self, get_args

from ser.errors import ParameterError, SerError, choose_from
from ser.features.encoder_spec import EncoderSpec
from ser.features.ranges import RANGES, find_excess, find_problem
from ser.features.registry import ALL_FAMILIES, ENCODER, ENCODER_HOP, WHISPER, WHISPER_HOP
from ser.io.jsontext import parse_json

Pool = Literal["none", "mean", "stats"]
Normalization = Literal["none", "utterance", "coefficient"]
MelScale = Literal["db", "power"]
Functionals = Literal[
    "none", "prosody", "contours", "encoder", "prosody+encoder", "contours+encoder"
]

# What the prosodic functionals need. Spectral balance is measured up to 5 kHz. The autocorrelation
# shows a pitch of 60 Hz in windows of 2.4 of its periods. It is circular: of what wraps around from
# the other end of the transform, only the outer part of the window, which is small, may reach the
# lags that are looked at.
_PROSODY_SAMPLE_RATE = 10_000
_PROSODY_WINDOW_SECONDS = 0.04
_LONGEST_PERIOD = 1 / 60
_PROSODY_WINDOW_SHARE = 0.7

# What encoders read, in hertz.
_ENCODER_SAMPLE_RATE = 16_000


HIGHPASS_BOUNDS = (10.0, 300.0)
"""The lowest and the highest cutoff of `FeatureSpec.highpass` in hertz."""


RUMBLE = 60.0
"""The cutoff in hertz under which hardly a voice has anything, and rooms and microphones do."""


class SpecError(SerError):
    """A feature specification in a file is malformed, or its values are impossible."""


class SpecParameterError(ParameterError, SpecError):
    """A field of a feature specification has an impossible value."""


def _require(
    condition: bool, parameter: str, cause: str, cure: str = "", value: object = None
) -> None:
    if not condition:
        raise SpecParameterError(parameter, cause, cure, value)


def _require_one_of(parameter: str, value: object, choices: tuple[str, ...]) -> None:
    cause, cure = f"of {value!r} is unknown", choose_from(str(value), choices)
    _require(value in choices, parameter, cause, cure)


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What is computed from a clip, and how; a model carries the one that it was trained on.

    Attributes:
        families: Names of `ser.features.registry.ALL_FAMILIES`; coefficients are stacked in this
            order.
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
            quality and rhythm (`ser.features.prosody`); ``contours`` adds the shapes of the
            contours of some of them too. ``encoder``, alone or behind one of these and a ``+``,
            adds mean and deviation of each number of the encoder's blocks.
        highpass: Frequencies under so many hertz are taken out before everything else, and with
            them a constant offset; 0 takes out nothing. See `ser.preprocess.high_pass`.
        clean: Steps of `ser.preprocess` that a clip goes through then, as in
            ``("denoise:0.9", "trim:40")``; a step without its value gets the default one.
        encoder: The pretrained encoder that the family ``encoder`` and such functionals come from;
            None where neither is asked for.
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
    normalise: Normalization = "none"
    pool: Pool = "none"
    offset: float = 0.0
    duration: float | None = None
    trim: float | None = None
    highpass: float = 0.0
    clean: tuple[str, ...] = ()
    functionals: Functionals = "none"
    encoder: EncoderSpec | None = None

    def __post_init__(self) -> None:
        """Checks what would fail later and less clearly.

        Raises:
            SpecParameterError: A value is out of its range, or a family is unknown.
        """
        for name in ("families", "clean"):
            # One name, or a list of names, is as good as a tuple.
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        self._check_numbers(types_only=True)
        _require(
            all(isinstance(name, str) for name in (*self.families, *self.clean)),
            "families",
            "and `clean` hold more than names",
        )
        names = ",".join(self.families)
        _require(bool(self.families), "families", "is empty", "name at least one feature family")
        for name in self.families:
            cause = f"of {name!r} is no feature family"
            _require(name in ALL_FAMILIES, "families", cause, choose_from(name, ALL_FAMILIES))
        repeated = len(set(self.families)) < len(self.families)
        _require(not repeated, "families", f"of {names!r} name a family twice", "name each once")
        _require(
            self.sample_rate >= 1000,
            "sample_rate",
            "is under 1000 Hz",
            "give hertz",
            self.sample_rate,
        )
        _require(
            self.hop_length > 0, "hop_length", "is not positive", "give samples", self.hop_length
        )
        _require(
            1 < self.win_length <= self.n_fft,
            "win_length",
            f"of {self.win_length} samples does not fit a transform of {self.n_fft}",
            "raise `n_fft` or lower `win_length`",
        )
        top = self.fmax if self.fmax is not None else self.sample_rate / 2
        _require(
            0 <= self.fmin < top <= self.sample_rate / 2,
            "fmin" if self.fmax is None else "fmax",
            f"gives a mel range of {self.fmin:g} to {top:g} Hz, which does not fit a sample rate "
            f"of {self.sample_rate} Hz",
            "choose 0 <= fmin < fmax <= half the sample rate",
        )
        for name in ("n_mels", "n_mfcc", "n_chroma"):
            value = getattr(self, name)
            _require(value > 0, name, "is not positive", "give 1 or more", value)
        _require(
            not {"mfcc", "mcep"} & set(self.families) or self.n_mfcc <= self.n_mels,
            "n_mfcc",
            f"of {self.n_mfcc} coefficients is more than the {self.n_mels} mel bands that they are "
            "made from",
            "raise `n_mels` or lower `n_mfcc`",
        )
        _require(self.deltas in (0, 1, 2), "deltas", "is not 0, 1 or 2", value=self.deltas)
        _require(
            0 <= self.offset < math.inf,
            "offset",
            "is no time",
            "give seconds from the start",
            self.offset,
        )
        _require(
            self.duration is None or 0 < self.duration < math.inf,
            "duration",
            "is not positive",
            "give seconds",
            self.duration,
        )
        _require(
            self.trim is None or self.trim > 0,
            "trim",
            "is not positive",
            "give decibels",
            self.trim,
        )
        low, high = HIGHPASS_BOUNDS
        _require(
            self.highpass == 0 or low <= self.highpass <= high,
            "highpass",
            "is no cutoff frequency of rumble",
            f"give {low:g} to {high:g} Hz, or 0 for none",
            self.highpass,
        )
        self._check_numbers()
        excess = find_excess(self.sample_rate, self.n_fft, self.hop_length, self.n_mels)
        _require(excess is None, "hop_length", str(excess), "raise `hop_length`, or lower `n_fft`")
        _require_one_of("normalise", self.normalise, get_args(Normalization))
        _require_one_of("pool", self.pool, get_args(Pool))
        _require_one_of("mel_scale", self.mel_scale, get_args(MelScale))
        _require_one_of("functionals", self.functionals, get_args(Functionals))
        if self.prosody != "none":
            self._check_prosody()
        self._check_encoder()
        if WHISPER.name in self.families:
            self._check_whisper()
        if self.clean:
            # Defaults may change with time; what a model was trained on may not.
            object.__setattr__(self, "clean", _with_values(self.clean))

    def _check_numbers(self, *, types_only: bool = False) -> None:
        """Checks the type and the range of every number."""
        values = {name: getattr(self, name) for name in RANGES}
        problem = find_problem(values, types_only=types_only)
        if problem is not None:
            name, cause = problem
            raise SpecParameterError(name, cause, "", values[name])

    def _check_whisper(self) -> None:
        """Checks what the spectrogram that Whisper reads needs."""
        for name, needed in (("sample_rate", _ENCODER_SAMPLE_RATE), ("hop_length", WHISPER_HOP)):
            _require(
                getattr(self, name) == needed,
                name,
                f"of {getattr(self, name)} is not that of the family whisper",
                f"give `{name}={needed}`",
            )

    @property
    def prosody(self) -> Literal["none", "prosody", "contours"]:
        """Which prosodic functionals there are, whatever stands behind them."""
        if self.functionals.startswith("contours"):
            return "contours"
        return "prosody" if self.functionals.startswith("prosody") else "none"

    @property
    def pools_encoder(self) -> bool:
        """Whether the functionals hold those of the encoder."""
        return self.functionals.endswith(ENCODER.name)

    @property
    def reads_encoder(self) -> bool:
        """Whether the frames or the functionals hold embeddings."""
        return self.pools_encoder or ENCODER.name in self.families

    @property
    def encoder_width(self) -> int:
        """Numbers per frame of the family ``encoder``; 0 without one."""
        return 0 if self.encoder is None else self.encoder.total_width

    def _check_encoder(self) -> None:
        """Checks what embeddings need."""
        if not self.reads_encoder:
            _require(
                self.encoder is None,
                "encoder",
                "is read by nothing",
                f"name {ENCODER.name} in `families`, or give `functionals={ENCODER.name}`",
            )
            return
        _require(
            isinstance(self.encoder, EncoderSpec),
            "encoder",
            "is missing, and `families` or `functionals` ask for embeddings",
            "name a pretrained `encoder`",
        )
        _require(
            self.sample_rate == _ENCODER_SAMPLE_RATE,
            "sample_rate",
            f"of {self.sample_rate} Hz is not what encoders read",
            f"give `sample_rate={_ENCODER_SAMPLE_RATE}`",
        )

    def _check_prosody(self) -> None:
        """Checks what the prosodic functionals need."""
        _require(
            self.sample_rate >= _PROSODY_SAMPLE_RATE,
            "sample_rate",
            f"of {self.sample_rate} Hz is too low for prosodic functionals",
            f"give `sample_rate={_PROSODY_SAMPLE_RATE}` or more, or `functionals=none`",
        )
        window = max(self.win_length, math.ceil(_PROSODY_WINDOW_SECONDS * self.sample_rate))
        length = _PROSODY_WINDOW_SHARE * window + _LONGEST_PERIOD * self.sample_rate
        _require(
            self.win_length == window and self.n_fft >= length,
            "win_length",
            f"of {self.win_length} samples with a transform of {self.n_fft} is too short to "
            "find a low voice's pitch in",
            f"give `win_length={window}` or more, and "
            f"`n_fft={max(window, math.ceil(length))}` or more",
        )

    def to_json(self) -> str:
        """Writes the specification as one line of JSON with its keys sorted."""
        values = self.to_dict()
        if not self.clean:
            # As versions without preprocessing wrote it: NumPy joins tables whose titles are equal.
            del values["clean"]
        if self.functionals == "none":
            del values["functionals"]
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    def to_dict(self) -> dict[str, Any]:
        """Gives the fields as plain JSON types."""
        values = {**asdict(self), "families": list(self.families), "clean": list(self.clean)}
        if not self.highpass:
            # As versions without it wrote it, which read all other specifications.
            del values["highpass"]
        del values["encoder"]
        if self.encoder is not None:
            # Left out otherwise: versions that know no encoders read all other specifications.
            values["encoder"] = self.encoder.to_dict()
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes a specification from what `to_dict` gave.

        Raises:
            SpecError: A field is unknown, as from a newer version, or has a bad value.
        """
        if not isinstance(values, Mapping):
            raise SpecError(_SUBJECT, "is malformed (it has no fields)")
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            cause = f"has unknown fields: {', '.join(unknown)}"
            raise SpecError(_SUBJECT, cause, "it was written by a newer ser: upgrade")
        try:
            lists = {"families": values["families"], "clean": values.get("clean", ())}
            for name, value in lists.items():
                if not isinstance(value, list | tuple):
                    raise SpecParameterError(name, "is no list")
            made: dict[str, Any] = {name: tuple(value) for name, value in lists.items()}
            if values.get("encoder") is not None:
                made["encoder"] = EncoderSpec.from_dict(values["encoder"])
            return cls(**{**values, **made})
        except ParameterError as error:
            cause = f"has a bad value ({error.parameter} {error.cause})"
            raise SpecError(_SUBJECT, cause, "make the file again") from error
        except (KeyError, TypeError, OverflowError) as error:
            raise SpecError(_SUBJECT, f"is malformed ({error})") from error

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Makes a specification from one line of JSON.

        Raises:
            SpecError: The text is not JSON or not a specification.
        """
        try:
            values = parse_json(text)
        except ValueError as error:
            raise SpecError(_SUBJECT, f"is not JSON ({error})") from error
        if not isinstance(values, dict):
            raise SpecError(_SUBJECT, "is not a JSON object")
        return cls.from_dict(values)

    def difference(self, other: FeatureSpec) -> str:
        """Names the fields in which two specifications differ, with both values.

        Examples:
            >>> FeatureSpec().difference(FeatureSpec(n_mels=80))
            'n_mels 64 against 80'
        """
        mine, theirs = self.to_dict(), other.to_dict()
        return ", ".join(
            f"{name} {mine.get(name)} against {theirs.get(name)}"
            for name in {**mine, **theirs}
            if mine.get(name) != theirs.get(name)
        )

    def with_changes(self, **changes: Any) -> Self:
        """Copies the specification with some fields changed, and checks the result.

        An encoder that is given becomes the only family, unless families or functionals are given
        that read it. One that nothing reads any more is left out.
        """
        functionals = changes.get("functionals", self.functionals)
        reads = str(functionals).endswith(ENCODER.name)
        reads = reads or ENCODER.name in changes.get("families", self.families)
        if not reads and changes.get("encoder") is None:
            changes["encoder"] = None
        elif not reads and "families" not in changes:
            # The frames of an embedding are 20 ms apart; functionals need the hop that they have.
            own = {"hop_length": ENCODER_HOP} if functionals == "none" else {}
            changes = {"families": (ENCODER.name,), "normalise": "none", **own, **changes}
        return replace(self, **changes)


# What errors call a specification in a file.
_SUBJECT = "feature specification"


def _with_values(steps: tuple[str, ...]) -> tuple[str, ...]:
    """Writes preprocessing steps with their values, defaults too."""
    # Imported here, because most specifications have no such steps.
    from ser.preprocess.registry import parse_step

    try:
        return tuple(str(parse_step(step)) for step in steps)
    except SerError as error:
        cause = f"{error.subject}: {error.cause}"
        raise SpecParameterError("clean", f"has a bad step ({cause})", error.cure) from error


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
        "speech": FeatureSpec(highpass=RUMBLE),
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
            highpass=RUMBLE,
            functionals="contours",
        ),
        # What the architecture whisper reads: that encoder's own spectrogram.
        "whisper": FeatureSpec(
            families=("whisper",), fmin=0.0, n_mels=80, duration=3.0, highpass=RUMBLE
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
