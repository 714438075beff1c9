"""The network of ``gan-translate`` as an engine."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from voiced import contours

from ser.conversion.contour_grid import N_CEPSTRA, N_CHANGED, N_FEATURES
from ser.conversion.gan import GANConverter
from ser.conversion.models.gan import N_OUTPUTS, STEP_MULTIPLE
from ser.conversion.rules import Rule, RuleConverter, Rules
from ser.errors import SerError

EMOTIONS = ("neutral", "angry")


class Network:
    """Raises the level by ten decibels times the intensity, the pitch by five, and slows down."""

    def __init__(self) -> None:
        self.inputs: list[dict[str, Any]] = []

    def __call__(self, inputs: dict[str, Any]) -> Any:
        self.inputs.append(inputs)
        features, condition = inputs["features"], inputs["condition"]
        change = np.zeros((*features.shape[:2], N_OUTPUTS), np.float32)
        change[:, :, 0] = 10 * np.sqrt(80) * condition.sum()
        change[:, :, N_CEPSTRA] = 5 * condition.sum()
        change[:, :, N_CHANGED] = np.log(1.5) * condition.sum()
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
    assert inputs["features"].shape == (1, steps, N_FEATURES)
    assert steps % STEP_MULTIPLE == 0
    assert 31 <= steps <= 48
    np.testing.assert_array_equal(inputs["condition"], [[0, 1]])


def test_a_pause_within_speech_is_not_made_louder(network: Network) -> None:
    phrase = contours(101)
    phrase.cepstrum[45:56] = phrase.cepstrum[0]
    phrase.cepstrum[45:56, 0] -= 10 * np.sqrt(80)
    change = GANConverter(network, EMOTIONS)(phrase, "angry")
    assert np.abs(change.gain[48:53]).max() < 1
    np.testing.assert_allclose(change.gain[[40, 60]], 10, atol=0.1)


def test_the_length_of_a_phrase_is_that_of_the_rules(network: Network) -> None:
    rule = Rule(1.0, pitch=9.0, range=1.0, stretch=1.2, gain=(3.0,) * 80)
    rules = RuleConverter(Rules("neutral", {"angry": (rule,)}))

    class Hasty(Network):
        def __call__(self, inputs: dict[str, Any]) -> Any:
            change = super().__call__(inputs)
            change[:, :20, N_CHANGED] = 0
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
    assert GANConverter(network, EMOTIONS)(contours(), "angry", **options).is_identity
    assert network.inputs == []


def test_an_emotion_that_it_cannot_make(network: Network) -> None:
    with pytest.raises(SerError, match="use one of neutral, angry"):
        GANConverter(network, EMOTIONS)(contours(), "bored")
