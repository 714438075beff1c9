"""The transforms of waveforms by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ser.augment.base import Transform
from ser.augment.gain import Gain
from ser.augment.lowpass import Lowpass
from ser.augment.noise import Noise
from ser.augment.pitch import Pitch
from ser.augment.reverb import Reverb
from ser.augment.shift import Shift
from ser.augment.speed import Speed
from ser.augment.stretch import Stretch
from ser.augment.telephone import Telephone
from ser.errors import ParameterError, choose_from

TRANSFORMS: Mapping[str, type[Transform]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (Noise, Stretch, Pitch, Shift, Speed, Gain, Reverb, Lowpass, Telephone)
    }
)
"""Every transform by its name on the command line and in tables."""


def parse_transform(text: str) -> Transform:
    """Reads a transform as ``noise``, ``noise:10..20`` or ``noise:15``.

    Raises:
        ParameterError: There is no such transform, or its range is not valid.
    """
    name, colon, given = text.strip().partition(":")
    kind = TRANSFORMS.get(name)
    if kind is None:
        cure = choose_from(name, TRANSFORMS)
        raise ParameterError("augment", "is not an augmentation", cure, text.strip())
    if not colon:
        return kind(*kind.default)
    low, dots, high = given.partition("..")
    try:
        return kind(float(low), float(high if dots else low))
    except ValueError as error:
        low, high = (f"{end:g}" for end in kind.default)
        cure = f"write {name}:{low}..{high}"
        raise ParameterError(
            "augment", f"has no range but {given!r}", cure, text.strip()
        ) from error
