"""Synthesis: applies a modification to the waveform of a phrase."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ser.arrays import Doubles, Matrix, Samples, Vector
from ser.audio import reader
from ser.conversion.contours import HOP, SPEC, Contours, interpolate_rows, smooth_rows
from ser.conversion.limiter import limit
from ser.conversion.modification import Modification
from ser.conversion.pitch_marks import find_pitch_marks
from ser.conversion.psola import build_time_map, overlap_add, plan_grains
from ser.conversion.spectral_filter import apply_gains, estimate_noise_floor, gate_gains
from ser.errors import SerError
from ser.features import banks
from ser.features.envelope import spectral_envelope
from ser.features.stft import ShortTimeSpectra

# Limits in semitones and as a factor, whatever an engine asks for.
_MAX_SEMITONES, _MAX_STRETCH = 24.0, 5.0
# Cepstral coefficients whose deviation after PSOLA is corrected: level and broad shape. Corrections
# of finer shape would follow the harmonics, which have moved, and make the voice rough (measured as
# harmonics-to-noise ratio).
_COEFFICIENTS = 8
# Largest correction in decibels; larger deviations come from different sounds.
_MAX_CORRECTION_DB = 9.0


def envelope_correction(
    converted: Vector, rate: int, contours: Contours, rows: Doubles, semitones: Doubles
) -> Matrix:
    """Computes the gains that restore the spectral envelope after PSOLA.

    Grains that are closer together add up to more power, and harmonics at other frequencies sample
    the envelope at other places.

    Args:
        converted: The waveform after PSOLA, shape (samples,).
        rate: Its rate in hertz.
        contours: Of the waveform before.
        rows: The fractional frame of the contours for each `HOP` of the output, shape (frames,).
        semitones: The change of F0 there, shape (frames,).

    Returns:
        Decibels to be added on the mel bands, shape (frames, 80).
    """
    power = ShortTimeSpectra(reader.resample(converted, rate, SPEC.sample_rate), SPEC).power
    frames = min(len(power), len(rows))
    pitch = np.interp(rows, np.arange(len(contours)), contours.pitch)[:frames] + semitones[:frames]
    voiced = contours.voiced[np.round(rows[:frames]).astype(np.intp)]
    bands = _filters()(spectral_envelope(power[:frames], pitch.astype(np.float32), voiced, SPEC))
    basis = banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)[:_COEFFICIENTS]
    cepstrum = 10 * np.log10(np.maximum(bands, np.float32(1e-10))) @ basis.T
    wanted = interpolate_rows(contours.cepstrum[:, :_COEFFICIENTS], rows[:frames])
    deviation = np.where(voiced[:, None], wanted - cepstrum, 0)
    result = np.zeros((len(rows), SPEC.n_mels), np.float32)
    result[:frames] = np.clip(deviation @ basis, -_MAX_CORRECTION_DB, _MAX_CORRECTION_DB)
    return smooth_rows(result)


@lru_cache(maxsize=1)
def _filters() -> banks.Banded:
    return banks.Banded(banks.mel_bank(SPEC))


def render(
    samples: Vector,
    rate: int,
    contours: Contours,
    change: Modification,
    floor: Vector | None = None,
) -> Vector:
    """Applies a modification to a phrase.

    TD-PSOLA changes F0 and timing (`ser.conversion.psola`) and nearly keeps the spectral envelope.
    Then a filter corrects the envelope (`envelope_correction`) and applies the gains
    (`ser.conversion.spectral_filter`). The identity modification returns the same samples.

    Args:
        samples: Mono, shape (samples,).
        rate: Their rate in hertz, any.
        contours: Of the phrase, resampled to 16 kHz.
        change: The modification, a value for each frame of the contours. F0 changes by two octaves
            at most, and the duration of a frame by a factor of five.
        floor: Noise floor in decibels on the mel bands, shape (80,), where it is known from more
            than this phrase; `ser.conversion.spectral_filter.estimate_noise_floor`.

    Returns:
        Shape (samples,), within -1 to 1; see `ser.conversion.limiter.limit`.

    Raises:
        SerError: Contours and change have different lengths.
    """
    return limit(render_channels(samples[:, None], rate, contours, change, floor)[:, 0])


def render_channels(
    channels: Samples,
    rate: int,
    contours: Contours,
    change: Modification,
    floor: Vector | None = None,
) -> Samples:
    """Applies a modification to all channels alike, without limiting.

    Args:
        channels: Shape (samples, channels).
        rate: As in `render`.
        contours: Of the mean of the channels.
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
    if change.is_identity or not len(channels):
        return channels.copy()
    hop = rate * HOP
    pitch = np.clip(change.pitch, -_MAX_SEMITONES, _MAX_SEMITONES)
    stretch = np.clip(change.stretch, 1 / _MAX_STRETCH, _MAX_STRETCH)
    times = build_time_map(stretch, hop, len(channels))
    # Frames of the output, and the frames of the source that they come from.
    places = np.arange(times.count // hop + 1) * hop
    rows = np.clip(times.backward(places) / hop, 0, len(change) - 1)
    floor = estimate_noise_floor(contours) if floor is None else floor
    gain = interpolate_rows(gate_gains(change.gain, contours.bands, floor), rows)
    parts = list(channels.T)
    if pitch[contours.voiced].any() or (stretch != 1).any():
        mono = np.ascontiguousarray(channels.mean(axis=1))
        marks = find_pitch_marks(mono, rate, contours)
        frames = np.arange(len(change))
        ratio = 2 ** (np.interp(marks.places / hop, frames, pitch) / 12)
        grains = plan_grains(mono, rate, marks, ratio, times)
        parts = [overlap_add(np.ascontiguousarray(part), grains, rate) for part in parts]
        semitones = np.interp(rows, frames, pitch)
        gain += envelope_correction(np.mean(parts, axis=0), rate, contours, rows, semitones)
    parts = [apply_gains(np.ascontiguousarray(part), rate, gain, places) for part in parts]
    return np.stack(parts, axis=1)
