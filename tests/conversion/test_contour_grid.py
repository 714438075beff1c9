"""Contours in steps of 20 ms."""

from __future__ import annotations

import numpy as np
import pytest
from voiced import contours

from ser.conversion.contour_grid import (
    MASK,
    N_CHANGED,
    N_COLUMNS,
    N_FEATURES,
    PITCH,
    VOICED,
    fit_scale,
    generator_features,
    speech_weight,
    to_frames,
    to_steps,
)


@pytest.mark.parametrize("frames", [1, 2, 119, 120])
def test_steps_are_means_of_two_frames(frames: int) -> None:
    phrase = contours(frames)
    steps = to_steps(phrase)
    assert steps.shape == ((frames + 1) // 2, N_COLUMNS)
    assert (steps[:, MASK] == 1).all()
    pair = phrase.cepstrum[:2].mean(axis=0)
    np.testing.assert_allclose(steps[0, :PITCH], pair, rtol=1e-5)
    assert steps[-1, VOICED] == phrase.voiced[-1 - (frames % 2 == 0) :].mean()


def test_speech_is_where_it_is_loud() -> None:
    phrase = contours(100, voiced=0.5)
    share = speech_weight(to_steps(phrase))
    voiced = to_steps(phrase)[:, VOICED] > 0.5
    assert share[voiced].min() > 0.9
    assert share[:10].max() < 0.5


def test_a_click_does_not_make_speech_a_pause() -> None:
    steps = to_steps(contours(100, voiced=0.5))
    before = speech_weight(steps)
    steps[25, 0] += 40 * np.sqrt(80)
    np.testing.assert_allclose(np.delete(speech_weight(steps), 25), np.delete(before, 25), atol=0.1)


def test_generator_features_do_not_depend_on_the_level() -> None:
    soft, loud = contours(100), contours(100)
    loud.cepstrum[:, 0] += 50
    np.testing.assert_allclose(
        generator_features(to_steps(soft)), generator_features(to_steps(loud)), atol=1e-3
    )
    shown = generator_features(to_steps(soft))
    assert shown.shape == (50, N_FEATURES)
    voiced = shown[:, VOICED] > 0.5
    assert np.median(shown[voiced, N_COLUMNS]) == pytest.approx(0, abs=1e-4)


def test_a_phrase_without_a_voice() -> None:
    assert np.isfinite(generator_features(to_steps(contours(40, voiced=0.0)))).all()


def test_steps_are_interpolated_to_frames() -> None:
    line = np.arange(10, dtype=np.float32)[:, None]
    drawn = to_frames(line, 20)[:, 0]
    assert drawn.shape == (20,)
    np.testing.assert_allclose(np.diff(drawn[1:-1]), 0.5, atol=1e-6)
    assert to_frames(line, 19).shape == (19, 1)


def test_scaled_speech_has_mean_0_and_deviation_1() -> None:
    phrases = [to_steps(contours(100, seed=seed)) for seed in range(5)]
    scale = fit_scale(phrases)
    said = np.concatenate([p[speech_weight(p) > 0.5, :N_CHANGED] for p in phrases])
    scaled = (said - scale.mean) / scale.deviation
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-3)
    assert scale.feature_mean.shape == scale.feature_deviation.shape == (N_FEATURES,)
    assert (scale.feature_mean[MASK], scale.feature_deviation[MASK]) == (0, 1)
