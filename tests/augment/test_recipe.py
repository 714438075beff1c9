"""Recipes: alternatives, chains, ranges; and what they draw."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, sound, speech

from ser.augment.noise import Noise
from ser.augment.recipe import apply_transforms, format_label, parse_recipe, transform_names
from ser.errors import SerError


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("noise", [["noise"]]),
        ("noise,stretch", [["noise"], ["stretch"]]),
        ("noise+reverb", [["noise", "reverb"]]),
        ("stretch:0.9..1.1+noise:15, pitch", [["stretch", "noise"], ["pitch"]]),
    ],
)
def test_commas_and_plus_signs(text: str, names: list[list[str]]) -> None:
    recipe = parse_recipe(text)
    assert [[link.name for link in chain] for chain in recipe.chains] == names
    assert parse_recipe(str(recipe)) == recipe
    assert pickle.loads(pickle.dumps(recipe)) == recipe


@pytest.mark.parametrize("text", ["", "noise,", "noise++gain", "noise,echo", "noise:1..2..3"])
def test_what_is_no_recipe(text: str) -> None:
    with pytest.raises(SerError):
        parse_recipe(text)


def test_every_alternative_is_drawn_about_as_often() -> None:
    recipe = parse_recipe("noise,stretch+gain,shift")
    kinds = [
        transform_names(format_label(recipe.draw(np.random.default_rng(n)))) for n in range(600)
    ]
    for kind in ("noise", "stretch+gain", "shift"):
        assert 150 < kinds.count(kind) < 250


def test_ranges_are_covered_evenly() -> None:
    recipe = parse_recipe("noise:10..20")
    values = [recipe.draw(np.random.default_rng(n))[0][1].value for n in range(400)]
    counts, _ = np.histogram(values, bins=4, range=(10, 20))
    assert counts.min() > 70


def test_chains_are_applied_in_order() -> None:
    clip = speech(RATE, 1.0)
    recipe = parse_recipe("gain:-20+noise:0")
    chance = np.random.default_rng(0)
    drawn = recipe.draw(chance)
    result = apply_transforms(drawn, clip, RATE, chance)
    # Noise as loud as the quieter clip, and not 20 dB louder.
    rest = result - clip * np.float32(0.1)
    assert np.sqrt(np.mean(rest**2) / np.mean(clip**2)) == pytest.approx(0.1, rel=0.02)
    assert format_label(drawn).startswith("gain=-20dB,noise=0dB:")
    assert transform_names(format_label(drawn)) == "gain+noise"


def test_bounds_over_all_alternatives() -> None:
    recipe = parse_recipe("stretch:0.8..1.5+speed:0.5..0.9,noise")
    assert recipe.max_duration(2.0) == pytest.approx(2.0 * 1.5 / 0.5)
    assert parse_recipe("speed:1.2..2").max_duration(2.0) == 2.0
    lengths = [len(format_label(recipe.draw(np.random.default_rng(n)))) for n in range(50)]
    assert max(lengths) <= recipe.max_label_length()


def test_noise_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "cafe.wav").write_bytes(sound(speech(RATE, 1.0), RATE))
    recipe = parse_recipe("stretch,gain+noise:5", tmp_path)
    noise = recipe.chains[1][1]
    assert isinstance(noise, Noise)
    assert [entry.kind for entry in noise.recordings] == ["cafe"]
    with pytest.raises(SerError, match="noise_from: means nothing without noise"):
        parse_recipe("gain", tmp_path)
