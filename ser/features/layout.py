"""Which columns of a feature matrix belong to which family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ser.features.spec import FeatureSpec

_WIDTHS: Mapping[str, Callable[[FeatureSpec], int]] = MappingProxyType(
    {
        "mel": lambda spec: spec.n_mels,
        "logmel": lambda spec: spec.n_mels,
        "mfcc": lambda spec: spec.n_mfcc,
        "chroma": lambda spec: spec.n_chroma,
        "contrast": lambda spec: 7,
        "tonnetz": lambda spec: 6,
        "zcr": lambda spec: 1,
        "rms": lambda spec: 1,
        "flatness": lambda spec: 1,
        "centroid": lambda spec: 1,
        "f0": lambda spec: 2,
        "mcep": lambda spec: spec.n_mfcc,
        "pitch": lambda spec: 2,
    }
)


def functional_count(spec: FeatureSpec) -> int:
    """Gives how many functionals a specification asks for; 0 for none."""
    if spec.functionals == "none":
        return 0
    from ser.features.prosody.functionals import names

    return len(names(spec))


def columns(spec: FeatureSpec) -> dict[str, slice]:
    """Gives the columns of each family.

    Deltas repeat the whole block of families behind it, once per order; statistics repeat all of
    that as means, deviations, minima and maxima. The slices are those of the first block: the
    features themselves, or their means.

    Args:
        spec: The feature specification of the matrix.

    Returns:
        Family name to slice, in the specification's order.

    Examples:
        >>> columns(FeatureSpec(families=("mfcc", "f0"), n_mfcc=13))
        {'mfcc': slice(0, 13, None), 'f0': slice(13, 15, None)}
    """
    result: dict[str, slice] = {}
    start = 0
    for name in spec.families:
        end = start + _WIDTHS[name](spec)
        result[name] = slice(start, end)
        start = end
    return result


def width(spec: FeatureSpec) -> int:
    """Gives the number of coefficients per frame of a specification."""
    base = sum(_WIDTHS[name](spec) for name in spec.families) * (1 + spec.deltas)
    return base * (4 if spec.pool == "stats" else 1)
