"""ser-stats: figures and pictures of tables, models and predictions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import click

from ser.cli.common import Console, command
from ser.cli.exclusive import Excludes, Needs, is_given
from ser.cli.options import device_option, json_option
from ser.cli.paths import InputPath, OutputPath, TextWithPath
from ser.errors import SerError, cannot_write
from ser.io.files import STANDARD
from ser.wording import counted, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ser.evaluation.predictions import Predictions


# What can use standard output, of which there is one.
_STDOUT = ("--json", "--csv=-", "--predictions=-")
_GALLERY = ("--speaker", "--sentence")

# Options without a use, by what the inputs are: the command looks into them first.
_EXCLUDED = {
    "a table alone": ("--csv", "--predictions", "--calibrate"),
    "an audit": ("--plot", "--predictions", "--calibrate", "--engine"),
    "a model alone": ("--audit", "--csv", "--plot", "--predictions", *_GALLERY, "--calibrate"),
    "a translator": ("--audit", *_GALLERY, "--predictions", "--calibrate"),
    "a predictions file": ("--audit", "--predictions", *_GALLERY, "--calibrate"),
    "an evaluation": ("--audit", *_GALLERY),
}


@command(
    "ser-stats",
    rules=(
        Excludes(_STDOUT, _STDOUT, "one of them can use stdout"),
        Needs(_GALLERY, "--plot", "they choose the clips of a gallery"),
        Needs("--split", "--audit", "it says what else to audit"),
    ),
)
@click.argument("inputs", nargs=-1, required=True, metavar="[MODEL] [TABLE]", type=InputPath())
@json_option
@click.option(
    "--audit",
    is_flag=True,
    help="Say what gives emotions away in TABLE besides speech, and what is in it twice.",
)
@click.option(
    "--split",
    metavar="FILE|NAME",
    type=TextWithPath(),
    help="Audit a split too: a folds.json, published folds by name, or the table of the test side.",
)
@click.option(
    "--csv",
    "csv_target",
    metavar="FILE",
    type=OutputPath(allow_dash=True),
    help="Write the figures of an evaluation or an audit as CSV, one per line; - is stdout.",
)
@click.option(
    "--plot",
    metavar="FILE",
    type=OutputPath(path_type=Path),
    help="Draw a .png or .svg: a confusion matrix, or the gallery of a table.",
)
@click.option(
    "--predictions",
    "predictions_target",
    metavar="FILE",
    type=OutputPath(allow_dash=True),
    help="Write what MODEL says about each clip of TABLE as CSV; - is stdout.",
)
@click.option("--speaker", metavar="NAME", help="Whose gallery, as 01 or ravdess/01.")
@click.option("--sentence", metavar="ID", help="Which sentence's gallery.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    metavar="INTEGER",
    help="Seed of the bootstrap intervals, and of an audit.",
)
@click.option(
    "--calibrate",
    is_flag=True,
    help="Read each speaker's clips against what is usual for that voice, learnt from the same "
    "clips without their labels.",
)
@click.option(
    "--engine",
    type=click.Choice(["auto", "litert", "keras"]),
    default="auto",
    show_default=True,
    help="What runs the model; auto takes LiteRT unless a GPU is asked for.",
)
@device_option
def main(
    console: Console,
    inputs: tuple[str, ...],
    as_json: bool,
    audit: bool,
    split: str | None,
    csv_target: str | None,
    plot: Path | None,
    predictions_target: str | None,
    speaker: str | None,
    sentence: str | None,
    seed: int,
    calibrate: bool,
    engine: str,
    device: str,
) -> None:
    """Say what a table holds, what a model is, and how good it is.

    \b
    --audit TABLE.npy        what gives emotions away, and what is there twice
    TABLE.npy                counts per emotion, corpus and speaker, durations, duplicates
    MODEL.keras              the model's card
    MODEL.keras TABLE.npy    UAR, accuracy, F1 with 95 % intervals, confusion, calibration;
                             of a translator how often its emotions, voice and words are heard
    PREDICTIONS.csv          the same of predictions that ser-train --cv has written

    TABLE may be - for stdin.

    \b
    Examples:
      ser-stats ravdess.npy --plot gallery.png --speaker 02
      ser-stats --audit ravdess.npy --split ravdess
      ser-stats model.keras test.npy --plot confusion.png
      ser-stats model.keras test.npy --json | jq .scores.uar
    """  # noqa: D301 (click reads the backspace character itself)
    if plot is not None:
        from ser.viz.figure import check_target

        check_target(plot, "plot")
    kinds = sorted(((_kind(name), name) for name in inputs), key=lambda pair: pair[0])
    names = [name for _, name in kinds]
    found = [kind for kind, _ in kinds]
    match found:
        case ["table"] if audit:
            _refuse("an audit")
            _audit(console, names[0], split, as_json, csv_target, seed)
            return
        case ["table"]:
            _refuse("a table alone")
            _table(console, names[0], as_json, plot, speaker, sentence)
            return
        case ["model"]:
            _refuse("a model alone")
            _card(names[0], as_json)
            return
        case ["model", "table"] if _translates(names[0]):
            _refuse("a translator")
            _translator(console, names, as_json, csv_target, plot, seed, device)
            return
        case ["model", "table"]:
            alone = not (as_json or csv_target is not None or plot is not None)
            predictions = _predict(
                console,
                names[0],
                names[1],
                engine,
                device,
                calibrate=calibrate,
                all_records=predictions_target is not None,
                # Predictions alone need no emotions.
                labeled=predictions_target is None or not alone,
            )
        case ["predictions"]:
            _refuse("a predictions file")
            predictions = _read(console, names[0])
        case _:
            raise click.UsageError(
                f"Give a table, a model, a model and a table, or a predictions file; this is "
                f"{', '.join(found)}."
            )
    _refuse("an evaluation")
    if predictions_target is not None:
        from ser.evaluation.predictions import labeled, write_predictions

        write_predictions(predictions_target, predictions)
        predictions = labeled(predictions)
        if not len(predictions):
            console.note("no record has an emotion: there are predictions, and no figures")
            return
    silent = STANDARD in (csv_target, predictions_target)
    _evaluation(console, predictions, seed, None if silent else as_json, csv_target, plot)


def _kind(name: str) -> str:
    """Tells a table, a model and a predictions file apart by how they begin."""
    from ser.evaluation.predictions import is_predictions

    path = Path(name)
    if name == STANDARD or (path.exists() and not path.is_file() and not path.is_dir()):
        # What comes from a pipe is gone once it was looked at; tables are what is piped.
        return "table"
    try:
        with path.open("rb") as stream:
            head = stream.read(128)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        why = "does not exist" if missing else f"cannot be read ({error.strerror or error})"
        raise SerError(name, why, "check the path") from error
    if head.startswith(b"\x93NUMPY"):
        return "table"
    if head.startswith(b"PK\x03\x04"):
        return "model"
    if is_predictions(head):
        return "predictions"
    raise SerError(
        name,
        "is neither a feature table, nor a model, nor a predictions file" if head else "is empty",
        "make one with ser-extract or ser-train",
    )


def _refuse(what: str) -> None:
    """Refuses the options that `_EXCLUDED` names for what the inputs are."""
    context = click.get_current_context()
    for option in _EXCLUDED[what]:
        if is_given(context, option):
            raise click.UsageError(f"{option} means nothing for {what}.")


def _table(
    console: Console,
    name: str,
    as_json: bool,
    plot: Path | None,
    speaker: str | None,
    sentence: str | None,
) -> None:
    from ser.cli.stats.table import statistics_lines
    from ser.dataset.stats import table_statistics
    from ser.dataset.table import read_table, spec_of

    table = read_table(name)
    with console.progress(len(table), "clip", "reading") as progress:
        statistics = table_statistics(table, progress.update)
    spec = spec_of(table, name)
    if plot is not None:
        from ser.viz.gallery import draw_gallery

        draw_gallery(plot, table, speaker, sentence)
    if as_json:
        _print_json({"table": name, "spec": spec.to_dict(), **statistics.to_dict()})
    else:
        _print(statistics_lines(statistics, spec, name, everything=console.verbose))


def _audit(
    console: Console,
    name: str,
    split: str | None,
    as_json: bool,
    csv_target: str | None,
    seed: int,
) -> None:
    from ser.cli.stats.audit import audit_lines, csv_rows
    from ser.dataset.table import read_table
    from ser.evaluation.audit import audit_table

    table = read_table(name)
    with console.progress(len(table), "step", "auditing") as progress:
        audit = audit_table(
            table,
            split,
            seed=seed,
            name=name,
            begin=progress.expect,
            progress=progress.update,
        )
    if csv_target is not None:
        _write_csv(csv_target, csv_rows(audit, name))
    if as_json:
        _print_json({"table": name, **audit.to_dict()})
    elif csv_target != STANDARD:
        _print(audit_lines(audit, name, everything=console.verbose))


def _card(name: str, as_json: bool) -> None:
    from ser.cli.stats.card import card_lines
    from ser.models.artifact import read_card

    card = read_card(name)
    if as_json:
        _print_json(card)
    else:
        _print(card_lines(card, name, Path(name).stat().st_size))


def _translates(model: str) -> bool:
    from ser.cli.stats.translator import is_translator

    return is_translator(model)


def _translator(
    console: Console,
    names: Sequence[str],
    as_json: bool,
    csv_target: str | None,
    plot: Path | None,
    seed: int,
    device: Any,
) -> None:
    from ser.cli.stats.translator import csv_rows, draw, evaluate, report_lines

    report, facts = evaluate(console, names[0], names[1], device, seed)
    if csv_target is not None:
        _write_csv(csv_target, csv_rows(report, facts))
    if plot is not None:
        draw(plot, report, facts)
    if as_json:
        _print_json({"about": facts, **report.to_dict()})
    elif csv_target != STANDARD:
        _print(report_lines(report, facts, everything=console.verbose))


def _predict(
    console: Console,
    model: str,
    name: str,
    engine: Any,
    device: Any,
    *,
    calibrate: bool,
    all_records: bool,
    labeled: bool,
) -> Predictions:
    import numpy as np

    from ser.dataset.groups import originals
    from ser.dataset.table import read_table
    from ser.evaluation.predict import check_table, predict_table, shared_speakers
    from ser.models.artifact import read_card

    card = read_card(model)
    table = read_table(name)
    check_table(model, card, table, name, labeled=labeled)
    trained = card.get("speakers") or []
    called = "stdin" if name == STANDARD else name
    shared = shared_speakers(table, trained)
    protocol = f"{model} on {called}, " + (
        "speakers apart from the training's"
        if trained and not shared
        else f"{len(shared)} of its speakers were in training"
        if shared
        else "training speakers not known"
    )
    if calibrate:
        protocol += ", each speaker calibrated with the unlabelled clips"
    if shared:
        few = ", ".join(shared[:5]) + (" ..." if len(shared) > 5 else "")
        console.warn(
            f"{len(shared)} of the speakers in {called} were in the training set ({few}): "
            "the figures are too good"
        )
    cut = int((table["frames"] > card["frames"]).sum())
    if cut:
        console.note(f"the model takes {card['frames']} frames: {cut} longer clips lose their end")
    unlabelled = int((table["y"] == "").sum())
    if 0 < unlabelled < len(table):
        where = "left out of the figures" if all_records else "left out"
        console.note(f"{where}: {counted(unlabelled, 'record')} without an emotion")
    chosen = np.flatnonzero((table["y"] != "") | all_records)
    scored = len(originals(table, chosen))
    if scored < len(chosen):
        console.note(f"{len(chosen) - scored} augmented copies are left out")
    from ser.inference.classifier import open_classifier

    opened = open_classifier(model, engine, device)
    with console.progress(scored, "clip", "predicting") as progress:
        return predict_table(
            opened,
            table,
            protocol=protocol,
            seed=card.get("seed"),
            unlabeled=all_records,
            adapt=calibrate,
            progress=progress.update,
        )


def _read(console: Console, name: str) -> Predictions:
    from ser.evaluation.predictions import labeled, read_predictions

    predictions = read_predictions(Path(name))
    known = labeled(predictions)
    if len(known) < len(predictions):
        unlabelled = counted(len(predictions) - len(known), "clip")
        console.note(f"left out: {unlabelled} without an emotion")
    return known


def _evaluation(
    console: Console,
    predictions: Predictions,
    seed: int,
    as_json: bool | None,
    csv_target: str | None,
    plot: Path | None,
) -> None:
    from ser.cli.stats.evaluation import about, csv_rows, evaluation_lines, heading
    from ser.evaluation.metrics import evaluate_predictions

    evaluation = evaluate_predictions(predictions, seed=seed)
    facts = about(predictions, evaluation)
    if csv_target is not None:
        _write_csv(csv_target, csv_rows(evaluation, facts))
    if plot is not None:
        from ser.viz.confusion import draw_confusion

        draw_confusion(plot, evaluation.confusion, evaluation.labels, *heading(evaluation, facts))
    if as_json:
        _print_json({"about": facts, **evaluation.to_dict()})
    elif as_json is not None:
        _print(evaluation_lines(evaluation, facts))


def _write_csv(target: str, rows: Iterable[Sequence[object]]) -> None:
    import csv

    from ser.io.files import open_output

    try:
        with open_output(target) as stream:
            csv.writer(cast("IO[str]", stream), lineterminator="\n").writerows(rows)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise cannot_write(target, error, SerError) from error


def _print(lines: Iterable[str]) -> None:
    click.echo("\n".join(map(visible, lines)))


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, allow_nan=False))
