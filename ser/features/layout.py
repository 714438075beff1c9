"""The layout of a feature matrix: which columns belong to which family, and their names."""

from __future__ import annotations

from ser.features.registry import ALL_FAMILIES, ENCODER
from ser.features.spec import FeatureSpec

# Before the names of time derivatives, and behind those of statistics over a clip.
_ORDERS = ("", "delta_", "delta2_")
_STATISTICS = ("mean", "deviation", "minimum", "maximum")


def functional_count(spec: FeatureSpec) -> int:
    """Gives how many functionals a specification asks for; 0 for none."""
    return len(functional_names(spec))


def functional_names(spec: FeatureSpec) -> tuple[str, ...]:
    """Names the functionals of a specification in their order; empty for none."""
    found: tuple[str, ...] = ()
    if spec.prosody != "none":
        from ser.features.prosody.functionals import names

        found = names(spec)
    if spec.encoder is not None and spec.pools_encoder:
        # The level comes first in all functionals: what compares voices leaves it out.
        found = (*(found or ("level",)), *_encoder_names(spec, ("mean_", "deviation_")))
    return found


def functional_groups(spec: FeatureSpec) -> tuple[int, ...]:
    """Gives the sizes of the groups of functionals: prosody, then each block of the encoder.

    Without prosody, the first group is the level alone. The sizes add up to `functional_count`.
    """
    count = functional_count(spec)
    if not count or spec.encoder is None or not spec.pools_encoder:
        return (count,) if count else ()
    size = 2 * spec.encoder.width
    blocks = len(spec.encoder.blocks)
    return (count - blocks * size, *[size] * blocks)


def _encoder_names(spec: FeatureSpec, statistics: tuple[str, ...] = ("",)) -> list[str]:
    """Names the numbers of an encoder's blocks, from 1: ``encoder_2_mean_17``."""
    if spec.encoder is None:
        return []
    return [
        f"{ENCODER.name}_{block}_{statistic}{number}"
        for block in spec.encoder.blocks
        for statistic in statistics
        for number in range(1, spec.encoder.width + 1)
    ]


def coefficient_names(spec: FeatureSpec) -> tuple[str, ...]:
    """Names the coefficients of each frame in their order.

    Args:
        spec: The feature specification.

    Returns:
        `width` names: the family, a number from 1 where it has several coefficients, ``delta`` or
        ``delta2`` before time derivatives, and the statistic behind those of ``pool="stats"``.
        Those of an encoder have the number of the block before their own: ``encoder_2_17``.

    Examples:
        >>> coefficient_names(FeatureSpec(families=("rms", "f0"), deltas=1))
        ('rms', 'f0_1', 'f0_2', 'delta_rms', 'delta_f0_1', 'delta_f0_2')
    """
    base: list[str] = []
    for family in spec.families:
        if family == ENCODER.name:
            base += _encoder_names(spec)
            continue
        count = _family_width(family, spec)
        base += [family] if count == 1 else [f"{family}_{i}" for i in range(1, count + 1)]
    names = [before + name for before in _ORDERS[: 1 + spec.deltas] for name in base]
    if spec.pool == "stats":
        names = [f"{name}_{statistic}" for statistic in _STATISTICS for name in names]
    return tuple(names)


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
        end = start + _family_width(name, spec)
        result[name] = slice(start, end)
        start = end
    return result


def width(spec: FeatureSpec) -> int:
    """Gives the number of coefficients per frame of a specification."""
    base = sum(_family_width(name, spec) for name in spec.families) * (1 + spec.deltas)
    return base * (4 if spec.pool == "stats" else 1)


def _family_width(name: str, spec: FeatureSpec) -> int:
    """Gives the number of coefficients per frame of one family."""
    size = ALL_FAMILIES[name].width
    return size if isinstance(size, int) else int(getattr(spec, size))
