"""``ser-train --arch gan-translate``: training of a conversion model on pairs of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ser.cli.common import Console
from ser.cli.exclusive import Excludes
from ser.cli.train.reporting import report_epoch, write_views
from ser.conversion.registry import CONVERSION_ARCHITECTURES
from ser.dataset.table import Table
from ser.training.config import TrainConfig
from ser.wording import counted

if TYPE_CHECKING:
    from ser.models.backend import Device

CONVERSION_RULES = (
    Excludes(
        tuple(f"--arch={name}" for name in CONVERSION_ARCHITECTURES),
        (
            "--cv", "--report", "--write-generated", "--tensorboard", "--validation", "--patience",
            "--class-weight", "--augment", "--no-augment", "--support", "--precision", "--tune",
        ),
        "it is for classifiers",
    ),
)  # fmt: skip
"""Options that the training of a conversion model does not have."""


def train_conversion_model(
    console: Console,
    name: str,
    records: Table,
    output: Path,
    config: TrainConfig,
    *,
    history: str | None,
    plot: str | None,
    plot_model: str | None,
    resume: bool,
    device: Device,
) -> None:
    """Trains a conversion model and writes its artifact.

    Args:
        console: For messages and progress.
        name: The name of the table.
        records: The table.
        output: The artifact to write.
        config: How to train.
        history: A CSV file for a row per epoch.
        plot: A file for a plot of the losses.
        plot_model: A file for a plot of the network.
        resume: Continue an interrupted training.
        device: Where to train.
    """
    from ser.conversion.pairs import MAX_SECONDS, find_pairs, select_usable
    from ser.conversion.training.fit import make_card, train_converter
    from ser.models.artifact import write_artifact
    from ser.training.checkpoint import Checkpoint

    everything = np.arange(len(records))
    indices = select_usable(records, everything)
    if len(indices) < len(records):
        left_out = counted(len(records) - len(indices), "record")
        console.note(
            f"left out: {left_out} over {MAX_SECONDS:g} seconds, or without speaker or emotion"
        )
    checkpoint = Checkpoint(output)
    if not resume and checkpoint.folder.exists():
        console.note(f"{checkpoint.folder}: not continued and replaced, for --resume is not given")
    with console.progress(None, "pair", "aligning") as bar:
        pairs = find_pairs(records, indices, seed=config.seed, progress=bar.update)
    console.info(f"{name}: training {config.describe()} on {counted(len(pairs), 'pair')}")
    steps = max(1, len(pairs) // config.batch_size)
    with console.progress(config.epochs * steps, "step", "training") as bar:
        try:
            trained = train_converter(
                records,
                indices,
                pairs,
                config,
                checkpoint=checkpoint,
                resume=resume,
                device=device,
                on_step=bar.update,
                on_epoch=lambda row: report_epoch(console, row, config.epochs),
            )
        except KeyboardInterrupt:
            if checkpoint.folder.exists():
                console.info(f"{checkpoint.folder}: kept; continue with --resume")
            raise
    card = make_card(records, indices, pairs, config, trained)
    if not write_artifact(output, trained.model, card):
        console.note("the network does not convert for LiteRT and will run on Keras alone")
    write_views(
        trained.model,
        trained.history,
        output.name,
        config.describe_architecture(),
        card["protocol"],
        history=history,
        plot=plot,
        plot_model=plot_model,
    )
    # At the end: files that could not be written are written with --resume.
    checkpoint.clear()
    emotions = counted(len(trained.emotions), "emotion")
    console.info(f"{output}: {emotions}, {counted(len(trained.history), 'epoch')}")
