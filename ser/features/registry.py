"""The feature families by name: what each is called, how wide it is, what it is computed from.

To add one, write a function of its name (in `ser.features.families`, or in a file of its own that
`ser.features.families` imports) and a line here. This module imports nothing, because the command
line lists the families.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Family:
    """One feature family.

    Attributes:
        name: Its name in specifications, which is that of its function too.
        width: Coefficients per frame: a number, or the field or property of the specification that
            says it.
        from_mel: Whether it is computed from mel power alone. Overlapping windows can share the
            frames of such families.
    """

    name: str
    width: int | str
    from_mel: bool = False


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        family.name: family
        for family in (
            Family("mel", "n_mels", from_mel=True),
            Family("logmel", "n_mels", from_mel=True),
            Family("mfcc", "n_mfcc", from_mel=True),
            Family("chroma", "n_chroma"),
            Family("contrast", 7),
            Family("tonnetz", 6),
            Family("zcr", 1),
            Family("rms", 1),
            Family("flatness", 1),
            Family("centroid", 1),
            Family("f0", 2),
            Family("mcep", "n_mfcc"),
            Family("pitch", 2),
        )
    }
)
"""Every feature family by name that is computed from sound of any rate alone."""

ENCODER = Family("encoder", "encoder_width")
"""The embeddings of a pretrained encoder, which a specification has to name."""

WHISPER = Family("whisper", "n_mels")
"""The log-mel spectrogram that Whisper reads, which has one rate and one hop."""

ALL_FAMILIES: Mapping[str, Family] = MappingProxyType(
    {**FAMILIES, WHISPER.name: WHISPER, ENCODER.name: ENCODER}
)
"""Every feature family by name."""

MEL_FAMILIES = frozenset(name for name, family in FAMILIES.items() if family.from_mel)
"""The families that are computed from mel power alone."""

WHISPER_HOP = 160
"""Samples from one frame of the spectrum that Whisper reads to the next: 10 ms."""

ENCODER_HOP = 320
"""Samples from one frame of an embedding to the next: 20 ms."""
