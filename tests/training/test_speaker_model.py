"""The distributions of a speaker model, estimated from scores."""

from __future__ import annotations

import numpy as np
import pytest

from ser.models.calibration import softmax
from ser.models.speaker_model import SpeakerModel
from ser.training.speaker_model import LeftOutClips, fit_speaker_model

LABELS = ("neutral", "happy", "sad", "angry")
CENTERS = 4 * np.eye(4)


def fitted(
    speakers: int = 40, noise: float = 1.0, spread: float = 2.0, familiar: int | None = None
) -> SpeakerModel:
    rng = np.random.default_rng(1)
    voice = np.repeat(np.arange(speakers), 40)
    targets = np.tile(np.repeat(np.arange(4), 10), speakers)
    offsets = rng.normal(0, spread, (speakers, 4))
    deviations = rng.normal(0, 1.5, (speakers, 4, 4))
    scores = CENTERS[targets] + offsets[voice] + deviations[voice, targets]
    scores = scores + rng.normal(0, noise, scores.shape)
    plain = softmax(-0.5 * np.square(scores[:, None] - CENTERS).sum(axis=2))
    clips = LeftOutClips(scores, plain, targets, voice, voice < (familiar or speakers))
    return fit_speaker_model(
        clips, LABELS,
        mean=np.zeros(4, np.float32),
        scale=np.ones(4, np.float32),
        weights=np.eye(4, dtype=np.float32),
        seed=0,
    )  # fmt: skip


def test_moments_are_those_of_the_scores() -> None:
    model = fitted()
    (centers,), (within,), (variance,), (interaction,) = (
        model.centers, model.within, model.between, model.interaction,
    )  # fmt: skip
    between = np.diag(centers) - centers.mean(axis=0)
    assert between == pytest.approx([3, 3, 3, 3], abs=0.6)
    assert np.diag(within) == pytest.approx(1, abs=0.15)
    # Offsets are means over four emotions, so a quarter of the deviations is in them.
    assert np.diag(variance) == pytest.approx(2**2 + 1.5**2 / 4, rel=0.5)
    assert np.diag(interaction).mean() == pytest.approx(0.3 * 1.5**2, rel=0.25)
    assert model.prior.tolist() == [[4, 0.5, 0.5, 0.5], [10] * 4]


def test_covariances_are_positive_for_few_speakers() -> None:
    model = fitted(speakers=2, spread=0.0)
    for (covariance,) in (model.within, model.between, model.interaction):
        assert np.linalg.eigvalsh(covariance).min() > 0


def test_what_is_harder_is_less_certain() -> None:
    easy, hard = fitted(), fitted(noise=3.0)
    assert hard.within[0].trace() > 4 * easy.within[0].trace()
    assert 0.2 < easy.temperature[0] < 10
    scores = CENTERS.astype(float)
    plain = np.full((4, 4), 0.25)
    sure = [
        m.probabilities(scores, m.adapt(scores, plain)).max(axis=1).mean() for m in (easy, hard)
    ]
    assert sure[0] > sure[1]


def test_familiar_clips_have_distributions_of_their_own() -> None:
    alone, both = fitted(speakers=20), fitted(speakers=40, familiar=20)
    assert len(alone.centers) == 1
    assert len(both.centers) == 2
    everything = fitted(speakers=40)
    assert both.within[1] == pytest.approx(everything.within[0])
    assert both.between[0] != pytest.approx(both.between[1])
