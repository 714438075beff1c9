"""Opening of conversion models, and errors for other files."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from artifacts import with_card
from conftest import Run
from rule_models import rule_model, three_emotions
from voiced import contours

from ser.conversion.artifact import has_network
from ser.conversion.converter import open_converter, open_network_converter
from ser.conversion.rules import RuleConverter, Rules
from ser.errors import ArtifactError
from ser.inference.classifier import open_classifier
from ser.models.artifact import read_card
from ser.pretrained import SMALL_MODEL


@pytest.fixture(scope="module")
def rules() -> Rules:
    return three_emotions()


@pytest.fixture
def artifact(rules: Rules, tmp_path: Path) -> Path:
    return rule_model(tmp_path, rules)


def test_rules_come_back(artifact: Path, rules: Rules) -> None:
    card = read_card(artifact)
    assert (card["kind"], card["labels"]) == ("translator", ["neutral", "sad", "angry"])
    assert card["corpora"] == ["made"]
    assert not has_network(artifact)
    assert artifact.stat().st_size < 10_000
    phrase = contours()
    for engine in ("auto", "rules"):
        converter = open_converter(artifact, engine)  # type: ignore[arg-type]
        assert converter.emotions == ("neutral", "sad", "angry")
        found = converter(phrase, "angry")
        expected = RuleConverter(rules)(phrase, "angry")
        assert found.pitch == pytest.approx(expected.pitch, abs=0.01)
        assert found.gain == pytest.approx(expected.gain, abs=0.02)


def test_no_network_is_there(artifact: Path) -> None:
    with pytest.raises(ArtifactError, match="use --engine rules"):
        open_converter(artifact, "network")


def test_no_rules_are_there(artifact: Path) -> None:
    card = read_card(artifact)
    del card["rules"]
    with zipfile.ZipFile(artifact, "w") as archive:
        archive.writestr("ser.json", json.dumps(card))
    with pytest.raises(ArtifactError, match="holds no rules; use --engine network"):
        open_converter(artifact, "rules")


def test_broken_rules_are_named(artifact: Path) -> None:
    with_card(artifact, rules={"reference": "neutral", "emotions": {"sad": []}})
    with pytest.raises(ArtifactError, match="its rules hold impossible values"):
        open_converter(artifact)


def test_a_classifier_is_no_translator() -> None:
    with pytest.raises(ArtifactError, match=r"is a classifier.*ser-train --arch gan-translate"):
        open_converter(SMALL_MODEL)


def test_a_translator_is_no_classifier(artifact: Path, run: Run) -> None:
    with pytest.raises(ArtifactError, match="kind translator; give a classifier"):
        open_classifier(artifact)
    done = run("ser-analyze", "x.wav", "--model", artifact)
    assert done.returncode == 1
    assert done.err.endswith("is a model of kind translator; give a classifier\n")


def test_other_kinds_and_folders(artifact: Path, tmp_path: Path) -> None:
    with_card(artifact, kind="reader")
    with pytest.raises(ArtifactError, match="kind reader"):
        open_converter(artifact)
    with pytest.raises(ArtifactError, match="does not exist"):
        open_converter(tmp_path / "none.keras")


def test_a_classifier_is_no_network_of_a_translator() -> None:
    with pytest.raises(ArtifactError, match="is no translator"):
        open_network_converter(SMALL_MODEL)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        open_network_converter(tmp_path / "m.keras")
