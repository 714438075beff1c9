"""ser-split: divides a feature table into training and test tables."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ser.cli.common import Command, Console, command, refuse_terminal, seed_option
from ser.cli.exclusive import Excludes
from ser.cli.paths import InputPath, OutputPath, TextWithPath, file_roles

if TYPE_CHECKING:
    from ser.arrays import Indices
    from ser.dataset.folds import Folds
    from ser.dataset.groups import By
    from ser.dataset.table import Table

    Parts = list[tuple[str, str | Path, Indices]]


class SplitCommand(Command):
    """Takes two values after -o for two tables, and one folder with --folds."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Looks for --folds before the options are read."""
        ctx.meta["folds"] = any(arg.split("=")[0] == "--folds" for arg in args)
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Gives -o the number of values that belongs to the rest of the line."""
        params = super().get_params(ctx)
        if ctx.meta.get("folds"):
            return [_FOLDER if p.name == "output" else p for p in params]
        return params


_FOLDER = click.Option(
    ["-o", "--output"], required=True, type=OutputPath(file_okay=False), metavar="DIR"
)


# What the test table gets, said in four ways.
_TESTS = ("--test", "--folds", "--speakers", "--corpora")

_RULES = (
    Excludes(_TESTS, _TESTS, "each says what the test table gets"),
    Excludes("--by", ("--speakers", "--corpora"), "they say what the split is by"),
)


@command("ser-split", cls=SplitCommand, rules=_RULES)
@click.argument("table", metavar="TABLE", type=InputPath(allow_dash=True))
@click.option(
    "-o",
    "--output",
    nargs=2,
    required=True,
    metavar="TRAIN TEST | DIR",
    type=OutputPath(allow_dash=True),
    help="The two tables; with --folds a folder for the tables of every fold.",
)
@click.option(
    "--test",
    "fraction",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    metavar="FRACTION",
    help="Part of the clips that the test table gets.  [default: 0.2]",
)
@click.option(
    "--by",
    type=click.Choice(["speaker", "clip", "corpus"]),
    help="What no two sides share.  [default: speaker]",
)
@click.option(
    "--folds",
    is_flag=False,
    flag_value="",
    metavar="N|FILE|NAME",
    type=TextWithPath(),
    help="Write N folds, those of a folds.json, or published ones by name (ravdess: five actor "
    "folds, Luna-Jiménez et al. 2021). Without a value and with --by corpus: one per corpus.",
)
@click.option(
    "--speakers",
    "--actors",
    "speakers",
    metavar="NAME,...",
    help="The speakers of the test table, as ravdess/01,ravdess/02 or 1,2.",
)
@click.option("--corpora", metavar="NAME,...", help="The corpora of the test table.")
@seed_option()
def main(
    console: Console,
    table: str,
    output: str | tuple[str, str],
    fraction: float | None,
    by: By | None,
    folds: str | None,
    speakers: str | None,
    corpora: str | None,
    seed: int,
) -> None:
    """Divide a feature table into training and test tables that share no speaker.

    The sides are alike in emotions and, as far as possible, in gender and corpus. Augmented copies
    stay with their clip, and exact duplicates and files of one take, such as the audio and the
    video of RAVDESS, are kept on one side, whatever --by says.

    \b
    Examples:
      ser-split all.npy --test 0.2 -o train.npy test.npy
      ser-split all.npy --actors 1,2 -o train.npy test.npy
      ser-split all.npy --corpora tess -o train.npy test.npy
      ser-split ravdess.npy --folds ravdess -o folds/
      ser-split all.npy --by corpus --folds -o folds/
    """  # noqa: D301 (click reads the backspace character itself)
    _check(output, by, folds)
    from ser.dataset.groups import originals
    from ser.dataset.split import pick_indices, split_indices
    from ser.dataset.table import read_table

    records = read_table(table)
    apart: By = by or "speaker"
    if isinstance(output, str):
        _write_folds(console, records, Path(output), _folds(records, folds or "", by, seed, table))
        return
    if speakers or corpora:
        apart = "speaker" if speakers else "corpus"
        wanted = (speakers or corpora or "").split(",")
        train, test = pick_indices(records, [n for n in wanted if n.strip()], by=apart, name=table)
    else:
        train, test = split_indices(
            records, 0.2 if fraction is None else fraction, by=apart, seed=seed, name=table
        )
    recorded = originals(records, test)
    _write(console, records, [("train", output[0], train), ("test", output[1], recorded)])
    _note_copies(console, len(test) - len(recorded))
    if apart == "clip":
        _note_overlap(console)


def _check(output: str | tuple[str, str], by: str | None, folds: str | None) -> None:
    if folds and not folds.isdigit() and by is not None:
        _refuse("A fold file says what it is by; leave out --by, or give a number of folds.")
    if folds == "" and by != "corpus":
        _refuse("--folds needs a number, a file or a name, unless it goes with --by corpus.")
    if folds is not None and folds.isdigit() and int(folds) < 2:
        _refuse("--folds needs 2 or more.")
    if not isinstance(output, str):
        for target in output:
            refuse_terminal(target)


def _refuse(message: str) -> NoReturn:
    raise click.UsageError(message)


def _folds(table: Table, folds: str, by: By | None, seed: int, name: str) -> Folds:
    from ser.dataset.folds import read_folds
    from ser.dataset.split import make_folds

    if folds and not folds.isdigit():
        return read_folds(table, folds, name=name)
    return make_folds(table, int(folds or 0), by=by or "speaker", seed=seed, name=name)


def _write_folds(console: Console, table: Table, folder: Path, folds: Folds) -> None:
    from ser.dataset.folds import write_folds
    from ser.dataset.groups import originals, train_indices

    parts: Parts = []
    copies = 0
    for number, test in enumerate(folds.tests, start=1):
        train, recorded = train_indices(len(table), test), originals(table, test)
        copies += len(test) - len(recorded)
        parts.append((f"fold {number} train", folder / f"fold-{number}.train.npy", train))
        parts.append((f"fold {number} test", folder / f"fold-{number}.test.npy", recorded))
    file_roles().add_outputs([*(target for _, target, _ in parts), folder / "folds.json"])
    _write(console, table, parts)
    _note_copies(console, copies)
    # Last, so that the list stands only beside a complete set of tables.
    write_folds(folder / "folds.json", table, folds)
    if folds.by == "clip":
        _note_overlap(console)


def _write(console: Console, table: Table, parts: Parts) -> None:
    from ser.cli.stats.grid import grid
    from ser.dataset.split import count_side
    from ser.dataset.table import release_pages
    from ser.dataset.writer import TableWriter
    from ser.io.files import hold_output
    from ser.labels import ordered

    step = max(1, (8 << 20) // table.dtype.itemsize)
    total = sum(len(indices) for _, _, indices in parts)
    with console.progress(total, "clip", "writing") as progress:
        for pair in zip(parts[::2], parts[1::2], strict=True):
            with contextlib.ExitStack() as stack:
                for _, target, _ in pair:
                    # Two runs at once would else leave a pair of which each has made one.
                    stack.enter_context(hold_output(target))
                # Both tables get their names at the end: a train table without its test table
                # would be taken for finished work.
                for _, target, indices in pair:
                    writer = stack.enter_context(TableWriter(target, table.dtype, keep_part=False))
                    for start in range(0, len(indices), step):
                        block = indices[start : start + step]
                        writer.append(table[block])
                        release_pages(table)
                        progress.update(len(block))
    sides = [(label, count_side(table, indices)) for label, _, indices in parts]
    emotions = ordered({emotion for _, held in sides for emotion in held.emotions})
    heading = ["side", "clips", "speakers", *(emotion or "unlabelled" for emotion in emotions)]
    console_rows: list[list[object]] = [
        [label, held.clips, held.speakers, *(held.emotions[emotion] for emotion in emotions)]
        for label, held in sides
    ]
    for line in grid([heading, *console_rows]):
        console.info(line)


def _note_copies(console: Console, count: int) -> None:
    if count:
        console.info(f"{count} augmented copies of test clips are left out")


def _note_overlap(console: Console) -> None:
    console.note("speakers are on both sides (--by clip): scores will be too good for new speakers")
