"""A whole recording in another emotion: by phrases, at pauses, without joints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ser.arrays import Samples, Vector
from ser.audio import reader
from ser.conversion.contours import SPEC, Contours, contours_of
from ser.conversion.limiter import Headroom, limited
from ser.conversion.modification import Change, Converter
from ser.conversion.phrases import LONGEST, pieces
from ser.conversion.source_emotion import Origin
from ser.conversion.spectral_filter import noise_floor
from ser.conversion.synthesis import rendered
from ser.vad.silero import speech_probabilities

# A phrase is speech if so many of its 32 ms are that with such a probability. Measured: of 160
# emotional clips, one has no 32 ms over 0.22; hum, noise, tones and chords have at most one over
# 0.07.
_CHUNKS, _DOUBTFUL = 2, 0.1

# Frames at a joint where nothing changes, and those over which changes begin.
_STILL, _RAMP = 2, 4
# Decibels by which the background may have risen since the last phrase.
_RISE = 1.0


def translate(
    samples: Samples,
    rate: int,
    converter: Converter,
    to: str,
    intensity: float = 1.0,
    source: Origin = None,
) -> Samples:
    """Gives a recording another emotion; the words and the voice stay.

    It is cut into phrases at pauses, which stay as they are. Each phrase is changed for itself, in
    the same way in all channels. If any of the result would be too loud for a file, all of it is
    turned down: levels beside each other are a part of the emotion.

    Args:
        samples: Shape (samples,) or (samples, channels), float32.
        rate: Their rate in hertz, any.
        converter: The engine.
        to: The emotion, one of the converter's.
        intensity: 0 changes nothing, 1 is as strong as an actor's strong recordings.
        source: The emotion that it has, where known, or what says so of each phrase.

    Returns:
        As many channels at the same rate, within -1 to 1.

    Raises:
        SerError: The converter does not know the emotion.
    """
    size = round(LONGEST * rate)
    blocks = (samples[start : start + size] for start in range(0, len(samples), size))
    parts = list(_changed(blocks, rate, converter, to, intensity, source))
    return limited(np.concatenate(parts)) if parts else samples.copy()


def stream(
    blocks: Iterable[Samples],
    rate: int,
    converter: Converter,
    to: str,
    intensity: float = 1.0,
    source: Origin = None,
) -> Iterator[Samples]:
    """Does the same to a recording of any length, in constant memory.

    What is to come is not known here: the first phrase that would be too loud turns itself down and
    what follows, which rises again slowly; see `ser.conversion.limiter.Headroom`.

    Args:
        blocks: Of shape (samples,) or (samples, channels), of any lengths.
        rate: As in `translate`.
        converter: As in `translate`.
        to: As in `translate`.
        intensity: As in `translate`.
        source: As in `translate`.

    Yields:
        Blocks of the same kind, of other lengths.

    Raises:
        SerError: The converter does not know the emotion.
    """
    headroom = Headroom(rate)
    for part in _changed(blocks, rate, converter, to, intensity, source):
        yield headroom.fitted(part)


def _changed(
    blocks: Iterable[Samples],
    rate: int,
    converter: Converter,
    to: str,
    intensity: float,
    source: Origin,
) -> Iterator[Samples]:
    """Changes phrase after phrase, of any loudness."""
    flat = False

    def columns() -> Iterator[Samples]:
        nonlocal flat
        for block in blocks:
            flat = block.ndim == 1
            if len(block):
                yield block[:, None] if flat else block

    floor = np.full(SPEC.n_mels, -np.inf, np.float32)
    joined = spoken = False
    for piece in pieces(columns(), rate):
        part = piece.samples
        if not piece.quiet:
            heard = reader.resample(_mixed(part), rate, SPEC.sample_rate)
            # What goes on does not turn into something else.
            spoken = (joined and spoken) or _speech(heard)
            if spoken:
                contours = contours_of(heard)
                found = noise_floor(contours)
                if np.isfinite(found).all():
                    floor = np.minimum(floor + _RISE, found) if np.isfinite(floor).all() else found
                origin = source(heard) if callable(source) else source
                change = converter(contours, to, intensity, origin)
                if not change.nothing:
                    contours, change = _joinable(contours, change, joined, piece.cut)
                    part = rendered(part, rate, contours, change, floor)
        joined = piece.cut
        yield part[:, 0] if flat else part


def _speech(samples: Vector) -> bool:
    """Whether anybody may be speaking, samples at 16 kHz."""
    if not len(samples):
        return False
    likely = speech_probabilities(samples[None])[0] >= _DOUBTFUL
    return bool(likely.sum() >= min(_CHUNKS, len(likely)))


def _mixed(channels: Samples) -> Vector:
    mixed: Vector = np.ascontiguousarray(channels.mean(axis=1))
    return mixed


def _joinable(
    contours: Contours, change: Change, before: bool, behind: bool
) -> tuple[Contours, Change]:
    """Lets a change begin and end with nothing, so that the waveform goes on across joints.

    In pauses that is so anyway but for the timing; where speech had to be cut, a few frames without
    a voice are made of it: there, samples are copied.
    """
    frames = np.arange(len(change))
    distance = np.minimum(frames, frames[::-1])
    part = np.clip((distance - _STILL) / _RAMP, 0, 1).astype(np.float32)
    voiced = contours.voiced.copy()
    reach = _STILL + 1
    if before:
        voiced[:reach] = False
    if behind:
        voiced[-reach:] = False
    return (
        Contours(contours.cepstrum, contours.pitch, voiced, contours.logmel),
        Change(
            change.pitch * part,
            change.gain * part[:, None],
            1 + (change.stretch - 1) * part,
        ),
    )
