"""What makes a voice sound like an emotion, by name: pitch, range, loudness, pace."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache

from ser.arrays import Samples
from ser.audio import reader
from ser.audio.reader import Source
from ser.errors import AudioError
from ser.features.extract import Extractor
from ser.features.prosody.functionals import NAMES
from ser.features.spec import FeatureSpec

# Of a sentence; a recording that is longer is measured up to here.
SECONDS = 30.0
_LEAST_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class VoiceCues:
    """The cues of one sentence.

    Attributes:
        pitch: The median pitch, in semitones; only differences of it mean something.
        range: From the 20th to the 80th percentile of the pitch, in semitones.
        loudness: The level, in decibels; only differences of it mean something, and those only
            between recordings of one microphone at one distance.
        pace: Syllables per second, counted by peaks of loudness.
    """

    pitch: float
    range: float
    loudness: float
    pace: float

    def to_dict(self) -> dict[str, float]:
        """Gives the cues by name."""
        return asdict(self)


def measure_voice(source: Source) -> VoiceCues:
    """Measures the cues of a sentence by the prosodic functionals of `ser.features.prosody`.

    Args:
        source: The recording.

    Raises:
        AudioError: It cannot be read, or is shorter than half a second.
    """
    extractor = _extractor()
    rate = extractor.spec.sample_rate
    samples: Samples = reader.read(source, rate, duration=SECONDS)
    if len(samples) < _LEAST_SECONDS * rate:
        raise AudioError("recording", "is shorter than half a second", "say a whole sentence")
    _, found = extractor.compute_all(extractor.prepare(samples))
    named = dict(zip(NAMES, found.tolist(), strict=False))
    return VoiceCues(
        named["voiced_pitch_median"],
        named["voiced_pitch_range"],
        named["level"],
        named["syllable_rate"],
    )


@cache
def _extractor() -> Extractor:
    return Extractor(
        FeatureSpec(functionals="prosody", n_fft=1024, win_length=1024, hop_length=256)
    )
