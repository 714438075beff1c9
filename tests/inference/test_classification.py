"""Windows over a recording: where they lie, what they say, and what they cost."""

from __future__ import annotations

import math
import multiprocessing
import threading
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render
from spoken import EMOTIONS
from windowed import RATE, analyze, classify, spans, twelve_seconds, write

from ser.audio import reader
from ser.dataset.table import Table
from ser.errors import AudioError
from ser.features.extract import fit_frames
from ser.inference import classification
from ser.inference.adaptation import speech_features
from ser.inference.classifier import Classifier, open_classifier
from ser.inference.windowing import TimeRange, Windowing, default_windowing, network_seconds
from ser.labels import NO_SPEECH
from ser.timeline.window import Window


@pytest.fixture(scope="session")
def classifier(tiny_model: Path) -> Classifier:
    return open_classifier(tiny_model)


@pytest.fixture(scope="session")
def speech() -> Any:
    return twelve_seconds()


def test_what_a_window_says(classifier: Classifier, speech: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech)
    windows = list(analyze(path, classifier, default_windowing(classifier)))
    for number, window in enumerate(windows):
        expected = classify(classifier, speech[number * RATE : (number + 1) * RATE])
        assert list(window.probabilities) == list(classifier.labels)
        assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-6)
        assert window.emotion == classifier.labels[int(expected.argmax())]
        assert window.confidence == pytest.approx(expected.max())
        assert window.file == str(path)
    said = [window.emotion for window in windows]
    assert sum(a == b for a, b in zip(said, EMOTIONS * 4, strict=True)) >= 10, said


def test_analysis_sees_what_training_saw(
    classifier: Classifier, spoken: Table, tmp_path: Path
) -> None:
    samples = render("angry", 3, seed=2, seconds=1.0, text=1, intensity="strong")
    path = write(tmp_path / "a.wav", samples)
    [window] = analyze(path, classifier, default_windowing(classifier))
    record = spoken[spoken["path"] == "03/angry-2.wav"]
    expected = classifier.probabilities(np.ascontiguousarray(record["x"]))[0]
    assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-4)


