"""Conversations composed of speakers' recordings, with who speaks when; see benchmarks/speakers.py.

Turns have 0.5 to 10 s (all orders of magnitude alike) and follow each other behind pauses of up to
2 s, or begin while the other still speaks. Who speaks when is known from the clips' own energy:
pauses over 0.4 s within a turn are none of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.signal import butter, fftconvolve, sosfilt

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.reverb import impulse_response
from ser.timeline.turn import Turn

RATE = 16_000

# Clips are put behind each other until a speaker has so many.
_MOST_CLIPS = 12
_BELOW_PEAK_DB, _PAUSE_SECONDS = 38.0, 0.4


@dataclass(frozen=True)
class Conversation:
    """A conversation.

    Attributes:
        samples: Shape (samples,), at `RATE`.
        turns: Who speaks when, in the order of their starts.
        clips: The number of the clip that each turn is from, and its file where it is whole.
    """

    samples: Samples
    turns: list[Turn]
    clips: list[tuple[int, Path | None]]


def compose(
    files: Mapping[str, Sequence[Path]],
    rng: np.random.Generator,
    *,
    seconds: float = 120.0,
    overlap: float = 0.1,
    room: float | None = None,
    telephone: bool = False,
    whole: bool = False,
) -> Conversation:
    """Composes a conversation.

    Args:
        files: The recordings of each speaker.
        rng: The random generator.
        seconds: How long it is, about.
        overlap: The share of turns that begin while another speaks.
        room: Seconds of reverberation of a room; None for none.
        telephone: Leave 300 to 3400 Hz alone.
        whole: Each turn is one recording, and not a part of all put behind each other.
    """
    names = sorted(files)
    out = np.zeros(int((seconds + 30) * RATE), np.float32)
    turns: list[tuple[Turn, tuple[int, Path | None]]] = []
    level = {name: 0.05 * 10 ** (rng.uniform(-6, 6) / 20) for name in names}
    clips = {name: _clips(files[name], rng, whole=whole) for name in names}
    at, last, end, number = 0.5, "", 0.5, 0
    while at < seconds:
        name = names[rng.integers(len(names))]
        if name == last and rng.random() < 0.8:
            continue
        clip, path = next(clips[name])
        spans = _active(clip)
        if not spans:
            continue
        first, stop = spans[0][0], spans[-1][1]
        clip = clip[first:stop] / np.sqrt(np.square(clip[first:stop]).mean()) * level[name]
        fade = min(160, len(clip) // 4)
        clip[:fade] *= np.linspace(0, 1, fade, dtype=np.float32)
        clip[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
        start = at
        if last not in ("", name) and rng.random() < overlap:
            start = max(end - rng.uniform(0.3, 1.5), turns[-1][0].start + 0.2)
        place = int(start * RATE)
        out[place : place + len(clip)] += clip
        for a, b in spans:
            times = (start + (a - first) / RATE, start + (b - first) / RATE)
            turns.append((Turn(*times, name), (number, path)))
        number += 1
        end = start + len(clip) / RATE
        pause = rng.uniform(0, 0.3) if rng.random() < 0.5 else rng.uniform(0.3, 2)
        at, last = max(at, end) + pause, name
    out = out[: int((max(turn.end for turn, _ in turns) + 0.5) * RATE)]
    if room is not None:
        out = fftconvolve(out, impulse_response(room, RATE, rng))[: len(out)]
    if telephone:
        out = _telephone(out)
    out = out + 10 ** (-60 / 20) * rng.normal(0, 1, len(out)).astype(np.float32)
    turns.sort(key=lambda pair: (pair[0].start, pair[0].end))
    samples = (out / (1.5 * np.abs(out).max())).astype(np.float32)
    return Conversation(samples, [turn for turn, _ in turns], [clip for _, clip in turns])


def _clips(
    files: Sequence[Path], rng: np.random.Generator, *, whole: bool
) -> Iterator[tuple[Samples, Path | None]]:
    """Gives clips without end, with their files where they are whole."""
    chosen = [files[i] for i in rng.permutation(len(files))]
    if whole:
        while True:
            for path in chosen:
                yield reader.read(path, RATE), path
    gap = np.zeros(RATE // 5, np.float32)
    sound = [part for path in chosen[:_MOST_CLIPS] for part in (reader.read(path, RATE), gap)]
    stream, place = np.concatenate(sound), 0
    while True:
        size = int(np.exp(rng.uniform(np.log(0.5), np.log(10))) * RATE)
        if place + size > len(stream):
            place = 0
        yield stream[place : place + size].copy(), None
        place += size


def _active(clip: Samples) -> list[tuple[int, int]]:
    """Gives where speech begins and ends in a clean clip, in samples."""
    frame = RATE // 100
    frames = clip[: len(clip) // frame * frame].reshape(-1, frame)
    if not len(frames):
        return []
    energy = 10 * np.log10(np.square(frames).mean(axis=1) + 1e-12)
    loud = np.flatnonzero(energy > energy.max() - _BELOW_PEAK_DB)
    breaks = np.flatnonzero(np.diff(loud) > _PAUSE_SECONDS * RATE / frame)
    starts = loud[np.r_[0, breaks + 1]]
    stops = loud[np.r_[breaks, len(loud) - 1]] + 1
    return [(int(a) * frame, int(b) * frame) for a, b in zip(starts, stops, strict=True)]


def _telephone(samples: Samples) -> Samples:
    band = butter(4, [300, 3400], "band", fs=RATE, output="sos")
    return np.asarray(sosfilt(band, samples), np.float32)
