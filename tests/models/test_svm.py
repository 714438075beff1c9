"""The support vector machine as a network: what scikit-learn decides, it decides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from isolated import load_without_ser

from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.litert_export import export_litert
from ser.models.registry import make_architecture
from ser.models.svm import DECISION_LAYER, SVM, pooled_input
from ser.training.svm import fit_svm

SIZE, CLASSES = 180, 4
PROBLEM = Problem(1, SIZE, CLASSES)

# From powers in the upper bands of quiet speech to squared levels in decibels.
SCALES = np.geomspace(1e-13, 1e3, SIZE)


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def clips(count: int, seed: int = 0) -> tuple[Any, Any]:
    """Classes that overlap, in features of very different sizes, as spectra have them."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, CLASSES, count)
    centres = np.random.default_rng(9).normal(size=(CLASSES, SIZE))
    x = (centres[y] + rng.normal(size=(count, SIZE)) * 3) * SCALES + 10 * SCALES
    return x.astype(np.float32).astype(np.float64), y


def reference(arch: SVM, x: Any, y: Any, weights: Any, new: Any) -> Any:
    """Decision values as scikit-learn itself gives them, with its scaler."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, LinearSVC

    if arch.kernel == "rbf":
        one: Any = SVC(C=arch.C, gamma="scale" if arch.gamma == 1 else arch.gamma / SIZE)
    else:
        one = LinearSVC(C=arch.C, dual=False, max_iter=10_000)
    scaler = StandardScaler().fit(x)
    import sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        machine = OneVsRestClassifier(one.set_fit_request(sample_weight=True))
        machine.fit(scaler.transform(x), y, sample_weight=weights)
    return machine.decision_function(scaler.transform(new))


MACHINES = [
    SVM(),
    SVM(C=100.0, gamma=0.3),
    SVM(kernel="linear", C=0.01),
    SVM(kernel="linear", C=1.0),
]


@pytest.mark.parametrize("arch", MACHINES, ids=str)
def test_decisions_are_those_of_scikit_learn(keras: Any, arch: SVM) -> None:
    x, y = clips(400)
    new, _ = clips(100, seed=1)
    weights = np.random.default_rng(2).uniform(0.5, 2, len(y))
    machine = replace(fit_svm(arch, x, y, CLASSES, weights), scale=2.5)
    model = arch.network(keras, PROBLEM, machine)
    inner = keras.Model(model.input, model.get_layer(DECISION_LAYER).output)
    expected = reference(arch, x, y, weights, new)
    found = np.asarray(inner.predict_on_batch(new[:, None].astype(np.float32)))
    assert np.abs(found - expected).max() < 1e-4
    # Something is decided, and not the same for every clip.
    assert (np.ptp(expected, axis=0) > 0.1).all()
    powers = np.exp(2.5 * expected)
    answer = np.asarray(model.predict_on_batch(new[:, None].astype(np.float32)))
    assert np.abs(answer - powers / powers.sum(axis=1, keepdims=True)).max() < 1e-4


@pytest.mark.parametrize("arch", MACHINES[::2], ids=str)
@pytest.mark.parametrize("frames", [1, 20])
def test_litert_agrees(keras: Any, arch: SVM, frames: int) -> None:
    from ai_edge_litert.interpreter import Interpreter

    rng = np.random.default_rng(3)
    problem = Problem(frames, 12, CLASSES)
    x = rng.normal(-40, 5, (200, frames, 12)).astype(np.float32)
    x[:, frames // 2 + 1 :] = 0
    prefix = keras.Model(*pooled_input(keras, problem))
    features = np.asarray(prefix.predict_on_batch(x), np.float64)
    machine = fit_svm(arch, features, rng.integers(0, CLASSES, 200), CLASSES, np.ones(200))
    model = arch.network(keras, problem, machine)
    data = export_litert(model)
    assert data is not None
    interpreter = Interpreter(model_content=data)
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(entry, (50, frames, 12))
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, x[:50])
    interpreter.invoke()
    answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    expected = np.asarray(model.predict_on_batch(x[:50]))
    assert np.abs(answer - expected).max() < 1e-4
    assert np.ptp(expected, axis=0).max() > 0.01


def test_loads_without_ser_and_in_safe_mode(keras: Any, tmp_path: Path) -> None:
    x, y = clips(60)
    model = SVM().network(keras, PROBLEM, fit_svm(SVM(), x, y, CLASSES, np.ones(60)))
    pooled_input = x[:5, None].astype(np.float32)
    expected = np.asarray(model.predict_on_batch(pooled_input))
    loaded = load_without_ser(tmp_path, {"m": (model, pooled_input)})
    assert loaded["m"].answers == pytest.approx(expected, abs=1e-6)


def test_frames_are_pooled_without_their_padding(keras: Any) -> None:
    rng = np.random.default_rng(5)
    problem = Problem(30, 7, 2)
    x = np.zeros((4, 30, 7), np.float32)
    lengths = (30, 11, 2, 0)
    for clip, length in zip(x, lengths, strict=True):
        # Levels in decibels, where a sum of squares would lose the small deviations.
        clip[:length] = rng.normal(-4000, 0.5, (length, 7))
    found = np.asarray(keras.Model(*pooled_input(keras, problem)).predict_on_batch(x))
    assert found.shape == (4, 14)
    for row, clip, length in zip(found[:3], x, lengths, strict=False):
        exact = clip[:length].astype(np.float64)
        assert row[:7] == pytest.approx(exact.mean(axis=0), rel=1e-6)
        assert row[7:] == pytest.approx(exact.std(axis=0), rel=2e-3)
    assert not found[3].any()


def test_a_machine_that_has_seen_nothing_is_undecided(keras: Any) -> None:
    for kernel in ("rbf", "linear"):
        for frames in (1, 40):
            model = make_architecture("svm", {"kernel": kernel}).build(keras, Problem(frames, 9, 3))
            x = np.random.default_rng(0).normal(size=(5, frames, 9)).astype(np.float32)
            assert np.asarray(model.predict_on_batch(x)) == pytest.approx(1 / 3)


def test_an_emotion_without_clips_is_decided_against(keras: Any) -> None:
    x, y = clips(80)
    y[y == 2] = 0
    for arch in (SVM(), SVM(kernel="linear")):
        machine = fit_svm(arch, x, y, CLASSES, np.ones(80))
        assert not machine.weights[:, 2].any()
        assert machine.intercepts[2] == -1
        answer = arch.network(keras, PROBLEM, machine).predict_on_batch(x[:, None])
        assert (np.asarray(answer).argmax(axis=1) != 2).all()


def test_features_that_never_change_are_left_alone(keras: Any) -> None:
    x, y = clips(100)
    x[:, 3] = 0.1
    x[:, 5] = 0
    machine = fit_svm(SVM(), x, y, CLASSES, np.ones(100))
    assert machine.deviation[[3, 5]].tolist() == [1, 1]
    answer = SVM().network(keras, PROBLEM, machine).predict_on_batch(x[:, None])
    assert np.isfinite(np.asarray(answer)).all()


def test_options() -> None:
    assert make_architecture("svm", {"C": "10", "kernel": "linear"}) == SVM(kernel="linear", C=10.0)
    with pytest.raises(SerError, match="kernel=poly: is not a choice; use one of rbf, linear"):
        make_architecture("svm", {"kernel": "poly"})
    assert SVM.options()["C"].log
