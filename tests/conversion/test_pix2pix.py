"""What becomes of the spectrogram that pix2pix draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.conversion.contours import Contours, extract_contours
from ser.conversion.models.pix2pix import EMOTION, FRAME_MULTIPLE, SOURCE, Pix2PixMel
from ser.conversion.pix2pix import Pix2PixConverter
from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.base import Problem

EMOTIONS = ("neutral", "angry", "sad")


@pytest.fixture(scope="module")
def samples() -> Any:
    return render("neutral", 2, seed=0, seconds=0.7)


@pytest.fixture(scope="module")
def phrase(samples: Any) -> Contours:
    return extract_contours(samples)


def louder(inputs: Any) -> Any:
    """Stands for a network: more in every band, by emotion and intensity."""
    source, emotion = inputs[SOURCE], inputs[EMOTION]
    assert source.shape[1] % FRAME_MULTIPLE == 0
    return source + (emotion @ np.array([0.5, 2, -1], np.float32))[:, None, None]


def test_what_is_drawn_is_a_gain(phrase: Contours) -> None:
    assert len(phrase) % FRAME_MULTIPLE
    change = Pix2PixConverter(louder, EMOTIONS)(phrase, "angry", 0.5)
    assert change.gain.shape == (len(phrase), 80)
    assert change.gain == pytest.approx(10 / np.log(10), abs=1e-3)
    assert not change.pitch.any()
    assert (change.stretch == 1).all()


def test_nothing_changes_where_nothing_is_to_change(phrase: Contours, samples: Any) -> None:
    converter = Pix2PixConverter(louder, EMOTIONS)
    assert converter(phrase, "angry", 0.0).is_identity
    assert converter(phrase, "angry", 1.0, "angry").is_identity
    assert not converter(phrase, "angry", 1.0, "sad").is_identity
    assert (converter.waveform(samples, "sad", 1.0, "sad") == samples).all()


def test_the_level_of_a_recording_does_not_matter(samples: Any) -> None:
    def picky(inputs: Any) -> Any:
        return inputs[SOURCE] ** 2 / 10

    converter = Pix2PixConverter(picky, EMOTIONS)
    one, other = (converter(extract_contours(factor * samples), "sad") for factor in (1, 5))
    assert one.gain == pytest.approx(other.gain, abs=0.01)
    assert np.abs(one.gain).max() > 1


def test_gains_have_a_limit(phrase: Contours) -> None:
    change = Pix2PixConverter(lambda inputs: inputs[SOURCE] + 50, EMOTIONS)(phrase, "sad")
    assert (change.gain == 40).all()


def test_an_emotion_that_it_does_not_know(phrase: Contours) -> None:
    with pytest.raises(
        SerError, match=r"to=bored: is not an emotion.*use one of neutral, angry, sad"
    ):
        Pix2PixConverter(louder, EMOTIONS)(phrase, "bored")
    with pytest.raises(SerError, match="bored"):
        Pix2PixConverter(louder, EMOTIONS)(phrase, "bored", 0.0)


def test_sound_through_either_phase(phrase: Contours, samples: Any) -> None:
    converter = Pix2PixConverter(louder, EMOTIONS)
    made = converter.waveform(samples, "angry")
    # Two nepers of power are a factor of e.
    assert made == pytest.approx(np.e * samples, abs=0.01 * float(np.abs(samples).max()))
    other = converter.waveform(samples, "angry", phase=False)
    assert other.shape == ((len(phrase) - 1) * 160,)
    level = np.sqrt(np.mean(other**2)) / np.sqrt(np.mean(samples**2))
    assert level == pytest.approx(np.e, rel=0.2)


def test_a_network_of_keras(phrase: Contours) -> None:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    mean = phrase.logmel.mean(axis=0)
    problem = Problem(32, 80, 3, mean, np.full(80, 4, np.float32))
    network = Pix2PixMel(width=0.25).build(keras, problem)
    converter = Pix2PixConverter(network.predict_on_batch, EMOTIONS)
    angry, sad = (converter.spectrogram(phrase, to) for to in ("angry", "sad"))
    assert angry.shape == phrase.logmel.shape
    assert np.isfinite(angry).all()
    assert np.abs(angry - sad).max() > 0.01
