"""ser-merge: concatenates feature tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ser.cli.common import Console, command, output_option, refuse_terminal
from ser.cli.options import check_stdin
from ser.cli.paths import InputPath
from ser.errors import SerError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ser.dataset.merge import MergeReport
    from ser.dataset.table import Table

# More would bury the summary.
_CONFLICTS_SHOWN = 5


@command("ser-merge")
@click.argument(
    "tables", nargs=-1, required=True, metavar="TABLE...", type=InputPath(allow_dash=True)
)
@output_option("The merged table; - is stdout.")
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="OLD=NEW",
    help="Rename an emotion, as in calm=neutral. Repeatable, or several with commas.",
)
@click.option(
    "--drop",
    multiple=True,
    metavar="EMOTION,...",
    help="Leave out these emotions, by their names after --map.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="EMOTION,...",
    help="Leave out all other emotions, by their names after --map. Unlabelled records stay.",
)
@click.option("--labelled", is_flag=True, help="Leave out records without an emotion.")
@click.option(
    "--keep-duplicates",
    is_flag=True,
    help="Keep clips whose features equal those of an earlier clip.",
)
def main(
    console: Console,
    tables: tuple[str, ...],
    output: str,
    maps: tuple[str, ...],
    drop: tuple[str, ...],
    keep: tuple[str, ...],
    labelled: bool,
    keep_duplicates: bool,
) -> None:
    """Concatenate feature tables into one; - reads a table from stdin.

    All tables must hold the same features. Emotions get their common names, exact duplicates are
    left out, and a summary goes to stderr.

    \b
    Examples:
      ser-merge ravdess.npy tess.npy -o all.npy
      ser-merge all.npy --map calm=neutral --drop surprised -o six.npy
      ser-extract clips/ -o - | ser-merge - more.npy -o all.npy
    """  # noqa: D301 (click reads the backspace character itself)
    refuse_terminal(output)
    check_stdin(tables)
    from ser.dataset.merge import MergeConfig, merge_tables
    from ser.labels import parse_map

    config = MergeConfig(
        mapping=parse_map(maps),
        keep=_names(keep),
        drop=_names(drop),
        unlabelled=not labelled,
        duplicates=keep_duplicates,
    )
    opened = _open(console, tables)
    if console.failures:
        # A merge that lacks one of its parts would pass for the whole.
        return
    with console.progress(sum(map(len, opened)), "clip", "merging") as progress:
        report = merge_tables(opened, tables, output, config, progress=progress.update)
    _tell(console, report, kept=keep_duplicates)


def _names(options: Iterable[str]) -> frozenset[str]:
    from ser.labels import canonical

    names = (name for option in options for name in option.split(","))
    return frozenset(canonical(name, strict=False) for name in names if name.strip())


def _open(console: Console, names: Iterable[str]) -> list[Table]:
    from ser.dataset.table import read_table

    opened: list[Table] = []
    for name in names:
        try:
            opened.append(read_table(name))
        except SerError as error:
            console.fail(error)
    return opened


def _tell(console: Console, report: MergeReport, *, kept: bool) -> None:
    from ser.labels import COMMON, SPECIFIC

    for emotion in report.unused:
        guess = nearest(emotion, report.emotions)
        console.warn(
            f"no record is labelled {emotion}" + (f"; did you mean {guess}?" if guess else "")
        )
    for emotion in report.added:
        guess = nearest(emotion, COMMON + SPECIFIC)
        if guess is not None:
            console.warn(f"{emotion} is a new name of an emotion; did you mean {guess}?")
    for conflict in report.conflicts[:_CONFLICTS_SHOWN]:
        console.warn(
            f"{conflict.other} is the same recording as {conflict.kept}, but the labels are "
            f"{conflict.other_label or 'none'} and {conflict.kept_label or 'none'}"
        )
    if len(report.conflicts) > _CONFLICTS_SHOWN:
        console.warn(f"{len(report.conflicts) - _CONFLICTS_SHOWN} more duplicates disagree so")
    for line in _summary(report):
        console.info(line)
    parts = [f"{report.written} of {report.read} records"]
    if report.filtered:
        parts.append(f"{report.filtered} left out by emotion")
    if report.duplicates:
        noun = "exact duplicate" if report.duplicates == 1 else "exact duplicates"
        parts.append(f"{report.duplicates} {noun} {'kept' if kept else 'left out'}")
    if report.orphans:
        parts.append(f"{report.orphans} copies of them left out")
    if report.doubled:
        noun = "is another file" if report.doubled == 1 else "are other files"
        parts.append(f"{report.doubled} {noun} of takes that are there already")
    if report.unlabelled:
        parts.append(f"{report.unlabelled} without emotion")
    console.info(", ".join(parts))


def _summary(report: MergeReport) -> list[str]:
    from ser.cli.stats.grid import grid
    from ser.labels import ordered

    emotions = ordered(emotion for _, emotion in report.counts if emotion)
    if report.unlabelled:
        emotions.append("")
    rows: list[list[object]] = [
        ["corpus", *(emotion or "unlabelled" for emotion in emotions), "clips", "speakers"]
    ]
    corpora = sorted(report.speakers)
    for corpus in corpora:
        counts = [report.counts[corpus, emotion] for emotion in emotions]
        rows.append([corpus or "(none)", *counts, sum(counts), len(report.speakers[corpus])])
    if len(corpora) > 1:
        totals = [sum(report.counts[c, emotion] for c in corpora) for emotion in emotions]
        rows.append(["all", *totals, report.written, sum(len(s) for s in report.speakers.values())])
    return grid(rows)
