"""Changes of contours, and what is heard of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from voiced import BANDS, contours

from ser.conversion.contours import Contours
from ser.conversion.evaluation.from_contours import apply_modification, measure_contours
from ser.conversion.modification import Modification, identity_modification


@pytest.fixture
def phrase() -> Contours:
    return contours(100)


def test_no_change_leaves_everything(phrase: Contours) -> None:
    assert apply_modification(phrase, identity_modification(len(phrase))) is phrase


def test_pitch_and_gain_are_added(phrase: Contours) -> None:
    gain = np.tile(np.linspace(0, 6, BANDS, dtype=np.float32), (100, 1))
    change = Modification(np.full(100, 2, np.float32), gain, np.ones(100, np.float32))
    found = apply_modification(phrase, change)
    np.testing.assert_allclose(found.pitch, phrase.pitch + 2, atol=1e-4)
    np.testing.assert_allclose(found.logmel, phrase.logmel + gain * np.log(10) / 10, atol=1e-4)
    # 25 coefficients hold a slope well, but for its ends.
    np.testing.assert_allclose((found.bands - phrase.bands)[:, 5:-5], gain[:, 5:-5], atol=0.1)


def test_frames_are_stretched_where_it_is_asked_for(phrase: Contours) -> None:
    stretch = np.ones(100, np.float32)
    stretch[:50] = 2
    found = apply_modification(phrase, replace(identity_modification(100), stretch=stretch))
    assert len(found) == 150
    assert found.voiced.sum() == pytest.approx(
        phrase.voiced[:50].sum() * 2 + phrase.voiced[50:].sum(), abs=2
    )
    np.testing.assert_allclose(found.pitch[110:], phrase.pitch[60:], atol=0.1)
    assert measure_contours(found).seconds == pytest.approx(1.5)


def test_a_gain_changes_the_level_alone(phrase: Contours) -> None:
    gain = np.full((100, BANDS), 10, np.float32)
    one, louder = (
        measure_contours(phrase),
        measure_contours(
            apply_modification(phrase, replace(identity_modification(100), gain=gain))
        ),
    )
    assert louder.prosody[0] - one.prosody[0] == pytest.approx(10, abs=1e-3)
    for name, value in one.to_arrays().items():
        start = 1 if name == "prosody" else 0
        np.testing.assert_allclose(
            value[start:], louder.to_arrays()[name][start:], rtol=1e-3, atol=2e-3, err_msg=name
        )


def test_a_phrase_without_a_voice_has_numbers_too() -> None:
    heard = measure_contours(contours(40, voiced=0.0))
    assert all(np.isfinite(value).all() for value in heard.to_arrays().values())
