"""``ser-train``: a feature table in, a model artifact out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ser.cli.common import (
    Console,
    command,
    device_option,
    output_option,
    seed_option,
)
from ser.cli.exclusive import Excludes
from ser.cli.parameters import find_parameter
from ser.cli.paths import InputPath, OutputPath, TextWithPath, file_roles
from ser.cli.train.cv import check_output, run_cross_validation
from ser.cli.train.export import (
    Exports,
    add_exports,
    check_exports,
    export_model,
    export_option,
    exports_alone,
)
from ser.cli.train.options import (
    ALL,
    TrainCommand,
    check_support,
    list_architectures,
    make_config,
)
from ser.cli.train.reporting import report_epoch, write_views
from ser.cli.train.translator import CONVERSION_RULES, train_conversion_model
from ser.cli.train.tune import TUNING_RULES, Tuning, read_tuning, tune, tune_options
from ser.conversion.registry import CONVERSION_ARCHITECTURES
from ser.dataset.table import Table, read_table, write_table
from ser.errors import require
from ser.io.files import STANDARD, hold_output
from ser.models.registry import ARCHITECTURES, make_architecture
from ser.training.config import TrainConfig
from ser.wording import counted

_DEFAULTS = TrainConfig()


_RULES = (
    Excludes(
        (
            "--report",
            "--history",
            "--plot",
            "--plot-model",
            "--write-generated",
            "--tensorboard",
            "--export",
        ),
        "--cv",
        "a cross-validation trains several networks",
    ),
    *TUNING_RULES,
    *CONVERSION_RULES,
)


@command("ser-train", cls=TrainCommand, rules=_RULES)
@click.argument("table", metavar="TABLE", type=InputPath(allow_dash=True), required=False)
@output_option(
    "The artifact to write; with --cv, a folder.",
    default=None,
    metavar="MODEL.keras",
)
@click.option(
    "--arch",
    type=click.Choice(list(ALL)),
    show_default="prosody-cnn where the table holds functionals, else cnn",
    help="; ".join(f"{a.name}: {a.summary}" for a in ALL.values()) + ".",
)
@click.option(
    "--set",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Change a hyperparameter of the architecture, as in dropout=0.2, or of the augmentation, "
    "as in augment.stretch=0.1; --list-archs has them.",
)
@click.option(
    "--list-archs",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=list_architectures,
    help="List the architectures with their hyperparameters, and stop.",
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
    help="Share of each target that is spread over all emotions; for pix2pix-mel, how much less "
    "than real its real patches count.",
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
    type=TextWithPath(),
    default="0.15",
    show_default=True,
    help="What training is validated on and stopped by: a table, or the part of the speakers set "
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
    "--support",
    metavar="CORPUS[,CORPUS]",
    default="",
    help="Corpora of the table that only help to recognise the others: an epoch sees at most as "
    "many of their clips, and nothing is learnt of their prosody.",
)
@click.option(
    "--precision",
    type=click.Choice(["auto", "float32", "bfloat16", "float16"]),
    default=_DEFAULTS.precision,
    show_default=True,
    help="What is computed in while training: auto is half precision on a GPU and single on a CPU; "
    "bfloat16 is faster on processors that have it.",
)
@tune_options
@click.option(
    "--cv",
    metavar="speaker:N|corpus|random:N|FOLDS",
    type=TextWithPath(),
    help="Cross-validate instead: N folds with speakers apart, one fold per corpus, N random folds "
    "(speakers on both sides), a fold file of ser-split, or ravdess for the published folds.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="INTEGER",
    help="Folds of --cv that are trained at the same time; they share the cores.",
)
@click.option(
    "--report",
    metavar="DIR",
    type=InputPath(file_okay=False),
    help="A folder that --cv wrote with the same options: its figures and its temperature go into "
    "the card.",
)
@click.option("--history", metavar="FILE", type=OutputPath(), help="Write a CSV row per epoch.")
@click.option("--plot", metavar="FILE", type=OutputPath(), help="Draw the training curves.")
@click.option(
    "--plot-model",
    metavar="FILE",
    type=OutputPath(),
    help="Draw the network: its layers with their shapes and parameters.",
)
@click.option(
    "--write-generated",
    metavar="FILE.npy",
    type=OutputPath(),
    help="Write a table of clips that acgan has generated, as many as it was trained on.",
)
@click.option(
    "--tensorboard",
    metavar="DIR",
    type=OutputPath(file_okay=False),
    help="Write event files for TensorBoard.",
)
@export_option
@click.option("--resume", is_flag=True, help="Continue an interrupted training.")
@seed_option()
@device_option
def main(
    console: Console,
    table: str | None,
    output: str | None,
    arch: str | None,
    settings: tuple[str, ...],
    epochs: int,
    batch_size: int,
    lr: float,
    weight_decay: float,
    label_smoothing: float,
    class_weight: Any,
    validation: str,
    patience: int,
    augment: bool,
    support: str,
    precision: Any,
    cv: str | None,
    jobs: int,
    report: str | None,
    history: str | None,
    plot: str | None,
    plot_model: str | None,
    write_generated: str | None,
    tensorboard: str | None,
    exports: Exports,
    resume: bool,
    seed: int,
    device: Any,
    **search: Any,
) -> None:
    """Trains an emotion classifier on a feature TABLE and writes it as one .keras file.

    The file holds the network, its feature specification, labels, seed and figures, and the same
    network for LiteRT. Speakers are kept apart wherever the table is divided. A training that was
    killed goes on with --resume.

    \b
    Examples:
      ser-train train.npy -o model.keras --plot curves.png
      ser-train all.npy --cv speaker:5 -o folds/
      ser-train all.npy --validation 0 --report folds/ -o final.keras
      ser-train train.npy --tune 50 --tune-time 2h --plot-search search.png -o model.keras
      ser-train model.keras --export tflite model.tflite
    """  # noqa: D301
    context = click.get_current_context()
    add_exports(exports)
    trained = exports_alone(context, table, exports)
    if trained is not None:
        export_model(console, trained, exports)
        return
    if table is None or output is None:
        missing = "TABLE" if table is None else "--output"
        raise click.MissingParameter(ctx=context, param=find_parameter(context.command, missing))
    records = None
    if arch is None:
        # Read first only if the architecture depends on it: errors in options come before it.
        from ser.training.classifier import default_architecture

        records = read_table(table)
        arch = default_architecture(records)
    values = {
        "arch": arch,
        "epochs": epochs,
        "batch_size": batch_size,
        "lr": lr,
        "weight_decay": weight_decay,
        "label_smoothing": label_smoothing,
        "class_weight": class_weight,
        "patience": patience,
        "support": tuple(name for name in support.split(",") if name),
        "precision": precision,
        "seed": seed,
    }
    config = make_config(context, values, settings, augment=augment)
    for name, picture in (("plot", plot), ("plot_model", plot_model)):
        if picture is not None:
            from ser.viz.figure import check_target

            # Before the training, which may take hours.
            check_target(Path(picture), name)
    if write_generated is not None:
        _check_generated(config, write_generated)
    if report is not None:
        from ser.training.crossval import REPORT

        file_roles().add_inputs([Path(report, REPORT)])
    converts = config.arch in CONVERSION_ARCHITECTURES
    tuning = read_tuning(context, search, [*settings, *config.options])
    if cv is not None:
        check_output(console, output, validation)
    if jobs > 1 and (cv is None or tuning is not None):
        raise click.UsageError("--jobs is for the folds of --cv, and not with --tune.")
    require("training", "keras", "sklearn")
    if not resume and not converts:
        # Missing weights are reported before tables are read. A checkpoint has the weights.
        make_architecture(config.arch, config.options).required_files(console.note)
    records = read_table(table) if records is None else records
    check_support(config.support, records)
    check_exports(config, records, exports)
    if cv is not None:
        context.with_resource(hold_output(output))
        run_cross_validation(
            console, table, records, cv, Path(output), config, tuning, resume, device, jobs
        )
        return
    if output == STANDARD or not output.endswith(".keras"):
        raise click.UsageError("The artifact must be a file named .keras: Keras asks for it.")
    if Path(output).is_dir():
        raise click.UsageError(f"{output} is a folder: name a file for the artifact.")
    context.with_resource(hold_output(output))
    if converts:
        train_conversion_model(
            console,
            table,
            records,
            Path(output),
            config,
            history=history,
            plot=plot,
            plot_model=plot_model,
            resume=resume,
            device=device,
        )
        return
    _train_one(
        console,
        table,
        records,
        Path(output),
        config,
        tuning=tuning,
        validation=validation,
        report=None if report is None else Path(report),
        history=history,
        plot=plot,
        plot_model=plot_model,
        write_generated=write_generated,
        tensorboard=tensorboard,
        resume=resume,
        device=device,
    )
    if exports:
        export_model(console, output, exports)


def _check_generated(config: TrainConfig, target: str) -> None:
    from ser.training.registry import TRAINERS

    if not TRAINERS[ARCHITECTURES[config.arch].trainer].generates:
        raise click.UsageError(f"--write-generated: {config.arch} generates nothing; acgan does.")
    if Path(target).is_dir():
        raise click.UsageError(f"{target} is a folder: name a file for the generated clips.")


def _train_one(
    console: Console,
    name: str,
    records: Table,
    output: Path,
    config: TrainConfig,
    *,
    tuning: Tuning | None,
    validation: str,
    report: Path | None,
    history: str | None,
    plot: str | None,
    plot_model: str | None,
    write_generated: str | None,
    tensorboard: str | None,
    resume: bool,
    device: Any,
) -> None:
    from ser.training.checkpoint import Checkpoint
    from ser.training.classifier import train_split
    from ser.training.report import read_report
    from ser.training.tuning.report import card_entry
    from ser.training.validation import split_validation

    protocol = "" if tuning is None else tuning.protocol(config.epochs)
    figures = None if report is None else read_report(report, records, config, protocol)
    split = split_validation(records, validation, config.seed, name=name)
    for note in split.notes:
        console.note(note)
    for warning in split.warnings:
        console.warn(warning)
    checkpoint = Checkpoint(output)
    entries: dict[str, Any] = {}
    if tuning is not None:
        found = tune(
            console, name, split.data, config, tuning, output, resume=resume, device=device
        )
        config, entries = found.config, {"tuning": card_entry(found)}
        # The checkpoint of an earlier best trial is of another configuration.
        resume = resume and not found.begun
    if not resume and checkpoint.folder.exists():
        console.note(f"{checkpoint.folder}: not continued and replaced, for --resume is not given")
    clips = len(split.data.train)
    console.info(f"{name}: training on {counted(clips, 'clip')} of {split.protocol}")
    steps = config.epochs * max(1, clips // config.batch_size)
    with console.progress(steps, "step", "training") as bar:
        try:
            trained = train_split(
                split,
                config,
                figures=figures,
                card_entries=entries,
                checkpoint=checkpoint,
                resume=resume,
                device=device,
                tensorboard=None if tensorboard is None else Path(tensorboard),
                on_step=bar.update,
                on_epoch=lambda row: report_epoch(console, row, config.epochs),
            )
        except KeyboardInterrupt:
            if checkpoint.folder.exists():
                console.info(f"{checkpoint.folder}: kept; continue with --resume")
            raise
    network = trained.network
    if not trained.save(output):
        console.note("the network does not convert for LiteRT and will run on Keras alone")
    write_views(
        network.model,
        network.history,
        output.name,
        config.describe_architecture(),
        trained.card["protocol"],
        history=history,
        plot=plot,
        plot_model=plot_model,
    )
    if write_generated is not None:
        generated = network.generate()
        if generated is not None:
            write_table(write_generated, generated)
            console.info(f"{write_generated}: {counted(len(generated), 'generated record')}")
    # Last of all: if a file could not be written, --resume tries again.
    checkpoint.clear()
    best = f", weights of epoch {network.best_epoch}" if split.data.validation is not None else ""
    emotions, epochs = counted(len(network.labels), "emotion"), counted(network.epochs, "epoch")
    console.info(f"{output}: {emotions}, {epochs}{best}")


if __name__ == "__main__":
    main()
