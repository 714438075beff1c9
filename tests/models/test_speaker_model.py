"""The speaker model: emotions of clips, given how the same voice sounds otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ser.arrays import Doubles
from ser.models.speaker_model import SpeakerModel, prior_clips

LABELS = ("neutral", "happy", "sad")
CENTERS = np.array([[0.0, 0, 0], [4, 0, 0], [0, 4, 0]])
UNIT = np.eye(3)


def model(sets: Sequence[int] | None = None, **changed: Doubles) -> SpeakerModel:
    values = {
        "mean": np.ones(2),
        "scale": np.full(2, 2.0),
        "weights": np.array([[1.0, 0, 0], [0, 1, 0]]),
        "centers": CENTERS[None],
        "within": 0.5 * UNIT[None],
        "between": 9 * UNIT[None],
        "interaction": 0.1 * UNIT[None],
        "prior": prior_clips(LABELS, 1)[0][:1],
        "temperature": np.ones(1),
    }
    every = {**values, **changed}
    return SpeakerModel(**every, sets=np.array(sets or [0] * len(every["prior"])))


def plain(scores: Doubles) -> Doubles:
    """What a classifier says that does not know the voice: the nearest center."""
    distances = np.square(scores[:, None] - CENTERS).sum(axis=2)
    powers = np.exp(-distances / 2) + 1e-9
    return powers / powers.sum(axis=1, keepdims=True)


def recording(counts: tuple[int, int, int], offset: list[float]) -> tuple[Doubles, list[int]]:
    rng = np.random.default_rng(0)
    truth = [emotion for emotion, count in enumerate(counts) for _ in range(count)]
    return CENTERS[truth] + offset + rng.normal(0, 0.6, (len(truth), 3)), truth


def answers(scores: Doubles, found: SpeakerModel | None = None) -> list[int]:
    found = found or model()
    adaptation = found.adapt(scores, plain(scores))
    return found.probabilities(scores, adaptation).argmax(axis=1).tolist()


def test_scores_are_of_standardized_and_clipped_functionals() -> None:
    functionals = np.array([[1.0, 3.0], [101.0, 1.0]], np.float32)
    assert model().scores(functionals).tolist() == [[0, 1, 0], [5, 0, 0]]


@pytest.mark.parametrize("counts", [(8, 8, 8), (30, 2, 2), (30, 0, 0)])
@pytest.mark.parametrize("offset", [[0.0, 0, 0], [3.5, 0.5, 2], [-3, 3, 1]])
def test_a_voice_that_sounds_different_is_understood(
    counts: tuple[int, int, int], offset: list[float]
) -> None:
    scores, truth = recording(counts, offset)
    assert np.mean(np.array(answers(scores)) == truth) > 0.9
    if any(offset):
        # Without the voice, most of it is mistaken.
        assert np.mean(plain(scores).argmax(axis=1) == truth) < 0.75


def test_the_estimates_are_those_of_the_recording() -> None:
    scores, _ = recording((40, 10, 0), [3.0, -1, 2])
    adaptation = model().adapt(scores, plain(scores))
    assert adaptation.clips == 50
    (estimate,) = adaptation.estimates
    assert adaptation.weights == (1,)
    assert adaptation.unfamiliar == 0
    assert estimate.means[0] == pytest.approx([3, -1, 2], abs=0.5)
    assert estimate.shares == pytest.approx([44 / 55, 10.5 / 55, 0.5 / 55], abs=0.02)
    assert estimate.shares.sum() == pytest.approx(1)


def test_what_is_unfamiliar_varies_more() -> None:
    two = model(
        centers=np.stack([CENTERS, CENTERS]),
        within=np.stack([0.5 * UNIT, 0.5 * UNIT]),
        between=np.stack([0.5 * UNIT, 40 * UNIT]),
        interaction=np.stack([0.1 * UNIT, 0.1 * UNIT]),
        prior=np.tile(prior_clips(LABELS, 1)[0][:1], (2, 1)),
        sets=[0, 1],
    )
    for offset, low, high in ((0.3, 0, 0.2), (6.0, 0.9, 1)):
        scores, truth = recording((20, 6, 6), [-offset, offset, offset])
        adaptation = two.adapt(scores, plain(scores))
        assert low <= adaptation.unfamiliar <= high
        assert sum(adaptation.weights) == pytest.approx(1)
        assert len(adaptation.estimates) == 2
        found = two.probabilities(scores, adaptation)
        assert found.sum(axis=1) == pytest.approx(1)
        assert np.mean(found.argmax(axis=1) == truth) > 0.9


def test_little_speech_says_little_of_a_voice() -> None:
    scores = np.tile([2.0, 0, 0], (30, 1))
    narrow = model(between=0.2 * UNIT[None])
    shifts = [
        narrow.adapt(scores[:count], plain(scores[:count])).estimates[0].means[0, 0]
        for count in (1, 3, 30)
    ]
    assert 0 < shifts[0] < shifts[1] < shifts[2] < 2


def test_probabilities_are_calibrated_by_the_temperature() -> None:
    scores, _ = recording((5, 5, 5), [0.0, 0, 0])
    sharp, flat = model(), model(temperature=np.array([4.0]))
    adaptation = sharp.adapt(scores, plain(scores))
    one, other = (m.probabilities(scores, adaptation) for m in (sharp, flat))
    assert one.sum(axis=1) == pytest.approx(1)
    assert (other.max(axis=1) < one.max(axis=1)).all()
    powers = one ** (1 / 4)
    assert other == pytest.approx(powers / powers.sum(axis=1, keepdims=True), abs=1e-6)


def test_the_prior_is_neutral() -> None:
    prior, sets = prior_clips(("neutral", "calm", "sad"), 1)
    assert prior.tolist() == [[4, 1, 0.5], [10, 10, 10]]
    assert sets.tolist() == [0, 0]
    prior, sets = prior_clips(("happy", "sad"), 2)
    assert prior.tolist() == [[10, 10], [10, 10]]
    assert sets.tolist() == [0, 1]


def test_an_unfamiliar_voice_is_mostly_neutral_and_never_calm() -> None:
    prior, sets = prior_clips(("neutral", "calm", "sad", "angry"), 2)
    assert prior[:2].tolist() == [[4, 1, 0.5, 0.5], [10, 10, 10, 10]]
    assert prior[2] == pytest.approx([42, 0, 9, 9])
    assert sets.tolist() == [0, 0, 1]


def test_an_emotion_that_does_not_occur_is_no_answer() -> None:
    scores, truth = recording((20, 10, 10), [1.0, 1, 0])
    without = model(prior=np.array([[4.0, 0, 2]]))
    adaptation = without.adapt(scores, plain(scores))
    assert len(adaptation.estimates[0].means) == 2
    found = without.probabilities(scores, adaptation)
    assert (found[:, 1] == 0).all()
    assert found.sum(axis=1) == pytest.approx(1)
    others = np.array(truth) != 1
    assert np.mean(found.argmax(axis=1)[others] == np.array(truth)[others]) > 0.9


def test_what_holds_all_emotions_alike_is_not_taken_for_mostly_neutral() -> None:
    both = model(prior=prior_clips(LABELS, 1)[0])
    for counts, low, high in (((20, 20, 20), 0.7, 1.0), ((54, 3, 3), 0.0, 0.3)):
        scores, truth = recording(counts, [2.0, 1, -1])
        adaptation = both.adapt(scores, plain(scores))
        usual, alike = adaptation.weights
        assert low <= alike <= high
        assert usual + alike == pytest.approx(1)
        assert adaptation.unfamiliar == 0
        assert np.mean(np.array(answers(scores, both)) == truth) > 0.9


def test_priors_of_former_models_are_those_of_every_set() -> None:
    arrays = model().to_arrays()
    del arrays["sets"]
    one = SpeakerModel.from_arrays({**arrays, "prior": arrays["prior"][0]})
    assert one.prior.tolist() == arrays["prior"].tolist()
    assert one.sets.tolist() == [0]
    parts = ("centers", "within", "between", "interaction")
    twice = {name: np.tile(arrays[name], (2, 1, 1)) for name in parts}
    two = SpeakerModel.from_arrays({**arrays, **twice, "prior": np.array([[4.0, 1, 1], [9, 9, 9]])})
    assert two.prior.tolist() == [[4, 1, 1], [9, 9, 9], [4, 1, 1], [9, 9, 9]]
    assert two.sets.tolist() == [0, 0, 1, 1]


def test_shares_that_are_known_are_the_only_prior() -> None:
    scores, truth = recording((40, 10, 0), [2.0, 1, -1])
    shares = np.array([0.8, 0.2, 0])
    adaptation = model().adapt(scores, plain(scores), shares)
    (estimate,) = adaptation.estimates
    assert estimate.shares == pytest.approx([0.8, 0.2], abs=1e-3)
    found = model().probabilities(scores, adaptation)
    assert (found[:, 2] == 0).all()
    assert np.mean(found.argmax(axis=1) == truth) > 0.95


def test_arrays_are_kept_and_checked() -> None:
    arrays = model().to_arrays()
    again = SpeakerModel.from_arrays(arrays)
    assert all(np.array_equal(again.to_arrays()[name], values) for name, values in arrays.items())
    for name, wrong in (
        ("within", np.ones((1, 2, 2))),
        ("centers", np.full((1, 3, 3), np.nan)),
        ("prior", np.ones((1, 2))),
        ("prior", np.zeros((1, 3))),
        ("prior", np.array([[1.0, -1, 1]])),
        ("sets", np.ones(1)),
        ("sets", np.zeros(2)),
    ):
        with pytest.raises(ValueError, match=name):
            SpeakerModel.from_arrays({**arrays, name: wrong})
    del arrays["between"]
    with pytest.raises(ValueError, match="lacks between"):
        SpeakerModel.from_arrays(arrays)


def test_a_far_outlier_has_probabilities() -> None:
    scores, _ = recording((5, 5, 5), [0.0, 0, 0])
    adaptation = model().adapt(scores, plain(scores))
    far = np.array([[1e4, -1e4, 1e4]])
    assert np.isfinite(model().probabilities(far, adaptation)).all()
    assert replace(model()).probabilities(far, adaptation).sum() == pytest.approx(1)
