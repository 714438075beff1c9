from __future__ import annotations

import numpy as np
import pytest
from tables import make_table

from ser.dataset.cues import active_frames, frame_levels, measure_cues
from ser.features.extract import Extractor
from ser.features.layout import functional_names, width
from ser.features.spec import PRESETS, FeatureSpec

RATE = 16_000


def recording(silence: float, level: float) -> np.ndarray:
    """One second of noise behind silence of some seconds."""
    noise = np.random.default_rng(0).normal(size=RATE).astype(np.float32) * 0.1
    return np.concatenate([np.zeros(round(silence * RATE), np.float32), noise * np.float32(level)])


def table_of(spec: FeatureSpec, *samples: np.ndarray):
    extractor = Extractor(spec)
    made = [extractor.compute_all(extractor.prepare(each)) for each in samples]
    frames = max(len(matrix) for matrix, _ in made)
    table = make_table(len(made), spec=spec, frames=frames, coefficients=width(spec))
    table["x"] = 0
    for i, (matrix, functionals) in enumerate(made):
        table["x"][i, : len(matrix)] = matrix
        table["frames"][i] = len(matrix)
        if len(functionals):
            table["functionals"][i] = functionals
    table["duration"] = [len(extractor.prepare(each)) / RATE for each in samples]
    return table


@pytest.mark.parametrize(
    "spec",
    [
        FeatureSpec(),
        FeatureSpec(families=("mel",)),
        FeatureSpec(families=("mel",), mel_scale="power"),
        FeatureSpec(families=("rms",)),
        FeatureSpec(families=("zcr", "mfcc")),
    ],
    ids=["logmel", "mel", "power", "rms", "mfcc"],
)
def test_frames_tell_length_level_and_silence(spec: FeatureSpec) -> None:
    cues = measure_cues(table_of(spec, recording(0.5, 1), recording(1, 0.1)))
    assert cues.notes == ()
    assert cues.values["length"][:, 0].tolist() == [1.5, 2]
    assert np.diff(cues.values["level"][:, 0]) == pytest.approx(-20, abs=0.5)
    assert cues.values["silence"][:, 0] == pytest.approx([1 / 3, 1 / 2], abs=0.03)
    assert cues.values["silence"][:, 1] == pytest.approx([0.5, 1], abs=0.03)


def test_functionals_tell_what_normalization_took_away() -> None:
    spec = PRESETS["emotion"].with_changes(trim=None)
    cues = measure_cues(table_of(spec, recording(0.5, 1), recording(1, 0.1)))
    assert cues.notes == ()
    assert np.diff(cues.values["level"][:, 0]) == pytest.approx(-20, abs=0.5)
    assert cues.values["silence"][:, 0] == pytest.approx([1 / 3, 1 / 2], abs=0.05)
    assert "fullness" in functional_names(spec)


def test_what_features_do_not_tell_is_said() -> None:
    cues = measure_cues(table_of(FeatureSpec(normalise="utterance"), recording(1, 1)))
    assert list(cues.values) == ["length"]
    assert cues.notes == (
        "the features do not tell the level",
        "the features do not tell the silence",
    )
    pooled = measure_cues(table_of(FeatureSpec(pool="mean"), recording(1, 1)))
    assert list(pooled.values) == ["length", "level"]
    assert frame_levels(np.ones((3, 12), np.float32), FeatureSpec(families=("chroma",))) is None


def test_a_recording_without_sound_has_numbers() -> None:
    cues = measure_cues(table_of(FeatureSpec(), np.zeros(RATE, np.float32)))
    assert all(np.isfinite(values).all() for values in cues.values.values())
    assert active_frames(np.full(4, -100.0)) == slice(0, 4)
