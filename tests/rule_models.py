"""A conversion model of rules alone."""

from __future__ import annotations

from pathlib import Path

from voiced import parallel_table

from ser.conversion.artifact import write_rules_artifact
from ser.conversion.rules import Rules, learn_rules

MANNERS = {
    ("neutral", "normal"): {},
    ("angry", "strong"): {"pitch": 8.0, "gain": 20.0},
    ("sad", "strong"): {"stretch": 1.5},
}


def three_emotions() -> Rules:
    """Learns rules for three emotions."""
    return learn_rules(parallel_table(MANNERS))


def rule_model(folder: Path, rules: Rules) -> Path:
    """Writes the artifact."""
    path = folder / "rules.keras"
    write_rules_artifact(path, rules, {"corpora": ["made"]})
    return path
