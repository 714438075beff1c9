"""Augmentation: what it changes, what it must not, and where the changes come from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.errors import SerError
from ser.features.spec import FeatureSpec
from ser.training.spec_augment import NO_AUGMENTATION, SpectrogramAugmentation, mixup

MEL = FeatureSpec(n_mels=24)
NOTHING: dict[str, Any] = {"stretch": 0.0, "shift": 0, "time_masks": 0, "frequency_masks": 0}


def only(**settings: Any) -> SpectrogramAugmentation:
    return SpectrogramAugmentation(**{**NOTHING, **settings})


def clip(frames: int = 40, bands: int = 24) -> Any:
    matrix = np.random.default_rng(0).normal(3, 1, (frames, bands)).astype(np.float32)
    # Augmentation that wrote to its input would write to the user's table.
    matrix.flags.writeable = False
    return matrix


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("frames", [1, 2, 5, 20, 40, 41, 400])
@pytest.mark.parametrize("real", [1, 2, 3, 40])
def test_shapes(frames: int, real: int) -> None:
    for seed in range(20):
        changed = SpectrogramAugmentation()(clip(real), frames, MEL, rng(seed))
        assert changed.shape == (frames, 24)
        assert changed.dtype == np.float32
        assert np.isfinite(changed).all()


def test_the_seed_decides() -> None:
    augment = SpectrogramAugmentation()
    one, again, other = (augment(clip(), 50, MEL, rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("name", ["stretch", "shift", "time_masks", "mixup"])
def test_nothing_negative(name: str) -> None:
    with pytest.raises(SerError, match=rf"augment\.{name}=-1: must be at least 0"):
        only(**{name: -1})


def test_shares_are_at_most_everything() -> None:
    with pytest.raises(SerError, match=r"augment\.shift_share=1\.5: must be 0 to 1"):
        SpectrogramAugmentation(shift_share=1.5)
    with pytest.raises(SerError, match=r"augment\.stretch=nan: is not a finite number"):
        SpectrogramAugmentation(stretch=float("nan"))


def test_nothing_is_changed_where_nothing_is_asked_for() -> None:
    assert np.array_equal(NO_AUGMENTATION(clip(), 40, MEL, rng()), clip())


def test_short_clips_are_placed_anywhere_and_long_ones_cut_anywhere() -> None:
    starts, cuts = set(), set()
    for seed in range(200):
        placed = NO_AUGMENTATION(clip(6), 10, MEL, rng(seed))
        start = int(np.flatnonzero(placed.any(axis=1))[0])
        assert np.array_equal(placed[start : start + 6], clip(6))
        assert not np.delete(placed, slice(start, start + 6), axis=0).any()
        starts.add(start)
        cut = NO_AUGMENTATION(clip(14), 10, MEL, rng(seed))
        cuts.add(next(i for i in range(5) if np.array_equal(cut, clip(14)[i : i + 10])))
    assert starts == cuts == {0, 1, 2, 3, 4}


def test_masks_are_filled_with_the_mean_of_each_coefficient() -> None:
    widest = set()
    for seed in range(60):
        masked = only(time_masks=1, time_width=8)(clip(), 40, MEL, rng(seed))
        rows = np.flatnonzero((masked != clip()).any(axis=1))
        assert np.allclose(masked[rows], clip().mean(axis=0), atol=1e-6)
        assert len(rows) == 0 or rows[-1] - rows[0] + 1 == len(rows)
        widest.add(len(rows))
    assert widest <= set(range(9))
    assert len(widest) > 4
    for seed in range(60):
        masked = only(frequency_masks=1, frequency_width=5)(clip(), 40, MEL, rng(seed))
        columns = np.flatnonzero((masked != clip()).any(axis=0))
        assert np.allclose(masked[:, columns], clip().mean(axis=0)[columns], atol=1e-6)
        assert len(columns) <= 5


def test_a_mask_leaves_most_of_a_short_clip() -> None:
    for seed in range(100):
        masked = only(time_masks=1, time_width=25)(clip(8), 8, MEL, rng(seed))
        assert (masked != clip(8)).any(axis=1).sum() <= 2


def test_a_shift_moves_bands_and_repeats_the_outermost() -> None:
    seen = set()
    for seed in range(100):
        moved = only(shift=2, shift_share=1.0)(clip(), 40, MEL, rng(seed))
        matrix = clip()
        for bands in range(-2, 3):
            columns = np.clip(np.arange(24) - bands, 0, 23)
            if np.array_equal(moved, matrix[:, columns]):
                seen.add(bands)
                break
        else:
            pytest.fail("not a shift")
    assert seen == {-2, -1, 0, 1, 2}


@pytest.mark.parametrize(
    "spec",
    [
        FeatureSpec(families=("mfcc",), n_mfcc=24, n_mels=24),
        FeatureSpec(families=("logmel", "rms"), n_mels=23),
        FeatureSpec(n_mels=12, deltas=1),
        FeatureSpec(families=("chroma",), n_chroma=24),
    ],
)
def test_only_mel_bands_are_shifted(spec: FeatureSpec) -> None:
    for seed in range(50):
        assert np.array_equal(only(shift=3, shift_share=1.0)(clip(), 40, spec, rng(seed)), clip())


def test_a_stretch_keeps_the_course_and_changes_the_length() -> None:
    ramp = np.repeat(np.linspace(1, 2, 41, dtype=np.float32)[:, None], 3, axis=1)
    lengths = set()
    for seed in range(100):
        long = only(stretch=0.25, stretch_share=1.0)(ramp, 200, MEL, rng(seed))
        stretched = long[long.any(axis=1)]
        assert stretched == pytest.approx(
            np.repeat(np.linspace(1, 2, len(stretched))[:, None], 3, axis=1), abs=1e-5
        )
        lengths.add(len(stretched))
    assert min(lengths) >= 32
    assert max(lengths) <= 52
    assert len(lengths) > 8


def test_shares_are_kept() -> None:
    augment = only(shift=3, shift_share=0.5)
    changed = sum(
        not np.array_equal(augment(clip(), 40, MEL, rng(seed)), clip()) for seed in range(400)
    )
    # Half of the clips, less the seventh of them whose shift is zero.
    assert changed == pytest.approx(400 * 0.5 * 6 / 7, rel=0.2)


# mixup: pairs of clips, their emotions mixed by the same shares.

COUNT = 64


def batch(rng: np.random.Generator) -> list[np.ndarray]:
    """Clips that say in every number which they are."""
    number = np.arange(COUNT, dtype=np.float32)
    features = np.tile(number[:, None, None], (1, 5, 3))
    return [features, np.eye(COUNT, dtype=np.float32), 2 * number]


def test_all_that_belongs_to_a_clip_is_mixed_alike() -> None:
    rng = np.random.default_rng(0)
    x, y, weight = mixup(batch(rng), 0.4, rng)
    assert x.shape == (COUNT, 5, 3)
    assert {values.dtype for values in (x, y, weight)} == {np.dtype(np.float32)}
    assert np.allclose(y.sum(axis=1), 1)
    numbers = y @ np.arange(COUNT)
    assert np.allclose(x, numbers[:, None, None], atol=1e-4)
    assert np.allclose(weight, 2 * numbers, atol=1e-4)


def test_each_clip_stays_the_greater_part_of_its_own_mixture() -> None:
    rng = np.random.default_rng(1)
    _, y, _ = mixup(batch(rng), 1.0, rng)
    assert (y.argmax(axis=1) == np.arange(COUNT)).all()
    assert (y.max(axis=1) >= 0.5).all()
    assert (np.count_nonzero(y, axis=1) == 2).mean() > 0.8


@pytest.mark.parametrize(("alpha", "low", "high"), [(0.1, 0.9, 1.0), (8.0, 0.5, 0.7)])
def test_the_greater_alpha_the_more_even_the_mixtures(
    alpha: float, low: float, high: float
) -> None:
    rng = np.random.default_rng(2)
    _, y, _ = mixup(batch(rng), alpha, rng)
    assert low < y.max(axis=1).mean() < high


def test_what_is_given_is_not_changed() -> None:
    rng = np.random.default_rng(3)
    before = batch(rng)
    mixup(before, 0.4, rng)
    assert all(np.array_equal(a, b) for a, b in zip(before, batch(rng), strict=True))
