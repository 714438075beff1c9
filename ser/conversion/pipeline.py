"""Conversion of a recording, phrase by phrase, without audible joints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ser.arrays import Samples, Vector
from ser.audio import reader
from ser.conversion.contours import SPEC, Contours, extract_contours
from ser.conversion.knobs import NEUTRAL, Knobs, PhraseReport, report_phrase
from ser.conversion.limiter import StreamLimiter, limit
from ser.conversion.loudness import Loudness, LoudnessMatcher
from ser.conversion.modification import Converter, Modification
from ser.conversion.phrases import MAX_SECONDS, split_phrases
from ser.conversion.source_emotion import SourceEmotion
from ser.conversion.spectral_filter import estimate_noise_floor
from ser.conversion.synthesis import render_channels
from ser.vad.silero import speech_probabilities

OnPhrase = Callable[[PhraseReport], None]
"""Called with what was done to a phrase."""

# A phrase is speech if so many of its chunks of 32 ms have such a speech probability. Measured: of
# 160 emotional clips, one has no chunk over 0.22; hum, noise, tones and chords have at most one
# over 0.07.
_MIN_CHUNKS, _MIN_PROBABILITY = 2, 0.1

# Frames at either end of a phrase without a change, and frames over which changes fade in.
_UNCHANGED_FRAMES, _FADE_FRAMES = 2, 4
# Decibels by which the noise floor may rise from phrase to phrase.
_FLOOR_RISE_DB = 1.0


def convert(
    samples: Samples,
    rate: int,
    converter: Converter,
    to: str,
    intensity: float = 1.0,
    source: SourceEmotion = None,
    loudness: Loudness = "actor",
    knobs: Knobs = NEUTRAL,
    on_phrase: OnPhrase = lambda report: None,
) -> Samples:
    """Converts a recording to another emotion; the words and the voice stay.

    It is split into phrases at pauses, which stay as they are. Each phrase is converted by itself,
    all channels alike. The whole gets one gain, for its loudness and, if a part of it would exceed
    full scale, down: relative levels are a part of the emotion.

    Args:
        samples: Shape (samples,) or (samples, channels), float32.
        rate: Their rate in hertz, any.
        converter: The engine.
        to: The target emotion, one of the converter's.
        intensity: 0 changes nothing, 1 is an actor's strong recording.
        source: The emotion of the recording, where known, or a classifier of its phrases.
        loudness: See `ser.conversion.loudness.Loudness`.
        knobs: Their level and pauses; what they do to phrases is the converter's.
        on_phrase: Called with what was done to each phrase.

    Returns:
        As many channels at the same rate, within -1 to 1.

    Raises:
        SerError: The converter does not know the emotion.
    """
    size = round(MAX_SECONDS * rate)
    blocks = (samples[start : start + size] for start in range(0, len(samples), size))
    converted = _convert_phrases(blocks, rate, converter, to, intensity, source, knobs, on_phrase)
    parts = [part for _, part in converted]
    if not parts:
        return samples.copy()
    return limit(LoudnessMatcher(loudness, rate, knobs.level).match(samples, np.concatenate(parts)))


def convert_stream(
    blocks: Iterable[Samples],
    rate: int,
    converter: Converter,
    to: str,
    intensity: float = 1.0,
    source: SourceEmotion = None,
    loudness: Loudness = "actor",
    knobs: Knobs = NEUTRAL,
    on_phrase: OnPhrase = lambda report: None,
) -> Iterator[Samples]:
    """Converts a recording of any length, in constant memory but for some numbers a second.

    The loudness of the whole is not known: the gain of each phrase comes from what was heard up to
    it. A phrase that would exceed full scale is turned down, and what follows too, with a slow
    recovery; see `ser.conversion.limiter.StreamLimiter`.

    Args:
        blocks: Of shape (samples,) or (samples, channels), of any lengths.
        rate: As in `convert`.
        converter: As in `convert`.
        to: As in `convert`.
        intensity: As in `convert`.
        source: As in `convert`.
        loudness: As in `convert`.
        knobs: As in `convert`.
        on_phrase: As in `convert`.

    Yields:
        Blocks of the same kind, of other lengths.

    Raises:
        SerError: The converter does not know the emotion.
    """
    limiter, matcher = StreamLimiter(rate), LoudnessMatcher(loudness, rate, knobs.level)
    converted = _convert_phrases(blocks, rate, converter, to, intensity, source, knobs, on_phrase)
    for original, part in converted:
        yield limiter.limit(matcher.match_part(original, part))


def _convert_phrases(
    blocks: Iterable[Samples],
    rate: int,
    converter: Converter,
    to: str,
    intensity: float,
    source: SourceEmotion,
    knobs: Knobs,
    on_phrase: OnPhrase,
) -> Iterator[tuple[Samples, Samples]]:
    """Converts phrase by phrase: gives what was heard, and what becomes of it without limiting."""
    is_mono = False

    def matrices() -> Iterator[Samples]:
        nonlocal is_mono
        for block in blocks:
            is_mono = block.ndim == 1
            if len(block):
                yield block[:, None] if is_mono else block

    floor = np.full(SPEC.n_mels, -np.inf, np.float32)
    continues = is_speech = False
    at = 0.0
    for phrase in split_phrases(matrices(), rate):
        part = phrase.samples
        start, at = at, at + len(part) / rate
        if phrase.is_pause:
            part = knobs.stretch_pause(part, rate)
        else:
            resampled = reader.resample(_mix(part), rate, SPEC.sample_rate)
            # A phrase that had to be cut goes on as what it was.
            is_speech = (continues and is_speech) or _is_speech(resampled)
            if is_speech:
                contours = extract_contours(resampled)
                floor = _update_floor(floor, estimate_noise_floor(contours))
                emotion = source(resampled) if callable(source) else source
                change = converter(contours, to, intensity, emotion)
                on_phrase(report_phrase(start, contours, change))
                if not change.is_identity:
                    contours, change = _fade_ends(contours, change, continues, phrase.cut)
                    part = render_channels(part, rate, contours, change, floor)
        continues = phrase.cut
        heard = phrase.samples
        yield (heard[:, 0], part[:, 0]) if is_mono else (heard, part)


def _update_floor(floor: Vector, estimate: Vector) -> Vector:
    """Combines the noise floor so far with the estimate of a phrase."""
    if not np.isfinite(estimate).all():
        return floor
    if not np.isfinite(floor).all():
        return estimate
    updated: Vector = np.minimum(floor + _FLOOR_RISE_DB, estimate)
    return updated


def _is_speech(samples: Vector) -> bool:
    """Whether a phrase may be speech, samples at 16 kHz."""
    if not len(samples):
        return False
    likely = speech_probabilities(samples[None])[0] >= _MIN_PROBABILITY
    return bool(likely.sum() >= min(_MIN_CHUNKS, len(likely)))


def _mix(channels: Samples) -> Vector:
    mixed: Vector = np.ascontiguousarray(channels.mean(axis=1))
    return mixed


def _fade_ends(
    contours: Contours, change: Modification, joined_before: bool, joined_after: bool
) -> tuple[Contours, Modification]:
    """Fades a modification in and out, so that the waveform is continuous across joints.

    Where speech was cut, a few frames at the joint are made unvoiced: there, samples are copied.
    """
    frames = np.arange(len(change))
    distance = np.minimum(frames, frames[::-1])
    weight = np.clip((distance - _UNCHANGED_FRAMES) / _FADE_FRAMES, 0, 1).astype(np.float32)
    voiced = contours.voiced.copy()
    count = _UNCHANGED_FRAMES + 1
    if joined_before:
        voiced[:count] = False
    if joined_after:
        voiced[-count:] = False
    return (
        Contours(contours.cepstrum, contours.pitch, voiced, contours.logmel),
        Modification(
            change.pitch * weight,
            change.gain * weight[:, None],
            1 + (change.stretch - 1) * weight,
        ),
    )
