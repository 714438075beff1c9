from __future__ import annotations

import numpy as np
import pytest

from ser.evaluation.shortcuts import Shortcut, score_shortcuts

EMOTIONS = np.array(["sad", "happy", "angry"] * 40)
SPEAKERS = [f"c/{i // 12}" for i in range(120)]
TESTS = [np.arange(start, start + 24) for start in range(0, 120, 24)]


def scored(cue: np.ndarray) -> Shortcut:
    (found,) = score_shortcuts({"cue": cue}, EMOTIONS, SPEAKERS, {"apart": TESTS})
    assert (found.cue, found.protocol, found.clips) == ("cue", "apart", 120)
    assert found.chance == pytest.approx(1 / 3)
    return found


def test_a_number_that_tells_emotions_does() -> None:
    random = np.random.default_rng(0)
    length = np.where(EMOTIONS == "sad", 3.0, 2.0)[:, None] + random.normal(size=(120, 1)) * 0.01
    found = scored(length)
    assert 0.55 < found.uar < 0.8
    assert found.tells


def test_noise_and_a_constant_do_not() -> None:
    noise = np.random.default_rng(1).normal(size=(120, 2))
    assert not scored(noise).tells
    constant = scored(np.ones((120, 1)))
    assert constant.uar == pytest.approx(1 / 3)
    assert not constant.tells


def test_names_are_counted_and_new_ones_get_the_commonest_emotion() -> None:
    sentences = np.array([f"c/{emotion}" for emotion in EMOTIONS])
    assert scored(sentences).uar == 1
    # Every speaker is on one side only, and nothing is known of those on the other.
    assert scored(np.array(SPEAKERS)).uar == pytest.approx(1 / 3)


def test_each_cue_is_scored_with_each_protocol() -> None:
    steps: list[int] = []
    cues = {"a": np.ones((120, 1)), "b": np.array(SPEAKERS)}
    found = score_shortcuts(
        cues, EMOTIONS, SPEAKERS, {"p": TESTS, "q": TESTS[:1]}, progress=steps.append
    )
    assert [(one.cue, one.protocol, one.clips) for one in found] == [
        ("a", "p", 120), ("b", "p", 120), ("a", "q", 24), ("b", "q", 24),
    ]  # fmt: skip
    assert sum(steps) == 12
