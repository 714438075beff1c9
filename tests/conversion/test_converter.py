"""Which engine a translator's file has, and what other files are told."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import with_card
from conftest import Run
from voiced import contours, parallel_table

from ser.conversion.contour_grid import CEPSTRA, CHANGED, SEEN
from ser.conversion.converter import (
    GANConverter,
    has_network,
    load_converter,
    open_converter,
    write_rules_artifact,
)
from ser.conversion.models.gan import MULTIPLE, OUTPUTS
from ser.conversion.rules import Rule, RuleConverter, Rules, learn_rules
from ser.errors import ArtifactError, SerError
from ser.inference.engine import open_engine
from ser.models.artifact import read_card
from ser.pretrained import DEFAULT_MODEL

MANNERS = {
    ("neutral", "normal"): {},
    ("angry", "strong"): {"pitch": 8.0, "gain": 20.0},
    ("sad", "strong"): {"stretch": 1.5},
}


@pytest.fixture(scope="module")
def rules() -> Rules:
    return learn_rules(parallel_table(MANNERS))


@pytest.fixture
def artifact(rules: Rules, tmp_path: Path) -> Path:
    path = tmp_path / "rules.keras"
    write_rules_artifact(path, rules, {"corpora": ["made"]})
    return path


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
        open_converter(DEFAULT_MODEL)


def test_a_translator_is_no_classifier(artifact: Path, run: Run) -> None:
    with pytest.raises(ArtifactError, match="kind translator; give a classifier"):
        open_engine(artifact)
    done = run("ser-analyze", "x.wav", "--model", artifact)
    assert done.returncode == 1
    assert done.err.endswith("is a model of kind translator; give a classifier\n")


def test_other_kinds_and_folders(artifact: Path, tmp_path: Path) -> None:
    with_card(artifact, kind="reader")
    with pytest.raises(ArtifactError, match="kind reader"):
        open_converter(artifact)
    with pytest.raises(ArtifactError, match="does not exist"):
        open_converter(tmp_path / "none.keras")


def test_what_cannot_be_written(rules: Rules, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ArtifactError, match="cannot be written"):
        write_rules_artifact(tmp_path / "file" / "x.keras", rules)


# The network of a translator as an engine.

EMOTIONS = ("neutral", "angry")


class Network:
    """Raises the level by ten decibels times the intensity, the pitch by five, and slows down."""

    def __init__(self) -> None:
        self.inputs: list[dict[str, Any]] = []

    def __call__(self, inputs: dict[str, Any]) -> Any:
        self.inputs.append(inputs)
        features, condition = inputs["features"], inputs["condition"]
        change = np.zeros((*features.shape[:2], OUTPUTS), np.float32)
        change[:, :, 0] = 10 * np.sqrt(80) * condition.sum()
        change[:, :, CEPSTRA] = 5 * condition.sum()
        change[:, :, CHANGED] = np.log(1.5) * condition.sum()
        return change


@pytest.fixture
def network() -> Network:
    return Network()


def test_changes_in_their_units(network: Network) -> None:
    phrase = contours(101)
    change = GANConverter(network, EMOTIONS)(phrase, "angry")
    assert change.pitch.shape == change.stretch.shape == (101,)
    assert change.gain.shape == (101, 80)
    spoken = phrase.voiced
    np.testing.assert_allclose(change.pitch[spoken], 5)
    np.testing.assert_allclose(change.stretch[spoken], 1.5, rtol=1e-5)
    # The silence around stays as it is.
    assert not change.pitch[:8].any()
    assert (change.stretch[:8] == 1).all()
    np.testing.assert_allclose(change.gain[phrase.voiced][2:-2], 10, atol=0.1)
    # Nothing is made louder in pauses.
    assert np.abs(change.gain[:5]).max() < 5
    (inputs,) = network.inputs
    steps = inputs["features"].shape[1]
    assert inputs["features"].shape == (1, steps, SEEN)
    assert steps % MULTIPLE == 0
    assert 31 <= steps <= 48
    np.testing.assert_array_equal(inputs["condition"], [[0, 1]])


def test_the_length_of_a_phrase_is_that_of_the_rules(network: Network) -> None:
    rule = Rule(1.0, pitch=9.0, range=1.0, stretch=1.2, gain=(3.0,) * 80)
    rules = RuleConverter(Rules("neutral", {"angry": (rule,)}))

    class Hasty(Network):
        def __call__(self, inputs: dict[str, Any]) -> Any:
            change = super().__call__(inputs)
            change[:, :20, CHANGED] = 0
            return change

    phrase = contours(101)
    alone = GANConverter(Hasty(), EMOTIONS)(phrase, "angry")
    change = GANConverter(Hasty(), EMOTIONS, rules)(phrase, "angry")
    ratio = change.stretch / alone.stretch
    spoken = ratio != 1
    assert spoken.sum() > phrase.voiced.sum()
    assert change.stretch[spoken].mean() == pytest.approx(1.2, rel=1e-5)
    # What is slower than the rest stays so.
    np.testing.assert_allclose(ratio[spoken], ratio[spoken][0], rtol=1e-5)
    np.testing.assert_array_equal(change.pitch, alone.pitch)
    np.testing.assert_array_equal(change.gain, alone.gain)
    # An emotion that they do not know is left to the network.
    other = GANConverter(network, EMOTIONS, rules)(phrase, "neutral")
    assert other.stretch.max() == pytest.approx(1.5)


def test_intensity(network: Network) -> None:
    convert = GANConverter(network, EMOTIONS)
    assert convert(contours(), "angry", 0.5).pitch.max() == pytest.approx(2.5)
    assert convert(contours(), "angry", 3.0).pitch.max() == pytest.approx(7.5)


@pytest.mark.parametrize(
    "options", [{"intensity": 0.0}, {"source": "angry"}, {"source": "angry", "intensity": 0.4}]
)
def test_nothing_to_do(network: Network, options: dict[str, Any]) -> None:
    assert GANConverter(network, EMOTIONS)(contours(), "angry", **options).nothing
    assert network.inputs == []


def test_an_emotion_that_it_cannot_make(network: Network) -> None:
    with pytest.raises(SerError, match="use neutral, angry"):
        GANConverter(network, EMOTIONS)(contours(), "bored")


def test_a_classifier_is_no_network_of_a_translator() -> None:
    with pytest.raises(ArtifactError, match="is no translator"):
        load_converter(DEFAULT_MODEL)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError):
        load_converter(tmp_path / "m.keras")
