"""Emotions keep apart for people with colour deficiencies."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ser.colors import EMOTION_COLORS, emotion_color, terminal_code, text_color_on
from ser.labels import COMMON, SPECIFIC

# Machado, Oliveira and Fernandes (2009), full severity, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
         [0.004733, 0.691367, 0.303900]]
    ),
}  # fmt: skip


def linear(code: str) -> np.ndarray:
    value = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
              [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
    xyz = np.array(to_xyz) @ rgb / [0.95047, 1, 1.08883]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", VISION)
def test_the_common_emotions_stay_apart(vision: str) -> None:
    seen = {n: lab(np.clip(VISION[vision] @ linear(EMOTION_COLORS[n]), 0, 1)) for n in COMMON}
    for a, b in itertools.combinations(COMMON, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 17, (a, b)


@pytest.mark.parametrize("name", [*COMMON, *SPECIFIC])
def test_every_emotion_is_seen_on_white_and_its_name_upon_it(name: str) -> None:
    def contrast_ratio(a: str, b: str) -> float:
        levels = sorted(0.05 + float(np.dot([0.2126, 0.7152, 0.0722], linear(c))) for c in (a, b))
        return levels[1] / levels[0]

    assert name in EMOTION_COLORS
    assert contrast_ratio(emotion_color(name), "#FFFFFF") > 1.5
    assert contrast_ratio(emotion_color(name), text_color_on(emotion_color(name))) > 3.5


def test_names_that_are_not_known_keep_their_colour() -> None:
    assert emotion_color("melancholy") == emotion_color("melancholy")
    assert emotion_color("melancholy").startswith("#")


def test_terminal_colours() -> None:
    assert terminal_code("neutral") == "38;5;145"
    assert len({terminal_code(name) for name in COMMON}) == len(COMMON)
