"""From a phrase and what is to become of it to the new waveform."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ser.arrays import Doubles, Matrix, Samples, Vector
from ser.audio import reader
from ser.conversion.contours import HOP, SPEC, Contours, between, evened
from ser.conversion.limiter import limited
from ser.conversion.modification import Change
from ser.conversion.pitch_marks import epochs_of
from ser.conversion.psola import overlapped, plan, time_map
from ser.conversion.spectral_filter import above_noise, filtered, noise_floor
from ser.errors import SerError
from ser.features import banks
from ser.features.envelope import smoothed
from ser.features.stft import ShortTime

# What moving periods did to a phrase's level and envelope, to be taken back.


# So many cepstral coefficients are corrected: level and broad shape. Finer corrections follow the
# harmonics, which lie elsewhere now, and make the voice rough (measured: harmonics to noise).
_COEFFICIENTS = 8
# Decibels; what is farther off than this was not the same sound.
_MOST = 9.0


def correction(
    moved: Vector, rate: int, contours: Contours, rows: Doubles, semitones: Doubles
) -> Matrix:
    """Compares the envelope of a voice after its periods were moved with that before.

    Grains closer together add up to more power, and farther apart to less; and another set of
    harmonics picks other places of the envelope.

    Args:
        moved: The waveform with moved periods, shape (samples,).
        rate: Its rate in hertz.
        contours: Of the waveform before.
        rows: Which frame of the contours, with fractions, every `HOP` of the output is made from,
            shape (frames,).
        semitones: How much higher it is there, shape (frames,).

    Returns:
        Decibels to be added on the mel bands, shape (frames, 80).
    """
    power = ShortTime(reader.resample(moved, rate, SPEC.sample_rate), SPEC).power
    frames = min(len(power), len(rows))
    pitch = np.interp(rows, np.arange(len(contours)), contours.pitch)[:frames] + semitones[:frames]
    voiced = contours.voiced[np.round(rows[:frames]).astype(np.intp)]
    bands = _filters()(smoothed(power[:frames], pitch.astype(np.float32), voiced, SPEC))
    basis = banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)[:_COEFFICIENTS]
    found = 10 * np.log10(np.maximum(bands, np.float32(1e-10))) @ basis.T
    wanted = between(contours.cepstrum[:, :_COEFFICIENTS], rows[:frames])
    missing = np.where(voiced[:, None], wanted - found, 0)
    result = np.zeros((len(rows), SPEC.n_mels), np.float32)
    result[:frames] = np.clip(missing @ basis, -_MOST, _MOST)
    return evened(result)


@lru_cache(maxsize=1)
def _filters() -> banks.Banded:
    return banks.Banded(banks.mel_bank(SPEC))


# Semitones and factors beyond which nothing is moved or stretched, whatever an engine says.
_HIGHEST, _LONGEST = 24.0, 5.0


def render(
    samples: Vector, rate: int, contours: Contours, change: Change, floor: Vector | None = None
) -> Vector:
    """Gives a phrase another pitch, timing and envelope; the rest of its waveform stays.

    Periods are moved (`ser.conversion.psola`), which about keeps their envelope, and then a filter
    puts right what it did not keep (`ser.conversion.synthesis`) and makes the envelope what it
    is to be (`ser.conversion.spectral_filter`). Nothing is synthesised: a change of nothing gives
    the same samples back.

    Args:
        samples: Mono, shape (samples,).
        rate: Their rate in hertz, any.
        contours: What the phrase's version at 16 kHz is described by.
        change: What is to become of it, a value for each frame of the contours. Pitch moves by two
            octaves at most, and a frame becomes five times as long or short at most.
        floor: Decibels of the recording's background on the mel bands, shape (80,), where it is
            known from more than this phrase; `ser.conversion.spectral_filter.noise_floor`.

    Returns:
        Shape (samples,), within -1 to 1. Too loud a phrase is turned down as a whole.

    Raises:
        SerError: Contours and change have different lengths.
    """
    return limited(rendered(samples[:, None], rate, contours, change, floor)[:, 0])


def rendered(
    channels: Samples, rate: int, contours: Contours, change: Change, floor: Vector | None = None
) -> Samples:
    """Does the same to each channel, in the same way, and without a limit.

    Args:
        channels: Shape (samples, channels).
        rate: As in `render`.
        contours: Of all channels together.
        change: As in `render`.
        floor: As in `render`.

    Returns:
        Shape (samples, channels).

    Raises:
        SerError: Contours and change have different lengths.
    """
    if len(contours) != len(change):
        raise SerError(
            "phrase",
            f"has {len(contours)} frames, and {len(change)} are to change",
            "make the change from the phrase's own contours",
        )
    if change.nothing or not len(channels):
        return channels.copy()
    hop = rate * HOP
    pitch = np.clip(change.pitch, -_HIGHEST, _HIGHEST)
    stretch = np.clip(change.stretch, 1 / _LONGEST, _LONGEST)
    times = time_map(stretch, hop, len(channels))
    # Frames of the output, and which ones of the source become them.
    places = np.arange(times.count // hop + 1) * hop
    rows = np.clip(times.backward(places) / hop, 0, len(change) - 1)
    floor = noise_floor(contours) if floor is None else floor
    gain = between(above_noise(change.gain, contours.bands, floor), rows)
    parts = list(channels.T)
    if pitch[contours.voiced].any() or (stretch != 1).any():
        mono = np.ascontiguousarray(channels.mean(axis=1))
        epochs = epochs_of(mono, rate, contours)
        frames = np.arange(len(change))
        ratio = 2 ** (np.interp(epochs.places / hop, frames, pitch) / 12)
        grains = plan(mono, rate, epochs, ratio, times)
        parts = [overlapped(np.ascontiguousarray(part), grains, rate) for part in parts]
        higher = np.interp(rows, frames, pitch)
        gain += correction(np.mean(parts, axis=0), rate, contours, rows, higher)
    parts = [filtered(np.ascontiguousarray(part), rate, gain, places) for part in parts]
    return np.stack(parts, axis=1)
