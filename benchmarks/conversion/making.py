"""Lets a translator work on recordings, and keeps what is heard of it: work for many processes."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.conversion.likeness import Likeness, likeness
from ser.audio import reader
from ser.audio.writer import write_sound
from ser.conversion.contours import Contours
from ser.conversion.evaluation.measures import (
    SAMPLE_RATE,
    ClipMeasures,
    measure_samples,
    quantize_16_bit,
)
from ser.conversion.modification import Converter, Modification
from ser.io.files import atomic_path

Samples = npt.NDArray[np.float32]

NOTHING = "nothing"
"""Instead of an artifact: `Nearly` nothing is changed."""

# What decides how outputs sound and what is heard of them, beside the artifact.
_PACKAGE = Path(__file__).resolve().parents[2]
_SOURCES = (
    "features/*.py",
    "prosody/*.py",
    "translation/*.py",
    "translation/evaluation/hearing.py",
    "translation/evaluation/making.py",
)
_UNINVOLVED = ("card.py", "pairs.py", "registry.py", "results.py", "work.py")


class Nearly:
    """A converter that changes everything, by next to nothing.

    A change of nothing would leave the samples as they are. What the renderer costs is what is
    lost when it has to work.
    """

    emotions: tuple[str, ...] = ()

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Asks for a hundredth of a semitone, of a decibel and of a percent."""
        frames = len(contours)
        return Modification(
            np.full(frames, 0.01, np.float32),
            np.full((frames, contours.logmel.shape[1]), 0.01, np.float32),
            np.full(frames, 1.0001, np.float32),
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall become of a recording.

    Attributes:
        emotion: The emotion wanted.
        strength: From 0, which changes nothing.
        compare: Whether the result should sound like the recording, and how much it does is to be
            measured.
    """

    emotion: str
    strength: float
    compare: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One recording and all that is wished of it.

    Attributes:
        path: The recording.
        wishes: In the order of the results.
        model: The artifact, or `NOTHING`.
        engine: ``network``, ``rules`` or ``auto``.
        target: Where what is heard is kept; a job whose target exists is done, but for its sounds.
        sounds: A folder for the results as WAV files; none are kept without it.
    """

    path: str
    wishes: tuple[Wish, ...]
    model: str
    engine: str
    target: str
    sounds: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """What became of a wish.

    Attributes:
        heard: What was measured.
        likeness: How like the recording it is, where that was asked for and can be measured.
    """

    heard: ClipMeasures
    likeness: Likeness | None


def make(job: Job) -> str:
    """Does a job, in whatever process it is called.

    Returns:
        The job's target.

    Raises:
        SerError: The recording cannot be read, or the translator cannot do it.
    """
    target = Path(job.target)
    # What is heard is kept, but not how it sounds.
    if job.sounds or not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, npt.NDArray[np.generic]] = {}
        for number, (wish, samples, rate) in enumerate(_made(job)):
            at_rate = reader.resample(samples, rate, SAMPLE_RATE)
            for name, value in measure_samples(at_rate).to_arrays().items():
                arrays[f"{number}/{name}"] = value
            if wish.compare:
                found = likeness(reader.read(job.path, SAMPLE_RATE), at_rate)
                if found is not None:
                    arrays[f"{number}/likeness"] = np.array([found.pesq, found.stoi])
            if job.sounds:
                Path(job.sounds).mkdir(parents=True, exist_ok=True)
                name = f"{Path(job.path).stem}-{wish.emotion}-{wish.strength:g}.wav"
                write_sound(Path(job.sounds) / name, samples, rate)
        with atomic_path(target) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
    return job.target


def results(job: Job) -> list[Result]:
    """Reads what `make` has kept."""
    with np.load(job.target, allow_pickle=False) as kept:
        found = []
        for number in range(len(job.wishes)):
            prefix = f"{number}/"
            own = {n.removeprefix(prefix): kept[n] for n in kept.files if n.startswith(prefix)}
            alike = own.pop("likeness", None)
            found.append(
                Result(
                    ClipMeasures.from_arrays(own),
                    None if alike is None else Likeness(float(alike[0]), float(alike[1])),
                )
            )
    return found


def key_of(model: str, engine: str, wishes: Sequence[Wish]) -> str:
    """Names everything that results depend on but the recording: another key is another folder."""
    digest = hashlib.blake2b(digest_size=8)
    if model != NOTHING:
        digest.update(Path(model).read_bytes())
    digest.update(repr((engine, *wishes)).encode())
    for pattern in _SOURCES:
        for path in sorted(_PACKAGE.glob(pattern)):
            if path.name not in _UNINVOLVED:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _made(job: Job) -> list[tuple[Wish, Samples, int]]:
    from ser.conversion.pipeline import convert

    samples, rate = _native(job.path)
    converter = _opened(job.model, job.engine)
    return [
        (
            wish,
            quantize_16_bit(convert(samples, rate, converter, wish.emotion, wish.strength, None)),
            rate,
        )
        for wish in job.wishes
    ]


def _native(path: str) -> tuple[Samples, int]:
    """Reads a recording at its own rate, mono, as `ser-translate` does."""
    blocks = list(reader.channels(path))
    return reader.mono(np.concatenate([block for block, _ in blocks])), blocks[0][1]


@functools.lru_cache(maxsize=1)
def _opened(model: str, engine: str) -> Converter:
    if model == NOTHING:
        return Nearly()
    from ser.conversion.converter import open_converter

    opener: Callable[..., Converter] = open_converter
    return opener(model, engine, "cpu")
