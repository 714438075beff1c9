"""Classifiers: their features, their shapes, and what they learn of a voice."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import rewrite, with_card

from ser.dataset.table import Table
from ser.errors import ArtifactError, LabelError, ParameterError
from ser.features.prosody.speaker import MIN_CLIPS, estimate_baseline
from ser.inference.classifier import Adaptation, open_classifier
from ser.models.artifact import VOICE_MEMBER, read_voice
from ser.models.calibration import apply_temperature


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tiny_model, tmp_path / "copy.keras"))


def test_batches_do_not_matter(tiny_model: Path, spoken: Table) -> None:
    engine = open_classifier(tiny_model)
    x = np.ascontiguousarray(spoken["x"])
    whole = engine.probabilities(x)
    for size in (1, 7, 64, 65):
        parts = [engine.probabilities(x[i : i + size]) for i in range(0, len(x), size)]
        assert np.concatenate(parts) == pytest.approx(whole, abs=1e-5)
    assert engine.probabilities(x[:0]).shape == (0, 3)
    # Views and other float types are taken as well.
    assert engine.probabilities(x[::2].astype(np.float64)) == pytest.approx(whole[::2], abs=1e-5)


def test_it_knows_its_features(tiny_model: Path, spoken: Table) -> None:
    engine = open_classifier(tiny_model)
    assert engine.labels == ("neutral", "sad", "angry")
    assert (engine.frames, engine.coefficients) == (34, 24)
    right = engine.probabilities(np.ascontiguousarray(spoken["x"])).argmax(axis=1)
    assert (np.array(engine.labels)[right] == spoken["y"]).mean() > 0.9


def test_the_temperature(copy: Path, spoken: Table) -> None:
    x = np.ascontiguousarray(spoken["x"][:20])
    plain = open_classifier(with_card(copy, temperature=1.0)).probabilities(x)
    soft = open_classifier(with_card(copy, temperature=4.0)).probabilities(x)
    assert soft == pytest.approx(apply_temperature(plain, 4.0), abs=1e-5)
    assert soft.max(axis=1).mean() < plain.max(axis=1).mean() - 0.05


def test_thresholds_of_prediction_sets(copy: Path) -> None:
    levels = [round(1 - number / 100, 2) for number in range(1, 100)]
    thresholds = {"plain": levels, "adapted": [level / 2 for level in levels]}
    engine = open_classifier(with_card(copy, coverage=thresholds))
    assert engine.threshold(0.9, adapted=False) == pytest.approx(0.1)
    assert engine.threshold(0.9, adapted=True) == pytest.approx(0.05)
    for wrong in (0.0, 1.0, -1, float("nan")):
        with pytest.raises(ParameterError, match="coverage"):
            engine.threshold(wrong, adapted=False)


def test_a_model_without_thresholds_promises_nothing(tiny_model: Path) -> None:
    with pytest.raises(ArtifactError, match=r"cannot promise a coverage.*--report"):
        open_classifier(tiny_model).threshold(0.9, adapted=True)


@pytest.mark.parametrize(
    "wrong", [[], {"plain": [0.5] * 99}, {"plain": [2.0] * 99, "adapted": [0.5] * 99},
              {"plain": [True] * 99, "adapted": [0.5] * 99}, {"plain": [0.5], "adapted": [0.5]}]
)  # fmt: skip
def test_damaged_thresholds(copy: Path, wrong: Any) -> None:
    with pytest.raises(ArtifactError, match="bad card"):
        open_classifier(with_card(copy, coverage=wrong))


@pytest.mark.parametrize("shape", [(2, 34, 23), (2, 33, 24), (34, 24), (1, 2, 34, 24)])
def test_wrong_shapes_are_named(tiny_model: Path, shape: tuple[int, ...]) -> None:
    with pytest.raises(ArtifactError, match=r"tiny\.keras: takes 34 frames of 24 coefficients"):
        open_classifier(tiny_model).probabilities(np.zeros(shape, np.float32))


def test_without_a_filter_bank_it_is_computed(copy: Path) -> None:
    samples = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    expected = open_classifier(copy).extractor(samples)
    rewrite(copy, lambda name, data: None if name == "mel.npy" else data)
    assert open_classifier(copy).extractor(samples) == pytest.approx(expected, abs=1e-5)


def test_a_model_of_another_kind(copy: Path) -> None:
    with pytest.raises(ArtifactError, match="is a model of kind converter; give a classifier"):
        open_classifier(with_card(copy, kind="converter"))


@pytest.mark.parametrize("engine", ["litert", "keras"])
def test_a_card_of_another_network(copy: Path, engine: Any, spoken: Table) -> None:
    with_card(copy, labels=["neutral", "sad", "angry", "calm"])
    with pytest.raises(ArtifactError, match="3 outputs for 4 labels"):
        open_classifier(copy, engine, "cpu").probabilities(np.ascontiguousarray(spoken["x"][:2]))


def of(table: Table, records: Any) -> tuple[Any, Any]:
    """Features and functionals of some records."""
    return table["x"][records], table["functionals"][records]


def speaker(table: Table, name: str) -> Any:
    return np.flatnonzero(table["speaker"] == name)


def sound(probabilities: Any) -> None:
    assert (probabilities >= 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_functionals_have_to_be_there(prosodic_model: Path, prosodic: Table) -> None:
    engine = open_classifier(prosodic_model)
    x, functionals = of(prosodic, slice(0, 4))
    for wrong in (None, functionals[:, 1:], functionals[:3], functionals[:, :0]):
        with pytest.raises(ArtifactError, match=r"reads \d+ functionals of every clip; .*--like"):
            engine.probabilities(x, wrong)


def test_the_level_is_not_looked_at_unless_the_voice_is_known(
    prosodic_model: Path, prosodic: Table
) -> None:
    engine = open_classifier(prosodic_model)
    x, functionals = of(prosodic, slice(None))
    louder = functionals.copy()
    louder[:, 0] += 40
    assert engine.probabilities(x, louder) == pytest.approx(
        engine.probabilities(x, functionals), abs=1e-4
    )
    known = engine.adapt(*of(prosodic, speaker(prosodic, "01")))
    told, other = (engine.probabilities(x, f, known) for f in (functionals, louder))
    assert np.abs(told - other).max() > 0.01


def test_what_is_learnt_of_a_voice(prosodic_model: Path, prosodic: Table) -> None:
    engine = open_classifier(prosodic_model)
    x, functionals = of(prosodic, speaker(prosodic, "03"))
    known = engine.adapt(x, functionals)
    assert known is not None
    general = read_voice(prosodic_model)
    assert general is not None
    assert known.voice == pytest.approx(estimate_baseline(functionals, general))
    assert known.offset.shape == (3,)
    assert engine.adapt(x[: MIN_CLIPS - 1], functionals[: MIN_CLIPS - 1]) is None
    assert engine.adapt(x[:MIN_CLIPS], functionals[:MIN_CLIPS]) is not None


@pytest.mark.parametrize("kind", ["plain", "prosodic"])
def test_what_is_usual_for_a_voice_says_less(
    kind: str, tiny_model: Path, prosodic_model: Path, spoken: Table, prosodic: Table
) -> None:
    engine = open_classifier(tiny_model if kind == "plain" else prosodic_model)
    table = spoken if kind == "plain" else prosodic
    angry = np.flatnonzero(table["y"] == "angry")

    def ask(known: Adaptation | None, records: Any = angry) -> Any:
        functionals = table["functionals"][records] if kind == "prosodic" else None
        return engine.probabilities(table["x"][records], functionals, known)

    def learn(records: Any) -> Adaptation | None:
        functionals = table["functionals"][records] if kind == "prosodic" else None
        return engine.adapt(table["x"][records], functionals)

    place = engine.labels.index("angry")
    # A voice that always sounds angry is taken to sound so as a rule, the more so the more clips.
    believed = [ask(known)[:, place].mean() for known in (None, learn(angry[:4]), learn(angry))]
    assert believed[0] > believed[1] > believed[2]
    # From speech of all emotions, little changes about what it says on average.
    everything = np.arange(len(table))
    plain, told = (ask(known, everything) for known in (None, learn(everything)))
    sound(told)
    truth = table["y"] == np.array(engine.labels)[told.argmax(axis=1)]
    assert truth.mean() > 0.9
    assert told.mean(axis=0) == pytest.approx(plain.mean(axis=0), abs=0.15)


def test_certain_answers_stay_probabilities(tiny_model: Path, spoken: Table) -> None:
    engine = open_classifier(tiny_model)
    engine._runner = lambda inputs: np.tile(
        np.array([1, 0, 0], np.float32), (len(inputs["features"]), 1)
    )
    x = spoken["x"][:20]
    known = engine.adapt(x)
    assert known is not None
    assert np.isfinite(known.offset).all()
    sound(engine.probabilities(x, None, known))
    for offset in (np.array([-500, 0, 500]), np.array([3e4, -3e4, 0])):
        sound(engine.probabilities(x, None, Adaptation(None, offset.astype(np.float32))))


@pytest.mark.parametrize("kind", ["plain", "prosodic"])
def test_enrolled_clips_move_the_answer(
    kind: str, tiny_model: Path, prosodic_model: Path, spoken: Table, prosodic: Table
) -> None:
    engine = open_classifier(tiny_model if kind == "plain" else prosodic_model)
    table = spoken if kind == "plain" else prosodic
    x = table["x"][:12]
    functionals = table["functionals"][:12] if kind == "prosodic" else None

    def some(n: int) -> Any:
        return x[:n], None if functionals is None else functionals[:n]

    for place, emotion in enumerate(engine.labels):
        # All the same clips, whatever they really are: 01's, four of each emotion.
        chances = [engine.probabilities(x, functionals)[:, place].mean()]
        for n in (1, 4, 12):
            known = engine.enrol(*some(n), [emotion] * n)
            answer = engine.probabilities(x, functionals, known)
            sound(answer)
            chances.append(answer[:, place].mean())
        assert chances == sorted(chances)
        assert chances[-1] > chances[0] + 0.1


def test_enrolment_adds_to_a_calibration(prosodic_model: Path, prosodic: Table) -> None:
    engine = open_classifier(prosodic_model)
    x, functionals = of(prosodic, speaker(prosodic, "05"))
    known = engine.adapt(x, functionals)
    assert known is not None
    more = engine.enrol(x[:4], functionals[:4], ["sad"] * 4, known)
    assert more.voice is known.voice
    place = engine.labels.index("sad")
    before, after = (engine.probabilities(x, functionals, c)[:, place] for c in (known, more))
    assert (after > before).all()
    with pytest.raises(LabelError, match="boredom: is not among the model's labels"):
        engine.enrol(x[:1], functionals[:1], ["boredom"])


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"text"])
def test_a_damaged_voice(prosodic_model: Path, tmp_path: Path, content: bytes) -> None:
    copy = Path(shutil.copy(prosodic_model, tmp_path / "copy.keras"))
    rewrite(copy, lambda name, data: content if name == VOICE_MEMBER else data)
    with pytest.raises(ArtifactError, match=r"copy\.keras: has a damaged voice\.npy"):
        open_classifier(copy)


def test_a_known_prior_weighs_answers(tiny_model: Path, spoken: Table) -> None:
    x = np.ascontiguousarray(spoken["x"])
    plain = open_classifier(tiny_model)
    known = plain.with_prior({"neutral": 1, "sad": 3})
    assert plain.shares is None
    found = known.probabilities(x)
    wanted = plain.probabilities(x) * np.array([1, 3, 0])
    assert found == pytest.approx(wanted / wanted.sum(axis=1, keepdims=True), abs=1e-4)
    assert (found[:, 2] == 0).all()
    alike = open_classifier(tiny_model, prior="alike")
    assert alike.probabilities(x) == pytest.approx(plain.probabilities(x), abs=1e-5)


def test_a_voice_is_adapted_to_with_known_shares(tiny_model: Path, spoken: Table) -> None:
    x = np.ascontiguousarray(np.repeat(spoken["x"], 20, axis=0))
    known = open_classifier(tiny_model, prior={"neutral": 8, "angry": 2})
    found = known.probabilities(x, None, known.adapt(x))
    assert (found[:, 1] == 0).all()
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert found.mean(axis=0) == pytest.approx([0.8, 0, 0.2], abs=0.02)


def test_a_classifier_takes_its_prior_to_other_processes(tiny_model: Path, spoken: Table) -> None:
    known = open_classifier(tiny_model, prior={"neutral": 8, "angry": 2})
    function, arguments = known.__reduce__()
    x = np.ascontiguousarray(spoken["x"][:5])
    assert (function(*arguments).probabilities(x) == known.probabilities(x)).all()