def test_other_sample_rates_are_read_alike(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    samples = np.concatenate(
        [
            render(e, 2, seed=1, seconds=2.0, sample_rate=44_100, intensity="strong")
            for e in EMOTIONS
        ]
    )
    path = write(tmp_path / "a.wav", samples, 44_100)
    found = []
    for block in (10.0, 0.9):
        monkeypatch.setattr(reader, "BLOCK_SECONDS", block)
        windows = list(analyze(path, classifier, Windowing(1, 1)))
        assert spans(windows) == [(i, i + 1) for i in range(6)]
        found.append(np.array([list(w.probabilities.values()) for w in windows]))
    assert found[1] == pytest.approx(found[0], abs=1e-3)


def test_a_pooled_model(pooled_model: Path, speech: Any, tmp_path: Path) -> None:
    classifier = open_classifier(pooled_model)
    assert math.isinf(network_seconds(classifier))
    assert default_windowing(classifier) == Windowing(3.0, 3.0)
    path = write(tmp_path / "a.wav", speech[: 5 * RATE])
    [first, rest] = analyze(path, classifier, default_windowing(classifier))
    assert (first.end, rest.end) == (3.0, 5.0)
    # The whole window is summarised, not its first part.
    assert list(first.probabilities.values()) == pytest.approx(
        classify(classifier, speech[: 3 * RATE]), abs=1e-6
    )


def test_windows_before_a_defect_are_given(
    classifier: Classifier, speech: Any, tmp_path: Path
) -> None:
    samples = np.tile(speech, 3)
    samples[25 * RATE] = np.nan
    windows: list[Window] = []
    path = write(tmp_path / "a.wav", samples)
    with pytest.raises(AudioError, match=r"a\.wav: holds samples that are not numbers"):
        windows.extend(analyze(path, classifier, Windowing(1, 1)))
    assert len(windows) >= 20
    assert windows[-1].end <= 25


def test_the_tap_gets_every_sample(classifier: Classifier, speech: Any, tmp_path: Path) -> None:
    blocks: list[Any] = []
    list(
        analyze(write(tmp_path / "a.wav", speech), classifier, Windowing(0.5, 5), tap=blocks.append)
    )
    assert np.concatenate(blocks) == pytest.approx(speech, abs=1e-6)


def test_silence_and_noise_are_borne(classifier: Classifier, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, 2 * RATE).astype(np.float32)
    for samples in (np.zeros(2 * RATE, np.float32), noise):
        windows = list(analyze(write(tmp_path / "a.wav", samples), classifier, Windowing(1, 1)))
        assert len(windows) == 2
        assert all(0 < w.confidence <= 1 for w in windows)


def peak(path: Path, classifier: Classifier, windowing: Windowing) -> int:
    tracemalloc.start()
    try:
        for _ in analyze(path, classifier, windowing):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_recording(
    classifier: Classifier, speech: Any, tmp_path: Path
) -> None:
    short = write(tmp_path / "short.wav", np.tile(speech, 24))
    long = write(tmp_path / "long.wav", np.tile(speech, 72))
    windowing = Windowing(1, 1)
    peak(short, classifier, windowing)
    low, high = peak(short, classifier, windowing), peak(long, classifier, windowing)
    assert long.stat().st_size > 50e6
    # How far ahead its threads are is up to chance.
    assert high < low + 4e6, (low, high)


def test_memory_does_not_grow_with_overlap(
    classifier: Classifier, speech: Any, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", speech)
    wide, close = (
        peak(path, classifier, Windowing(1, 1)),
        peak(path, classifier, Windowing(1, 0.01)),
    )
    assert close < wide + 8e6, (wide, close)


@pytest.mark.parametrize("hop", [1, 0.25])
def test_the_number_of_processes_is_not_heard(
    hop: float, classifier: Classifier, speech: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.wav", np.tile(speech, 16))
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(classification, "stream_processes", lambda count=count: count)
        found.append(list(analyze(path, classifier, Windowing(1, hop), vad=True)))
    monkeypatch.setattr(classification, "_LONG_BYTES", 1000)
    found.append(list(analyze(path, classifier, Windowing(1, hop), vad=True)))
    assert len(found[0]) >= 192
    assert found[1:] == [found[0]] * 3


def test_nothing_is_left_when_nobody_reads_on(
    classifier: Classifier, speech: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classification, "stream_processes", lambda: 2)
    path = write(tmp_path / "a.wav", np.tile(speech, 40))
    before = threading.active_count()
    windows = analyze(path, classifier, Windowing(1, 1))
    assert [next(windows).start for _ in range(100)] == list(range(100))
    # The processes are served by this thread.
    assert threading.active_count() == before
    assert len(multiprocessing.active_children()) == 2
    windows.close()
    assert threading.active_count() == before
    assert not multiprocessing.active_children()


def said(windows: Any) -> Any:
    return np.array([list(window.probabilities.values()) for window in windows])


def test_a_model_that_reads_functionals(
    prosodic_model: Path, prosodic: Table, speech: Any, tmp_path: Path
) -> None:
    classifier = open_classifier(prosodic_model)
    samples = render("angry", 3, seed=2, seconds=1.0, text=1, intensity="strong")
    path = write(tmp_path / "a.wav", samples)
    [window] = analyze(path, classifier, default_windowing(classifier))
    record = prosodic[prosodic["path"] == "03/angry-2.wav"]
    expected = classifier.probabilities(record["x"], record["functionals"])[0]
    assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-3)
    # Nobody has told it of the voice: how loud the recording is must not be heard, but for what
    # falls under the floor of the logarithms.
    found = [
        said(analyze(write(tmp_path / "b.wav", speech * gain), classifier, Windowing(1, 1)))
        for gain in (1.0, 0.3)
    ]
    assert found[1] == pytest.approx(found[0], abs=0.02)
    # Silence, noise and next to nothing are borne.
    noise = np.random.default_rng(0).uniform(-1, 1, 2 * RATE).astype(np.float32)
    for strange in (np.zeros(2 * RATE, np.float32), noise, noise[:10]):
        rows = said(analyze(write(tmp_path / "c.wav", strange), classifier, Windowing(1, 1)))
        assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_what_is_known_of_the_voice_is_used(
    prosodic_model: Path, speech: Any, tmp_path: Path
) -> None:
    classifier = open_classifier(prosodic_model)
    path = write(tmp_path / "a.wav", speech)
    known = classifier.adapt(*speech_features(path, classifier))
    windows = list(analyze(path, classifier, Windowing(1, 1), adaptation=known))
    parts = [speech[i * RATE : (i + 1) * RATE] for i in range(12)]
    found = [classifier.extractor.compute_all(classifier.extractor.prepare(part)) for part in parts]
    x = np.stack([fit_frames(matrix, classifier.frames) for matrix, _ in found])
    expected = classifier.probabilities(x, np.stack([vector for _, vector in found]), known)
    assert said(windows) == pytest.approx(expected, abs=1e-5)
    assert np.abs(said(windows) - said(analyze(path, classifier, Windowing(1, 1)))).max() > 0.01


def test_speech_to_learn_from(classifier: Classifier, speech: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech[: 6 * RATE])
    x, functionals = speech_features(path, classifier, vad=False)
    # Windows of a second, every half second.
    assert x.shape == (11, classifier.frames, classifier.coefficients)
    assert functionals.shape == (11, 0)
    for number in (0, 3, 10):
        # From the nearest border of a frame on.
        hop = classifier.spec.hop_length
        piece = speech[: 6 * RATE][(number * RATE // 2 + hop // 2) // hop * hop :][:RATE]
        expected = fit_frames(classifier.extractor(piece), classifier.frames)
        assert x[number] == pytest.approx(expected, abs=1e-4)
    # Windows that begin in the first two seconds.
    assert len(speech_features(path, classifier, seconds=2, vad=False)[0]) == 4
    assert len(speech_features(path, classifier, seconds=1e-3, vad=False)[0]) == 1


def test_pauses_are_not_learnt_from(classifier: Classifier, speech: Any, tmp_path: Path) -> None:
    pause = 1e-5 * np.random.default_rng(0).normal(0, 1, 20 * RATE).astype(np.float32)
    x, _ = speech_features(write(tmp_path / "a.wav", np.concatenate([speech, pause])), classifier)
    # 23 in the speech, and those of the border.
    assert 15 <= len(x) <= 25
    silent = write(tmp_path / "silent.wav", np.zeros(5 * RATE, np.float32))
    with pytest.raises(AudioError, match=r"silent\.wav: has no speech: there is no voice to learn"):
        speech_features(silent, classifier)


def test_a_pooled_model_learns_from_windows_too(
    pooled_model: Path, speech: Any, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", speech)
    x, _ = speech_features(path, open_classifier(pooled_model))
    # Three seconds each, every one and a half.
    assert x.shape == (7, 1, 96)


def test_where_nobody_speaks_nothing_is_classified(
    classifier: Classifier, speech: Any, tmp_path: Path
) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    path = write(
        tmp_path / "a.wav", np.concatenate([speech[: 3 * RATE], noise, speech[: 3 * RATE]])
    )
    found = list(analyze(path, classifier, Windowing(1, 1), vad=True))
    every = list(analyze(path, classifier, Windowing(1, 1)))
    assert spans(found) == spans(every)
    for one, other in zip(found[3:6], every[3:6], strict=True):
        assert (one.emotion, one.confidence, dict(one.probabilities)) == (NO_SPEECH, 0.0, {})
        assert other.emotion in classifier.labels
    # What is classified is what it is without the detector.
    for one, other in zip(found, every, strict=True):
        if one.emotion != NO_SPEECH:
            assert one == other
    assert NO_SPEECH not in {window.emotion for window in (*found[:2], *found[6:8])}


def test_noise_teaches_no_voice(classifier: Classifier, speech: Any, tmp_path: Path) -> None:
    noise = 0.2 * np.random.default_rng(0).standard_normal(8 * RATE).astype(np.float32)
    both = write(tmp_path / "a.wav", np.concatenate([noise, speech[: 4 * RATE]]))
    assert len(speech_features(both, classifier)[0]) <= 9
    assert len(speech_features(both, classifier, vad=False)[0]) == 23
    with pytest.raises(AudioError, match="has no speech"):
        speech_features(write(tmp_path / "b.wav", noise), classifier)


@pytest.mark.parametrize("part", [TimeRange(2.5), TimeRange(0, 4), TimeRange(3.25, 7.5)])
def test_a_part_of_a_recording(
    part: TimeRange,
    classifier: Classifier,
    speech: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = write(tmp_path / "a.wav", speech[: 9 * RATE])
    last = 9.0 if part.end is None else part.end
    cut = speech[round(part.start * RATE) : round(last * RATE)]
    expected = list(analyze(write(tmp_path / "b.wav", cut), classifier, Windowing(1, 1)))
    for block in (10.0, 0.4):
        monkeypatch.setattr(reader, "BLOCK_SECONDS", block)
        found = list(analyze(path, classifier, Windowing(1, 1), part=part))
        assert np.array(spans(found)) == pytest.approx(np.array(spans(expected)) + part.start)
        assert said(found) == pytest.approx(said(expected), abs=1e-4)
