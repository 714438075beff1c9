"""Conversion models as files: their cards, and the rules in them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from artifacts import with_card
from rule_models import rule_model, three_emotions

from ser.conversion.artifact import (
    has_network,
    read_conversion_card,
    read_rules,
    write_rules_artifact,
)
from ser.conversion.rules import Rules
from ser.errors import ArtifactError
from ser.pretrained import DEFAULT_TRANSLATOR, SMALL_MODEL


@pytest.fixture(scope="module")
def rules() -> Rules:
    return three_emotions()


@pytest.fixture
def artifact(rules: Rules, tmp_path: Path) -> Path:
    return rule_model(tmp_path, rules)


def test_rules_are_read_back(artifact: Path, rules: Rules) -> None:
    card = read_conversion_card(artifact)
    assert (card["kind"], card["labels"]) == ("translator", ["neutral", "sad", "angry"])
    assert (card["corpora"], card["architecture"]) == (["made"], "rules")
    found = read_rules(artifact, card)
    assert found.reference == "neutral"
    assert found.to_dict() == rules.to_dict()


def test_a_network_is_seen(artifact: Path) -> None:
    assert not has_network(artifact)
    assert has_network(DEFAULT_TRANSLATOR)


def test_other_kinds_are_refused(artifact: Path) -> None:
    with pytest.raises(ArtifactError, match=r"is a classifier.*ser-train --arch gan-translate"):
        read_conversion_card(SMALL_MODEL)
    with_card(artifact, kind="reader")
    with pytest.raises(ArtifactError, match="is a model of kind reader; give a translator"):
        read_conversion_card(artifact)


def test_missing_and_broken_rules_are_named(artifact: Path) -> None:
    card = read_conversion_card(artifact)
    with pytest.raises(ArtifactError, match="its rules hold impossible values"):
        read_rules(artifact, {"rules": {"reference": "neutral", "emotions": {"sad": []}}})
    del card["rules"]
    with pytest.raises(ArtifactError, match="holds no rules; use --engine network"):
        read_rules(artifact, card)
    with zipfile.ZipFile(artifact, "w") as archive:
        archive.writestr("ser.json", json.dumps(card))
    assert "rules" not in read_conversion_card(artifact)


def test_what_cannot_be_written(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_rules_artifact(tmp_path / "file" / "x.keras", rules)
