"""The card of a trained classifier, which is stored in its artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ser.arrays import Indices
from ser.dataset.table import Table, spec_of
from ser.models.artifact import CLASSIFIER
from ser.training.config import TrainConfig
from ser.training.loop import TrainedNetwork, training_speakers
from ser.wording import counted

# The licenses of the public corpora, which bind weights that were trained on them.
LICENSES: Mapping[str, str] = {
    "ravdess": "CC BY-NC-SA 4.0",
    "tess": "CC BY-NC-ND 4.0",
    "nemo": "CC BY-NC-SA 4.0",
    "crema_d": "ODbL 1.0",
}


def make_card(
    table: Table,
    indices: Indices,
    config: TrainConfig,
    trained: TrainedNetwork,
    *,
    protocol: str,
    metrics: Mapping[str, Any] | None = None,
    temperature: float | None = None,
) -> dict[str, Any]:
    """Makes the card of a classifier.

    Args:
        table: The training table.
        indices: The records that it was trained on.
        config: The configuration of the training.
        trained: The network.
        protocol: The protocol of `metrics`.
        metrics: Figures on clips that it was not trained on.
        temperature: The temperature of a cross-validation; None for that of the training.

    Returns:
        Plain JSON types, for `ser.models.artifact.write_artifact`.
    """
    return training_card(
        CLASSIFIER,
        table,
        indices,
        config,
        labels=trained.labels,
        temperature=trained.temperature if temperature is None else temperature,
        protocol=protocol,
        metrics=metrics,
        training={
            "epochs_trained": trained.epochs,
            "best_epoch": trained.best_epoch,
            "minutes": round(trained.seconds / 60, 1),
            "device": trained.device,
        },
    )


def training_card(
    kind: str,
    table: Table,
    indices: Indices,
    config: TrainConfig,
    *,
    labels: Sequence[str],
    protocol: str,
    training: Mapping[str, Any],
    temperature: float = 1.0,
    metrics: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Writes the fields that the cards of all trained models have.

    Args:
        kind: The kind of artifact.
        table: The training table.
        indices: The records that the model was trained on.
        config: How it was trained.
        labels: Its emotions, in the order of its outputs or conditions.
        protocol: How `metrics` came about, in words.
        training: What the training came to; stored with the configuration.
        temperature: Of the calibration.
        metrics: Figures on clips that it was not trained on.

    Returns:
        Plain JSON types.
    """
    corpora = corpora_of(table, indices)
    return {
        "kind": kind,
        "architecture": config.arch,
        "labels": list(labels),
        "spec": spec_of(table).to_dict(),
        "frames": int(table["x"].shape[1]),
        "coefficients": int(table["x"].shape[2]),
        "temperature": temperature,
        "corpora": corpora,
        "clips": len(indices),
        "speakers": training_speakers(table, indices),
        "protocol": protocol,
        "metrics": dict(metrics or {}),
        "seed": config.seed,
        "training": {**config.to_dict(), **training},
        "licence": license_text(corpora),
    }


def corpora_of(table: Table, indices: Indices) -> list[str]:
    """Names the corpora of some records, sorted."""
    return sorted(set(np.asarray(table["corpus"])[indices].tolist()) - {""})


def license_text(corpora: list[str]) -> str:
    """Describes the license of weights that were trained on these corpora."""
    if not set(corpora) & set(LICENSES):
        return "follows the licences of the training data"
    sources = ", ".join(f"{name} ({LICENSES.get(name, 'its own licence')})" for name in corpora)
    if any("NC" in LICENSES.get(name, "") for name in corpora):
        return f"weights for non-commercial use: trained on {sources}"
    return f"trained on {sources}"


def describe_corpora(table: Table) -> str:
    """Describes a table's corpora, and counts its clips and speakers."""
    corpora = sorted(set(np.asarray(table["corpus"]).tolist()) - {""})
    speakers = len(training_speakers(table, np.arange(len(table))))
    counts = f"{counted(len(table), 'clip')}, {counted(speakers, 'speaker')}"
    return f"{'+'.join(corpora) or 'own clips'} ({counts})"
