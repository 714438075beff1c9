"""Names of voices: speech of a person whose name is known, and voices kept from earlier recordings.

A voiceprint is personal data: it tells a person among others. None is kept unless a store is named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.arrays import Matrix
from ser.audio import reader
from ser.audio.causes import until_incomplete
from ser.audio.reader import Source, source_name
from ser.errors import AudioError, SerError, cannot_write
from ser.io.files import atomic_path
from ser.io.npy import arrays_from_bytes
from ser.speakers.encoder import RATE, SIZE, load_encoder
from ser.speakers.regions import find_regions

SAME_VOICE = 0.7
"""The cosine of two voices from which on they are taken for one; see
benchmarks/results/speakers.md."""

_LIMIT_BYTES = 16 << 20
_NUMBERED = re.compile(r"speaker (\d+)")


@dataclass(frozen=True, slots=True)
class Voiceprint:
    """How a person's voice sounds.

    Attributes:
        name: The person's name.
        center: The embedding, of length 1, shape (`ser.speakers.encoder.SIZE`,).
        seconds: How much speech it was made of.
    """

    name: str
    center: Matrix
    seconds: float


def enrol(name: str, sources: Sequence[Source]) -> Voiceprint:
    """Makes the voiceprint of a person.

    Args:
        name: The person's name.
        sources: Recordings of this voice alone.

    Raises:
        AudioError: One cannot be decoded, or there is no speech.
    """
    encoder = load_encoder()
    regions = [
        region
        for source in sources
        for region in find_regions(until_incomplete(reader.stream(source, RATE)), encoder)
    ]
    if not regions:
        raise AudioError(
            source_name(sources[0]), "has no speech: there is no voice to learn", "give speech"
        )
    center = np.concatenate([region.embeddings for region in regions]).mean(0)
    seconds = sum(region.end - region.start for region in regions)
    return Voiceprint(name, center / np.linalg.norm(center), float(seconds))


def match(centers: Matrix, known: Sequence[Voiceprint]) -> dict[int, str]:
    """Finds which voices have a name, so that the voices are most alike together.

    Args:
        centers: The voices of a recording, shape (voices, size).
        known: Voiceprints.

    Returns:
        The name of a voice by its number. Voices that are unlike all have none, and no name is
        given twice.
    """
    from scipy.optimize import linear_sum_assignment

    if not known or not len(centers):
        return {}
    alike = centers @ np.stack([voice.center for voice in known]).T
    # What is not the same voice is worth nothing, so that it takes nobody's place.
    worth = np.where(alike >= SAME_VOICE, alike, 0.0)
    rows, columns = linear_sum_assignment(worth, maximize=True)
    return {
        int(row): known[column].name
        for row, column in zip(rows, columns, strict=True)
        if worth[row, column] > 0
    }


def next_names(taken: Sequence[str], count: int) -> list[str]:
    """Gives names for voices that nobody knows.

    Examples:
        >>> next_names(["Anna", "speaker 2"], 2)
        ['speaker 3', 'speaker 4']
    """
    numbers = [int(found[1]) for name in taken if (found := _NUMBERED.fullmatch(name))]
    first = max(numbers, default=0) + 1
    return [f"speaker {number}" for number in range(first, first + count)]


def read_store(path: Path) -> list[Voiceprint]:
    """Reads a store of voices; one that is not there yet is empty.

    Raises:
        SerError: It cannot be read, or is none.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(_LIMIT_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        cause = f"cannot be read ({error.strerror or error})"
        raise SerError(path, cause, "check it") from error
    try:
        if len(data) > _LIMIT_BYTES:
            raise ValueError("it is larger than 16 MB")
        stored = arrays_from_bytes(data)
        written, centers, seconds = (stored[key] for key in ("names", "voices", "seconds"))
        # As JSON: an array of text may hold code points that do not exist.
        names = json.loads(written.tobytes().decode("utf-8")) if written.dtype == np.uint8 else None
        if (
            not isinstance(names, list)
            or not all(isinstance(name, str) for name in names)
            or centers.dtype.kind != "f"
            or seconds.dtype.kind != "f"
            or centers.shape != (len(names), SIZE)
            or seconds.shape != (len(names),)
            or not (np.isfinite(centers).all() and np.isfinite(seconds).all())
        ):
            raise ValueError("its arrays do not fit")
    except (ValueError, KeyError, RecursionError) as error:
        reason = str(error).split("\n")[0]
        raise SerError(
            path, f"is no store of voices ({reason})", "name another file, or remove it"
        ) from error
    return [
        Voiceprint(name, center.astype(np.float32), float(length))
        for name, center, length in zip(names, centers, seconds, strict=True)
    ]


def write_store(path: Path, voices: Sequence[Voiceprint]) -> None:
    """Writes a store of voices, whole or not at all.

    Raises:
        SerError: It cannot be written.
    """
    names = json.dumps([voice.name for voice in voices])
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            np.savez(
                stream,
                names=np.frombuffer(names.encode("utf-8"), np.uint8),
                voices=np.stack([voice.center for voice in voices]).astype(np.float32),
                seconds=np.array([voice.seconds for voice in voices], np.float64),
            )
    except OSError as error:
        raise cannot_write(path, error, SerError) from error


def add_voices(
    known: Sequence[Voiceprint], heard: Mapping[str, tuple[Matrix, float]]
) -> list[Voiceprint]:
    """Adds what was heard of voices to voiceprints.

    Args:
        known: Voiceprints.
        heard: Center and seconds of speech of each voice by its name.

    Returns:
        Those that were known, first and with means weighted by time, and the new ones.
    """
    found = {voice.name: voice for voice in known}
    for name, (center, seconds) in heard.items():
        before = found.get(name)
        total, weighted = seconds, center * seconds
        if before is not None:
            total, weighted = total + before.seconds, weighted + before.center * before.seconds
        length = float(np.linalg.norm(weighted))
        found[name] = Voiceprint(name, weighted / max(length, 1e-9), total)
    return list(found.values())
