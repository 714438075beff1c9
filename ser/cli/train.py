"""``ser-train``: a feature table in, a model artifact out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.core import ParameterSource

from ser.cli.common import (
    Console,
    command,
    device_option,
    output_option,
    seed_option,
)
from ser.errors import SerError
from ser.files import STANDARD, open_output
from ser.models.registry import ARCHITECTURES
from ser.table import Table, read_table
from ser.training.augment import NO_AUGMENTATION, SpectrogramAugmentation
from ser.training.config import TrainConfig

_DEFAULTS = TrainConfig()


@command("ser-train")
@click.argument("table", metavar="TABLE", type=click.Path(allow_dash=True))
@output_option(
    "The artifact to write; with --cv, a folder.",
    default=None,
    metavar="MODEL.keras",
    required=True,
)
@click.option(
    "--arch",
    type=click.Choice(list(ARCHITECTURES)),
    default=_DEFAULTS.arch,
    show_default=True,
    help="; ".join(f"{a.name}: {a.summary}" for a in ARCHITECTURES.values()) + ".",
)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=_DEFAULTS.epochs,
    show_default=True,
    help="How often each clip is seen, at most.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1),
    default=_DEFAULTS.batch_size,
    show_default=True,
    help="Clips per step.",
)
@click.option(
    "--lr", type=float, default=_DEFAULTS.lr, show_default=True, help="Peak learning rate of AdamW."
)
@click.option(
    "--weight-decay",
    type=float,
    default=_DEFAULTS.weight_decay,
    show_default=True,
    help="Weight decay of AdamW.",
)
@click.option(
    "--label-smoothing",
    type=float,
    default=_DEFAULTS.label_smoothing,
    show_default=True,
    help="Share of each target that is spread over all emotions.",
)
@click.option(
    "--class-weight",
    type=click.Choice(["none", "balanced"]),
    default=_DEFAULTS.class_weight,
    show_default=True,
    help="balanced makes rare emotions count as much as frequent ones.",
)
@click.option(
    "--validation",
    metavar="TABLE|FRACTION",
    default="0.15",
    show_default=True,
    help="What training is watched with and stopped by: a table, or the part of the speakers set "
    "aside; 0 trains on everything to the last epoch.",
)
@click.option(
    "--patience",
    type=click.IntRange(0),
    default=_DEFAULTS.patience,
    show_default=True,
    help="Epochs without a lower validation loss until training stops; 0 never stops early.",
)
@click.option(
    "--augment/--no-augment",
    default=True,
    show_default=True,
    help="Stretch, shift and mask the features of each clip each time it is seen.",
)
@click.option(
    "--cv",
    metavar="speaker:N|corpus|random:N|FOLDS",
    help="Cross-validate instead: N folds with speakers apart, one fold per corpus, N random folds "
    "(speakers on both sides), a fold file of ser-split, or ravdess for the published folds.",
)
@click.option(
    "--report",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="A folder that --cv wrote with the same options: its figures and its temperature go into "
    "the card.",
)
@click.option("--history", metavar="FILE", type=click.Path(), help="Write a CSV row per epoch.")
@click.option("--plot", metavar="FILE", type=click.Path(), help="Draw the training curves.")
@click.option(
    "--tensorboard",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Write event files for TensorBoard.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted training.")
@seed_option()
@device_option
def main(
    console: Console,
    table: str,
    output: str,
    arch: str,
    epochs: int,
    batch_size: int,
    lr: float,
    weight_decay: float,
    label_smoothing: float,
    class_weight: Any,
    validation: str,
    patience: int,
    augment: bool,
    cv: str | None,
    report: str | None,
    history: str | None,
    plot: str | None,
    tensorboard: str | None,
    resume: bool,
    seed: int,
    device: Any,
) -> None:
    """Trains an emotion classifier on a feature TABLE and writes it as one .keras file.

    The file holds the network, its feature specification, labels, seed and figures, and the same
    network for LiteRT. Speakers are kept apart wherever the table is divided. A training that was
    killed goes on with --resume.
    """
    config = TrainConfig(
        arch=arch,
        epochs=epochs,
        batch_size=batch_size,
        lr=lr,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        class_weight=class_weight,
        patience=patience,
        augment=SpectrogramAugmentation() if augment else NO_AUGMENTATION,
        seed=seed,
    )
    if plot is not None:
        from ser.plots.figure import check_target

        # Before the hours of training, not after them.
        check_target(Path(plot))
    if cv is not None:
        _check_cv(console, output, validation)
    records = read_table(table)
    if cv is not None:
        _cross_validate(console, table, records, cv, Path(output), config, resume, device)
        return
    if output == STANDARD or not output.endswith(".keras"):
        raise click.UsageError("The artifact must be a file named .keras: Keras asks for it.")
    _train_one(
        console,
        table,
        records,
        Path(output),
        config,
        validation=validation,
        report=None if report is None else Path(report),
        history=history,
        plot=plot,
        tensorboard=tensorboard,
        resume=resume,
        device=device,
    )


def _check_cv(console: Console, output: str, validation: str) -> None:
    given = [
        f"--{name}"
        for name in ("report", "history", "plot", "tensorboard", "validation", "patience")
        if click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE
    ]
    idle = [name for name in given if name in ("--validation", "--patience")]
    if len(idle) < len(given):
        raise click.UsageError(f"{given[0]} means nothing with --cv: it trains several networks.")
    if output == STANDARD:
        raise click.UsageError("--cv writes several files: name a folder.")
    if idle and validation != "0":
        console.note(f"{' and '.join(idle)}: not used, for --cv trains every fold to the end")


def _train_one(
    console: Console,
    name: str,
    records: Table,
    output: Path,
    config: TrainConfig,
    *,
    validation: str,
    report: Path | None,
    history: str | None,
    plot: str | None,
    tensorboard: str | None,
    resume: bool,
    device: Any,
) -> None:
    from ser.artifact import write_artifact
    from ser.training.card import describe_corpora, make_card
    from ser.training.checkpoint import Checkpoint
    from ser.training.fit import train

    quoted = None if report is None else _read_report(report, records, config)
    data, watched = _divide(console, name, records, validation, config.seed)
    checkpoint = Checkpoint(output)
    if not resume and checkpoint.folder.exists():
        console.note(f"{checkpoint.folder}: not continued and replaced, for --resume is not given")
    steps = max(1, len(data.train) // config.batch_size)
    console.info(
        f"{name}: {describe_corpora(records)}; training on {len(data.train)} clips, {watched}"
    )
    with console.progress(config.epochs * steps, "step", "training") as bar:
        try:
            trained = train(
                data,
                config,
                checkpoint=checkpoint,
                resume=resume,
                device=device,
                tensorboard=None if tensorboard is None else Path(tensorboard),
                on_step=bar.update,
                on_epoch=lambda row: _say_epoch(console, row, config.epochs),
            )
        except KeyboardInterrupt:
            if checkpoint.folder.exists():
                console.info(f"{checkpoint.folder}: kept; continue with --resume")
            raise
    protocol = f"{describe_corpora(records)}, {watched}, seed {config.seed}"
    metrics, temperature = _validation_figures(data, trained), None
    if quoted is not None:
        metrics, temperature, protocol = quoted
    card = make_card(
        records,
        data.train,
        config,
        trained,
        protocol=protocol,
        metrics=metrics,
        temperature=temperature,
    )
    if not write_artifact(output, trained.model, card):
        console.note("the network does not convert for LiteRT and will run on Keras alone")
    if history is not None:
        _write_history(history, trained.history)
    if plot is not None:
        from ser.plots.curves import draw_curves

        columns = {key: [row[key] for row in trained.history] for key in trained.history[0]}
        draw_curves(Path(plot), columns, output.name, protocol)
    # Last of all: a history that could not be written is had again with --resume.
    checkpoint.clear()
    best = f", weights of epoch {trained.best_epoch}" if data.validation is not None else ""
    console.info(f"{output}: {len(trained.labels)} emotions, {trained.epochs} epochs{best}")


def _cross_validate(
    console: Console,
    name: str,
    records: Table,
    how: str,
    folder: Path,
    config: TrainConfig,
    resume: bool,
    device: Any,
) -> None:
    from ser.training.crossval import PREDICTIONS, cross_validate, describe_protocol

    labelled = np.flatnonzero(np.asarray(records["y"]) != "")
    if len(labelled) < len(records):
        console.note(f"{len(records) - len(labelled)} records without an emotion are left out")
        records = records[labelled]
    folds = _folds(records, how, config.seed, name)
    if folds.by == "clip":
        console.note(
            "random folds have the same speakers on both sides: the figures say nothing about a "
            "new speaker"
        )
    console.info(describe_protocol(records, folds, config))
    sizes = [len(records) - len(test) for test in folds.tests]
    steps = sum(max(1, size // config.batch_size) for size in sizes) * config.epochs
    with console.progress(steps, "step", "cross-validation") as bar:
        pooled = cross_validate(
            records,
            folds,
            config,
            folder,
            resume=resume,
            device=device,
            on_fold=lambda fold, count, clips: console.info(
                f"fold {fold} of {count}: {clips} training clips"
            ),
            on_step=bar.update,
            on_epoch=lambda row: _say_epoch(console, row, config.epochs),
        )
    scores, interval = pooled.evaluation.scores, pooled.evaluation.intervals["uar"]
    console.info(
        f"UAR {scores.uar:.3f} ({interval.low:.3f} to {interval.high:.3f}), accuracy "
        f"{scores.accuracy:.3f}, macro F1 {scores.macro_f1:.3f}; details: ser-stats "
        f"{folder / PREDICTIONS}"
    )


def _folds(records: Table, how: str, seed: int, name: str) -> Any:
    from ser.splitting import make_folds, read_folds

    kind, _, number = how.partition(":")
    by = {"speaker": "speaker", "random": "clip", "clip": "clip", "corpus": "corpus"}.get(kind)
    if by is None or (number and not number.isdigit()):
        return read_folds(records, how, name=name)
    if by != "corpus" and not number:
        raise click.UsageError(f"--cv {how} needs a number of folds, as in {kind}:5.")
    return make_folds(records, int(number or 0), by=by, seed=seed, name=name)  # type: ignore[arg-type]


def _divide(
    console: Console, name: str, records: Table, validation: str, seed: int
) -> tuple[Any, str]:
    """Decides what is trained on and what is watched, and says it in words."""
    from ser.scoring import shared_speakers
    from ser.splitting import split_indices
    from ser.training.fit import Data, training_speakers

    everything = np.flatnonzero(np.asarray(records["y"]) != "")
    if len(everything) < len(records):
        console.note(f"{len(records) - len(everything)} records without an emotion are left out")
    try:
        fraction = float(validation)
    except ValueError:
        from ser.table import spec_of as specification

        other = read_table(validation)
        difference = specification(records).difference(specification(other))
        if difference or other["x"].shape[1:] != records["x"].shape[1:]:
            raise SerError(
                validation,
                f"has other features than {name} ({difference or 'its clips have other lengths'})",
                "extract both with the same options, with --duration",
            ) from None
        indices = np.flatnonzero(np.asarray(other["y"]) != "")
        shared = shared_speakers(other, training_speakers(records, everything))
        if shared:
            console.warn(
                f"{len(shared)} of the speakers in {validation} are in {name} as well "
                f"({', '.join(shared[:3])}): the validation figures will be too good"
            )
        return (
            Data(records, everything, indices, other),
            f"watched with {len(indices)} clips of {validation}",
        )
    if not fraction:
        return Data(records, everything), "nothing set aside"
    labelled = records[everything] if len(everything) < len(records) else records
    by: Any = "speaker"
    if not np.asarray(records["speaker"]).astype(bool).all():
        console.note("some speakers are not known: validation clips may share their speakers")
        by = "clip"
    train, test = split_indices(labelled, fraction, by=by, seed=seed, name=name)
    return (
        Data(records, everything[train], everything[test]),
        f"watched with {len(test)} clips ({'speakers' if by == 'speaker' else 'clips'} apart)",
    )


def _validation_figures(data: Any, trained: Any) -> dict[str, Any]:
    """Figures of the kept epoch; it was chosen on the same clips, and the key says so."""
    if data.validation is None:
        return {}
    row = next(r for r in trained.history if r["epoch"] == trained.best_epoch)
    return {
        "validation_uar": row["val_uar"],
        "validation_accuracy": row["val_accuracy"],
        "validation_clips": len(data.validation),
        "note": "the epoch was chosen on these clips, so the figures are optimistic",
    }


def _read_report(
    folder: Path, records: Table, config: TrainConfig
) -> tuple[dict[str, Any], float, str]:
    from ser.artifact import read_card
    from ser.training.card import describe_corpora
    from ser.training.crossval import REPORT, made_with

    try:
        report = json.loads((folder / REPORT).read_text())
    except (OSError, ValueError) as error:
        raise SerError(
            folder / REPORT, f"cannot be read ({error})", "make it with ser-train --cv"
        ) from error
    known = np.asarray(records["y"]) != ""
    labelled = records if known.all() else records[known]
    if not report["protocol"].startswith(f"{describe_corpora(labelled)}, "):
        raise SerError(
            folder,
            f"is the cross-validation of another table ({report['protocol']})",
            f"cross-validate {describe_corpora(labelled)}",
        )
    if not made_with(read_card(folder / "fold-1.keras"), records, config):
        raise SerError(
            folder,
            "was made with other options or features",
            "cross-validate again, or repeat them",
        )
    interval = report["intervals"]["uar"]
    metrics = {
        **{key: report["scores"][key] for key in ("uar", "accuracy", "macro_f1")},
        "uar_interval": [interval["low"], interval["high"]],
        "level": report["level"],
        "resampled": report["resampled"],
        "calibration_error_before_temperature": report["calibration_error"],
    }
    return metrics, float(report["temperature"]), str(report["protocol"])


def _say_epoch(console: Console, row: dict[str, float], epochs: int) -> None:
    figures = ", ".join(f"{key} {value:.3f}" for key, value in row.items() if key != "epoch")
    console.info(f"epoch {int(row['epoch'])}/{epochs}: {figures}")


def _write_history(target: str, rows: Sequence[dict[str, float]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with open_output(target, binary=True) as stream:
        stream.write(text.getvalue().encode())  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
