"""Models of one's own: `train`, `evaluate` and `export`."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from ser.api.analysis import load_model
from ser.api.arguments import check_choice, check_names
from ser.api.tables import as_table
from ser.dataset.table import Table
from ser.evaluation.metrics import Evaluation
from ser.evaluation.predict import evaluate_classifier
from ser.inference.recognizer import Recognizer
from ser.io.roles import refuse_overwriting
from ser.models.backend import Device

if TYPE_CHECKING:
    from ser.exporting.check import ExportFormat


def train(
    table: Table | str | Path,
    arch: str | None = None,
    *,
    output: str | Path | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    validation: float | str | Path | Table = 0.15,
    augment: bool = True,
    device: Device = "auto",
    on_step: Callable[[int], None] = lambda n: None,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
    **config: Any,
) -> Recognizer:
    """Trains a classifier of voices on a feature table, as ``ser-train`` does.

    It needs the extra ``[train]``.

    Args:
        table: The table, or its path. Records without an emotion are left out.
        arch: The architecture's name; by default the one that suits the table's features.
        output: The artifact's path, ``model.keras``; None keeps it in a temporary file that goes
            with the model: `Recognizer.save` keeps it.
        options: Hyperparameters of the architecture by name, such as ``{"dropout": 0.2}``.
        validation: The share of the speakers that training is validated and stopped by; 0 for
            none; or a table of its own, or its path.
        augment: Whether features are changed at random during training.
        device: ``auto``, ``cpu`` or ``gpu``.
        on_step: Called with the number of steps since the last call.
        on_epoch: Called with the figures of each epoch.
        **config: Fields of `ser.training.config.TrainConfig`, such as ``epochs``, ``lr`` or
            ``seed``. What is not given has the default that suits the architecture.

    Returns:
        The model, for `analyze`, `evaluate`, and its own `predict` and `stream`.

    Raises:
        DependencyError: The extra is not installed.
        TypeError: `ser.training.config.TrainConfig` has no such field.
        ParameterError: A value is out of its range, or there is no such architecture.
        OverwritingError: The artifact would replace a table that it is made of.
        SerError: The table cannot be read or does not suit the architecture, or the artifact
            cannot be written.
    """
    from ser.training.classifier import train_classifier
    from ser.training.config import TrainConfig

    # The others are arguments of this function.
    names = {field.name for field in fields(TrainConfig)} - {"arch", "options", "augment"}
    check_names("train", config, sorted(names))
    check_choice("device", device, get_args(Device))
    if output is not None:
        refuse_overwriting(output, table, validation)
    trained = train_classifier(
        table,
        arch,
        options=options,
        validation=validation,
        augment=augment,
        device=device,
        on_step=on_step,
        on_epoch=on_epoch,
        **config,
    )
    if output is not None:
        trained.save(output)
        return load_model(output, device=device)
    folder = tempfile.TemporaryDirectory(prefix="ser-")
    path = Path(folder.name, f"{arch or 'model'}.keras")
    trained.save(path)
    model = load_model(path, device=device)
    # Worker processes open the artifact too, as long as the model is there.
    weakref.finalize(model.classifier, folder.cleanup)
    return model


def export(
    model: Recognizer | str | Path | None,
    output: str | Path,
    *,
    format: ExportFormat | None = None,
) -> Path:
    """Writes a classifier as one network from samples to probabilities.

    Programs in other languages, phones and browsers run it without this package; docs/embedding.md
    shows how. It answers what `analyze` says of a window, without adaptation to the voice. It needs
    the extra ``[export]``.

    Args:
        model: A model from `load_model` or `train`, an artifact's path, ``"small"`` for the smaller
            one that ships with the package, or None for the more accurate one.
        output: The file, ``model.tflite`` or ``model.onnx``.
        format: ``tflite`` for LiteRT, ``onnx``, or None for what the file's ending says.

    Returns:
        The file.

    Raises:
        DependencyError: The extra is not installed.
        ParameterError: There is no such format.
        SerError: The model cannot be read or exported, or the file not written.
    """
    from ser.exporting.export import export_classifier

    recognizer = model if isinstance(model, Recognizer) else load_model(model, device="cpu")
    refuse_overwriting(output, recognizer.classifier.path)
    export_classifier(recognizer.classifier, {output: format})
    return Path(output)


def evaluate(
    model: Recognizer | str | Path,
    table: Table | str | Path,
    *,
    adapt: bool = False,
    seed: int = 0,
) -> Evaluation:
    """Measures how well a model recognizes the clips of a table, as ``ser-stats`` does.

    Args:
        model: A model from `load_model` or `train`, or an artifact's path.
        table: A feature table of clips that the model has not learnt from, or its path.
        adapt: Adapt to each speaker by the unlabelled clips first.
        seed: Seed of the intervals' bootstrap.

    Returns:
        UAR, accuracy, macro F1, their 95 % intervals over speakers, figures per class, the
        confusion matrix and the calibration error.

    Raises:
        ArtifactError: The table holds other features than the model was trained on.
        LabelError: An emotion is not among the model's labels.
        TableError: No record has an emotion.
    """
    recognizer = model if isinstance(model, Recognizer) else load_model(model)
    return evaluate_classifier(recognizer.classifier, as_table(table), adapt=adapt, seed=seed)
