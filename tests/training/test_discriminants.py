"""The trainer of discriminants: everything in closed form, in one epoch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spoken import CONFIG, of_speakers

from ser.dataset.table import Table
from ser.inference.classifier import Adaptation, open_classifier
from ser.models.lda import DISCRIMINANT_LAYER
from ser.training.loop import TrainedNetwork, TrainingData, train

TRAIN, TEST = ("01", "02", "03", "04", "05", "06"), ("07", "08")


@pytest.fixture(scope="module")
def trained(prosodic: Table) -> TrainedNetwork:
    data = TrainingData(prosodic, of_speakers(prosodic, *TRAIN), of_speakers(prosodic, *TEST))
    return train(data, replace(CONFIG, arch="lda", epochs=1), device="cpu")


def test_one_epoch_is_all(trained: TrainedNetwork) -> None:
    (row,) = trained.history
    assert row["accuracy"] > 0.6
    assert row["val_uar"] > 0.6
    kernel, _ = trained.model.get_layer(f"{DISCRIMINANT_LAYER}_0").get_weights()
    # The level is not read.
    assert np.abs(kernel[0]).max() < 1e-3 < np.abs(kernel[1:]).max()


def test_the_same_seed_gives_the_same(trained: TrainedNetwork, prosodic: Table) -> None:
    data = TrainingData(prosodic, of_speakers(prosodic, *TRAIN), of_speakers(prosodic, *TEST))
    again = train(data, replace(CONFIG, arch="lda", epochs=1), device="cpu")
    for one, other in zip(trained.model.get_weights(), again.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert trained.speaker_model is not None
    assert again.speaker_model is not None
    arrays = again.speaker_model.to_arrays()
    for name, values in trained.speaker_model.to_arrays().items():
        assert np.array_equal(values, arrays[name])


def test_its_speaker_model_is_that_of_the_artifact(lda_model: object, prosodic: Table) -> None:
    classifier = open_classifier(lda_model)
    model = classifier.speaker_model
    assert model is not None
    assert model.weights.shape == (prosodic["functionals"].shape[1], len(classifier.labels))
    records = prosodic[of_speakers(prosodic, "07")]
    x, functionals = np.asarray(records["x"]), np.asarray(records["functionals"])
    adaptation = classifier.adapt(x, functionals)
    assert isinstance(adaptation, Adaptation)
    assert adaptation.speaker is not None
    assert adaptation.speaker.clips == len(records)
    truth = np.array([classifier.labels.index(name) for name in records["y"].tolist()])
    for known, least in ((None, 0.6), (adaptation, 0.6)):
        found = classifier.probabilities(x, functionals, known)
        assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert (found.argmax(axis=1) == truth).mean() > least
    # A louder recording is the same voice.
    louder = functionals.copy()
    louder[:, 0] += 20
    assert classifier.probabilities(x, louder, adaptation) == pytest.approx(
        classifier.probabilities(x, functionals, adaptation), abs=1e-3
    )
