"""Converts recordings and stores the measures of the results: jobs for worker processes."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.conversion.measures import SAMPLE_RATE, measure_samples, quantize_16_bit
from benchmarks.conversion.quality import SpeechQuality, measure_quality
from ser.arrays import Samples
from ser.audio import reader
from ser.audio.selection import mono
from ser.audio.writer import write_sound
from ser.conversion.contours import Contours
from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.modification import Converter, Modification
from ser.io.files import atomic_path

MINIMAL = "minimal"
"""Instead of the path of a model: `MinimalConverter`."""

# The code that results depend on, beside the model.
_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = (
    "ser/features/**/*.py",
    "ser/conversion/*.py",
    "ser/conversion/evaluation/measures.py",
    "benchmarks/conversion/measures.py",
    "benchmarks/conversion/conversions.py",
)
_UNINVOLVED = ("pairs.py", "registry.py", "tasks.py", "jobs.py", "spectrograms.py")


class MinimalConverter:
    """A converter that changes everything, by inaudible amounts.

    The identity would leave the samples as they are. This measures the loss of synthesis itself.
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
class ConversionTarget:
    """What a recording is converted to.

    Attributes:
        emotion: The target emotion.
        strength: The intensity, from 0, which changes nothing.
        compare: Measure the quality of the result relative to the source, which it should equal.
    """

    emotion: str
    strength: float
    compare: bool = False


@dataclass(frozen=True, slots=True)
class ConversionJob:
    """One recording and all its conversions.

    Attributes:
        path: The recording.
        targets: In the order of the results.
        model: The path of the model, or `MINIMAL`.
        engine: ``network``, ``rules`` or ``auto``.
        store: Where the measures are stored; a job whose file exists is done, but for its sounds.
        sounds: A folder for the results as WAV files; none are written without it.
    """

    path: str
    targets: tuple[ConversionTarget, ...]
    model: str
    engine: str
    store: str
    sounds: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ConversionMeasures:
    """The measures of one conversion.

    Attributes:
        measures: Of the result.
        quality: Relative to the source, where that was asked for and can be measured.
    """

    measures: ClipMeasures
    quality: SpeechQuality | None


def run_job(job: ConversionJob) -> str:
    """Performs a job.

    Returns:
        The job's `store`.

    Raises:
        SerError: The recording cannot be read, or the model does not make an emotion.
    """
    store = Path(job.store)
    # Measures are stored, sounds are not.
    if job.sounds or not store.exists():
        store.parent.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, Any] = {}
        for number, (target, samples, rate) in enumerate(_convert(job)):
            resampled = reader.resample(samples, rate, SAMPLE_RATE)
            for name, value in measure_samples(resampled).to_arrays().items():
                arrays[f"{number}/{name}"] = value
            if target.compare:
                quality = measure_quality(reader.read(job.path, SAMPLE_RATE), resampled)
                if quality is not None:
                    arrays[f"{number}/quality"] = np.array([quality.pesq, quality.stoi])
            if job.sounds:
                Path(job.sounds).mkdir(parents=True, exist_ok=True)
                name = f"{Path(job.path).stem}-{target.emotion}-{target.strength:g}.wav"
                write_sound(Path(job.sounds) / name, samples, rate)
        with atomic_path(store) as temporary, temporary.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **arrays)
    return job.store


def read_results(job: ConversionJob) -> list[ConversionMeasures]:
    """Reads what `run_job` has stored."""
    with np.load(job.store, allow_pickle=False) as stored:
        results = []
        for number in range(len(job.targets)):
            prefix = f"{number}/"
            arrays = {
                name.removeprefix(prefix): stored[name]
                for name in stored.files
                if name.startswith(prefix)
            }
            quality = arrays.pop("quality", None)
            results.append(
                ConversionMeasures(
                    ClipMeasures.from_arrays(arrays),
                    None
                    if quality is None
                    else SpeechQuality(float(quality[0]), float(quality[1])),
                )
            )
    return results


def cache_key(model: str, engine: str, targets: Sequence[ConversionTarget]) -> str:
    """Hashes everything that results depend on, but the recording."""
    digest = hashlib.blake2b(digest_size=8)
    if model != MINIMAL:
        digest.update(Path(model).read_bytes())
    digest.update(repr((engine, *targets)).encode())
    for pattern in _SOURCES:
        for path in sorted(_ROOT.glob(pattern)):
            if path.name not in _UNINVOLVED:
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _convert(job: ConversionJob) -> list[tuple[ConversionTarget, Samples, int]]:
    from ser.conversion.pipeline import convert

    samples, rate = _read_native(job.path)
    converter = _open(job.model, job.engine)
    return [
        (
            target,
            quantize_16_bit(convert(samples, rate, converter, target.emotion, target.strength)),
            rate,
        )
        for target in job.targets
    ]


def _read_native(path: str) -> tuple[Samples, int]:
    """Reads a recording at its own rate, mono, as `ser-translate` does."""
    blocks = list(reader.channels(path))
    return mono(np.concatenate([block for block, _ in blocks])), blocks[0][1]


@functools.lru_cache(maxsize=1)
def _open(model: str, engine: str) -> Converter:
    if model == MINIMAL:
        return MinimalConverter()
    from ser.conversion.converter import open_converter

    opener: Callable[..., Converter] = open_converter
    return opener(model, engine, "cpu")
