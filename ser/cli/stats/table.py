"""A table's statistics as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from ser.cli.stats.grid import grid
from ser.dataset.stats import TableStatistics
from ser.features.spec import FeatureSpec
from ser.timeline.clock import format_time

# Longer lists are for --json, or for --verbose.
_SHOWN = 10
_WIDTH = 100


def statistics_lines(
    statistics: TableStatistics, spec: FeatureSpec, name: str, *, everything: bool = False
) -> Iterator[str]:
    """Gives the lines about a table.

    Args:
        statistics: The table's figures.
        spec: Its feature specification.
        name: What to call it.
        everything: Do not shorten lists.
    """
    yield (
        f"{name}: {_count(statistics.records, 'record')} of {statistics.frames} frames x "
        f"{statistics.coefficients} coefficients"
    )
    yield f"features: {spec_text(spec)}"
    times = statistics.durations
    if times is not None:
        yield (
            f"duration: {format_time(times.total)} in all; {times.min:.2f} s to {times.max:.2f} s, "
            f"median {times.median:.2f} s"
        )
    if statistics.corpora:
        yield ""
        yield from _corpus_grid(statistics)
    yield from _listed("speakers", statistics.speakers)
    yield from _listed("gender", statistics.genders)
    yield from _listed("augmented copies", statistics.augmented)
    yield ""
    groups = [" = ".join(group) for group in statistics.duplicates]
    yield from _named("exact duplicates", groups, everything=everything)
    yield from _named("not finite", statistics.non_finite, everything=everything)
    if statistics.silent:
        yield from _named("silent", statistics.silent, everything=everything)


def spec_text(spec: FeatureSpec) -> str:
    """Names the families of a specification and whatever differs from the defaults."""
    defaults = FeatureSpec().to_dict()
    changed = {
        name: value
        for name, value in spec.to_dict().items()
        if name not in ("families", "sample_rate", "encoder") and value != defaults.get(name)
    }
    if spec.encoder is not None:
        blocks = ", ".join(map(str, spec.encoder.blocks))
        changed["encoder"] = f"{spec.encoder.name} (blocks {blocks}, {spec.encoder.bits} bits)"
    parts = [" + ".join(spec.families), f"{spec.sample_rate} Hz"]
    return ", ".join(parts + [f"{name} {value}" for name, value in changed.items()])


def _corpus_grid(statistics: TableStatistics) -> list[str]:
    emotions = list(statistics.emotions)
    rows: list[list[object]] = [
        ["corpus", *(name or "unlabelled" for name in emotions), "records", "speakers"]
    ]
    for corpus, counts in statistics.corpora.items():
        speakers = sum(bool(n) and n.rpartition("/")[0] == corpus for n in statistics.speakers)
        cells = [counts.get(name, 0) for name in emotions]
        rows.append([corpus or "(none)", *cells, sum(cells), speakers])
    if len(statistics.corpora) > 1:
        known = sum(bool(name) for name in statistics.speakers)
        rows.append(["all", *statistics.emotions.values(), statistics.records, known])
    return grid(rows)


def _listed(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    if any(counts):
        known = sum(map(bool, counts))
        text = ", ".join(f"{name or '(none)'} {count}" for name, count in counts.items())
        yield ""
        yield from textwrap.wrap(
            f"{title} ({known}): {text}", _WIDTH, subsequent_indent="  ", break_on_hyphens=False
        )


def _named(title: str, names: list[str] | tuple[str, ...], *, everything: bool) -> Iterator[str]:
    yield f"{title}: {len(names) or 'none'}"
    shown = names if everything else names[:_SHOWN]
    yield from (f"  {name}" for name in shown)
    if len(shown) < len(names):
        yield f"  ... and {len(names) - len(shown)} more (--verbose shows all)"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
