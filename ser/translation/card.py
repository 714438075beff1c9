"""What a translator's artifact says about itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ser.table import Table, spec_of
from ser.training.card import licence
from ser.training.config import TrainConfig
from ser.training.fit import training_speakers
from ser.translation.engines import RULES_KEY, TRANSLATOR
from ser.translation.pairs import Pairs
from ser.translation.rules import learn_rules
from ser.translation.training.fit import TrainedTranslator


def make_card(
    table: Table,
    indices: npt.NDArray[np.intp],
    pairs: Pairs,
    config: TrainConfig,
    trained: TrainedTranslator,
) -> dict[str, Any]:
    """Writes the card of a translator, with the rules that the same recordings show.

    Args:
        table: The training table.
        indices: The records that it was trained on.
        pairs: Of them.
        config: How it was trained.
        trained: The generator.

    Returns:
        Plain JSON types, for `ser.artifact.write_artifact`.
    """
    corpora = sorted(set(np.asarray(table["corpus"])[indices].tolist()) - {""})
    speakers = training_speakers(table, indices)
    return {
        "kind": TRANSLATOR,
        "architecture": config.arch,
        "labels": list(trained.emotions),
        "spec": spec_of(table).to_dict(),
        "frames": int(table["x"].shape[1]),
        "coefficients": int(table["x"].shape[2]),
        "temperature": 1.0,
        "corpora": corpora,
        "clips": len(indices),
        "speakers": speakers,
        "protocol": f"{len(pairs)} pairs of {'+'.join(corpora) or 'own clips'} ({len(indices)} "
        f"clips, {len(speakers)} speakers), last of {config.epochs} epochs, seed {config.seed}",
        "metrics": {},
        "seed": config.seed,
        "training": {
            **config.to_dict(),
            "epochs_trained": len(trained.history),
            "minutes": round(trained.seconds / 60, 1),
            "device": trained.device,
            "last": trained.history[-1] if trained.history else {},
        },
        RULES_KEY: learn_rules(table, indices).to_dict(),
        "licence": licence(corpora),
    }
