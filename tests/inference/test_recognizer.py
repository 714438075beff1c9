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
import soundfile
from speech import render
from spoken import EMOTIONS

from ser.audio import reader
from ser.dataset.table import Table
from ser.errors import AudioError, SerError
from ser.features.extract import fit_frames
from ser.inference import recognizer
from ser.inference.engine import Engine, open_engine
from ser.inference.recognizer import Part, Windowing, default_windowing, learn_speech, model_seconds
from ser.labels import NO_SPEECH
from ser.timeline.window import Window

RATE = 16_000


def analyse(*args: Any, vad: bool = False, **options: Any) -> Any:
    """Classifies every window, whatever is in it, unless a test is about speech."""
    return recognizer.analyse(*args, vad=vad, **options)


@pytest.fixture(scope="session")
def engine(tiny_model: Path) -> Engine:
    return open_engine(tiny_model)


@pytest.fixture(scope="session")
def speech() -> Any:
    """Twelve seconds: three emotions of four speakers."""
    parts = [
        render(emotion, speaker, seed=9, seconds=1.0, intensity="strong")
        for speaker in range(1, 5)
        for emotion in EMOTIONS
    ]
    return np.concatenate(parts)


def write(path: Path, samples: Any, rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def spans(windows: Any) -> list[tuple[float, float]]:
    return [(round(w.start, 4), round(w.end, 4)) for w in windows]


def classify(engine: Engine, samples: Any) -> Any:
    return engine.probabilities(fit_frames(engine.extractor(samples), engine.frames)[None])[0]


CASES: dict[tuple[float, float, float], list[tuple[float, float]]] = {
    # length, window, hop
    (3.0, 1, 1): [(0, 1), (1, 2), (2, 3)],
    (3.4, 1, 1): [(0, 1), (1, 2), (2, 3)],
    (3.5, 1, 1): [(0, 1), (1, 2), (2, 3), (3, 3.5)],
    (1.0, 1, 1): [(0, 1)],
    (0.3, 1, 1): [(0, 0.3)],
    (0.3, 1, 0.1): [(0, 0.3)],
    (0.001, 1, 1): [(0, 0.001)],
    # overlapping
    (2.0, 1, 0.5): [(0, 1), (0.5, 1.5), (1, 2)],
    (2.2, 1, 0.5): [(0, 1), (0.5, 1.5), (1, 2)],
    (2.4, 1, 0.3): [(0, 1), (0.3, 1.3), (0.6, 1.6), (0.9, 1.9), (1.2, 2.2)],
    (3.2, 1, 0.8): [(0, 1), (0.8, 1.8), (1.6, 2.6), (2.4, 3.2)],
    (2.9, 1, 0.8): [(0, 1), (0.8, 1.8), (1.6, 2.6)],
    # with gaps
    (5.0, 1, 2): [(0, 1), (2, 3), (4, 5)],
    (5.5, 1, 2): [(0, 1), (2, 3), (4, 5)],
    (6.4, 1, 2): [(0, 1), (2, 3), (4, 5)],
    (6.6, 1, 2): [(0, 1), (2, 3), (4, 5), (6, 6.6)],
    (12.0, 0.5, 5): [(0, 0.5), (5, 5.5), (10, 10.5)],
    # other lengths than the network's
    (4.5, 2, 2): [(0, 2), (2, 4), (4, 4.5)],
    (1.1, 0.25, 0.25): [(0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)],
    (12.0, 30, 30): [(0, 12)],
}


@pytest.mark.parametrize(("case", "expected"), CASES.items(), ids=map(str, CASES))
def test_where_windows_lie(
    case: tuple[float, float, float],
    expected: list[tuple[float, float]],
    engine: Engine,
    speech: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    length, duration, hop = case
    path = write(tmp_path / "a.wav", speech[: round(length * RATE)])
    found = []
    for block in (10.0, 0.73, 0.05):
        monkeypatch.setattr(reader, "BLOCK_SECONDS", block)
        windows = list(analyse(path, engine, Windowing(duration, hop)))
        assert len(windows) == len(expected), spans(windows)
        assert np.array(spans(windows)) == pytest.approx(np.array(expected), abs=1e-4)
        found.append(np.array([list(w.probabilities.values()) for w in windows]))
    # How the recording is read must not be heard.
    assert found[1] == pytest.approx(found[0], abs=1e-6)
    assert found[2] == pytest.approx(found[0], abs=1e-6)


def test_what_a_window_says(engine: Engine, speech: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech)
    windows = list(analyse(path, engine, default_windowing(engine)))
    for number, window in enumerate(windows):
        expected = classify(engine, speech[number * RATE : (number + 1) * RATE])
        assert list(window.probabilities) == list(engine.labels)
        assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-6)
        assert window.emotion == engine.labels[int(expected.argmax())]
        assert window.confidence == pytest.approx(expected.max())
        assert window.file == str(path)
    said = [window.emotion for window in windows]
    assert sum(a == b for a, b in zip(said, EMOTIONS * 4, strict=True)) >= 10, said


def test_analysis_sees_what_training_saw(engine: Engine, spoken: Table, tmp_path: Path) -> None:
    samples = render("angry", 3, seed=2, seconds=1.0, text=1, intensity="strong")
    path = write(tmp_path / "a.wav", samples)
    [window] = analyse(path, engine, default_windowing(engine))
    record = spoken[spoken["path"] == "03/angry-2.wav"]
    expected = engine.probabilities(np.ascontiguousarray(record["x"]))[0]
    assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-4)


def test_other_sample_rates_are_read_alike(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
        windows = list(analyse(path, engine, Windowing(1, 1)))
        assert spans(windows) == [(i, i + 1) for i in range(6)]
        found.append(np.array([list(w.probabilities.values()) for w in windows]))
    assert found[1] == pytest.approx(found[0], abs=1e-3)


def test_longer_windows_are_means_of_parts(engine: Engine, speech: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech[: 6 * RATE])
    single = [list(w.probabilities.values()) for w in analyse(path, engine, Windowing(1, 1))]
    triple = [list(w.probabilities.values()) for w in analyse(path, engine, Windowing(3, 3))]
    assert triple[0] == pytest.approx(np.mean(single[:3], axis=0), abs=1e-6)
    assert triple[1] == pytest.approx(np.mean(single[3:], axis=0), abs=1e-6)
    # Where the parts do not fit they overlap, so that the end is heard as well.
    [window, *_] = analyse(path, engine, Windowing(2.5, 2.5))
    parts = [classify(engine, speech[start : start + RATE]) for start in (0, 12_000, 24_000)]
    assert list(window.probabilities.values()) == pytest.approx(np.mean(parts, axis=0), abs=1e-6)


def test_shorter_windows_are_padded(engine: Engine, speech: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech[: 2 * RATE])
    windows = list(analyse(path, engine, Windowing(0.5, 0.5)))
    for number, window in enumerate(windows):
        expected = classify(engine, speech[number * 8000 : (number + 1) * 8000])
        assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-6)


def test_a_pooled_model(pooled_model: Path, speech: Any, tmp_path: Path) -> None:
    engine = open_engine(pooled_model)
    assert math.isinf(model_seconds(engine))
    assert default_windowing(engine) == Windowing(3.0, 3.0)
    path = write(tmp_path / "a.wav", speech[: 5 * RATE])
    [first, rest] = analyse(path, engine, default_windowing(engine))
    assert (first.end, rest.end) == (3.0, 5.0)
    # The whole window is summarised, not its first part.
    assert list(first.probabilities.values()) == pytest.approx(
        classify(engine, speech[: 3 * RATE]), abs=1e-6
    )


def test_the_default_is_what_the_network_looks_at(engine: Engine) -> None:
    assert model_seconds(engine) == 1.0
    assert default_windowing(engine) == Windowing(1.0, 1.0)
    assert default_windowing(engine, 2.0) == Windowing(2.0, 2.0)
    assert default_windowing(engine, None, 0.25) == Windowing(1.0, 0.25)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, 1e-9])
def test_impossible_windows(engine: Engine, value: float) -> None:
    with pytest.raises(SerError, match="--duration"):
        default_windowing(engine, value, 1.0)
    with pytest.raises(SerError, match="--hop"):
        default_windowing(engine, 1.0, value)


def test_windows_before_a_defect_are_given(engine: Engine, speech: Any, tmp_path: Path) -> None:
    samples = np.tile(speech, 3)
    samples[25 * RATE] = np.nan
    windows: list[Window] = []
    path = write(tmp_path / "a.wav", samples)
    with pytest.raises(AudioError, match=r"a\.wav: holds samples that are not numbers"):
        windows.extend(analyse(path, engine, Windowing(1, 1)))
    assert len(windows) >= 20
    assert windows[-1].end <= 25


def test_the_tap_gets_every_sample(engine: Engine, speech: Any, tmp_path: Path) -> None:
    blocks: list[Any] = []
    list(analyse(write(tmp_path / "a.wav", speech), engine, Windowing(0.5, 5), tap=blocks.append))
    assert np.concatenate(blocks) == pytest.approx(speech, abs=1e-6)


def test_silence_and_noise_are_borne(engine: Engine, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, 2 * RATE).astype(np.float32)
    for samples in (np.zeros(2 * RATE, np.float32), noise):
        windows = list(analyse(write(tmp_path / "a.wav", samples), engine, Windowing(1, 1)))
        assert len(windows) == 2
        assert all(0 < w.confidence <= 1 for w in windows)


def peak(path: Path, engine: Engine, windowing: Windowing) -> int:
    tracemalloc.start()
    try:
        for _ in analyse(path, engine, windowing):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_recording(
    engine: Engine, speech: Any, tmp_path: Path
) -> None:
    short = write(tmp_path / "short.wav", np.tile(speech, 24))
    long = write(tmp_path / "long.wav", np.tile(speech, 72))
    windowing = Windowing(1, 1)
    peak(short, engine, windowing)
    low, high = peak(short, engine, windowing), peak(long, engine, windowing)
    assert long.stat().st_size > 50e6
    # How far ahead its threads are is up to chance.
    assert high < low + 4e6, (low, high)


def test_memory_does_not_grow_with_overlap(engine: Engine, speech: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech)
    wide, close = peak(path, engine, Windowing(1, 1)), peak(path, engine, Windowing(1, 0.01))
    assert close < wide + 8e6, (wide, close)


def test_windows_that_overlap_begin_with_a_frame(
    engine: Engine, speech: Any, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", speech)
    hop = engine.spec.hop_length
    windows = list(analyse(path, engine, Windowing(1, 0.37)))
    assert spans(windows) == [(round(0.37 * n, 4), round(0.37 * n + 1, 4)) for n in range(30)]
    for number, window in enumerate(windows):
        start = round(0.37 * number * RATE / hop) * hop
        assert abs(start / RATE - window.start) <= hop / RATE / 2 + 1e-9
        expected = classify(engine, speech[start : start + RATE])
        assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-4)
    # The last one ends with the recording, wherever it would begin.
    short = write(tmp_path / "b.wav", speech[: round(1.37 * RATE)])
    assert spans(analyse(short, engine, Windowing(1, 0.37))) == [(0, 1), (0.37, 1.37)]


@pytest.mark.parametrize("hop", [1, 0.25])
def test_the_number_of_processes_is_not_heard(
    hop: float, engine: Engine, speech: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.wav", np.tile(speech, 16))
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(recognizer, "useful_processes", lambda count=count: count)
        found.append(list(analyse(path, engine, Windowing(1, hop), vad=True)))
    monkeypatch.setattr(recognizer, "_LONG_BYTES", 1000)
    found.append(list(analyse(path, engine, Windowing(1, hop), vad=True)))
    assert len(found[0]) >= 192
    assert found[1:] == [found[0]] * 3


def test_nothing_is_left_when_nobody_reads_on(
    engine: Engine, speech: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognizer, "useful_processes", lambda: 2)
    path = write(tmp_path / "a.wav", np.tile(speech, 40))
    before = threading.active_count()
    windows = analyse(path, engine, Windowing(1, 1))
    assert [next(windows).start for _ in range(100)] == list(range(100))
    assert threading.active_count() > before
    assert len(multiprocessing.active_children()) == 2
    windows.close()
    assert threading.active_count() == before
    assert not multiprocessing.active_children()


def said(windows: Any) -> Any:
    return np.array([list(window.probabilities.values()) for window in windows])


def test_a_model_that_reads_functionals(
    prosodic_model: Path, prosodic: Table, speech: Any, tmp_path: Path
) -> None:
    engine = open_engine(prosodic_model)
    samples = render("angry", 3, seed=2, seconds=1.0, text=1, intensity="strong")
    path = write(tmp_path / "a.wav", samples)
    [window] = analyse(path, engine, default_windowing(engine))
    record = prosodic[prosodic["path"] == "03/angry-2.wav"]
    expected = engine.probabilities(record["x"], record["functionals"])[0]
    assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-3)
    # Nobody has told it of the voice: how loud the recording is must not be heard, but for what
    # falls under the floor of the logarithms.
    found = [
        said(analyse(write(tmp_path / "b.wav", speech * gain), engine, Windowing(1, 1)))
        for gain in (1.0, 0.3)
    ]
    assert found[1] == pytest.approx(found[0], abs=0.02)
    # Silence, noise and next to nothing are borne.
    noise = np.random.default_rng(0).uniform(-1, 1, 2 * RATE).astype(np.float32)
    for strange in (np.zeros(2 * RATE, np.float32), noise, noise[:10]):
        rows = said(analyse(write(tmp_path / "c.wav", strange), engine, Windowing(1, 1)))
        assert rows.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_what_is_known_of_the_voice_is_used(
    prosodic_model: Path, speech: Any, tmp_path: Path
) -> None:
    engine = open_engine(prosodic_model)
    path = write(tmp_path / "a.wav", speech)
    known = engine.calibration(*learn_speech(path, engine))
    windows = list(analyse(path, engine, Windowing(1, 1), calibration=known))
    parts = [speech[i * RATE : (i + 1) * RATE] for i in range(12)]
    found = [engine.extractor.everything(engine.extractor.prepare(part)) for part in parts]
    x = np.stack([fit_frames(matrix, engine.frames) for matrix, _ in found])
    expected = engine.probabilities(x, np.stack([vector for _, vector in found]), known)
    assert said(windows) == pytest.approx(expected, abs=1e-5)
    assert np.abs(said(windows) - said(analyse(path, engine, Windowing(1, 1)))).max() > 0.01


def test_speech_to_learn_from(engine: Engine, speech: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", speech[: 6 * RATE])
    x, functionals = learn_speech(path, engine, vad=False)
    # Windows of a second, every half second.
    assert x.shape == (11, engine.frames, engine.coefficients)
    assert functionals.shape == (11, 0)
    for number in (0, 3, 10):
        # From the nearest border of a frame on.
        hop = engine.spec.hop_length
        piece = speech[: 6 * RATE][(number * RATE // 2 + hop // 2) // hop * hop :][:RATE]
        expected = fit_frames(engine.extractor(piece), engine.frames)
        assert x[number] == pytest.approx(expected, abs=1e-4)
    # Windows that begin in the first two seconds.
    assert len(learn_speech(path, engine, seconds=2, vad=False)[0]) == 4
    assert len(learn_speech(path, engine, seconds=1e-3, vad=False)[0]) == 1


def test_pauses_are_not_learnt_from(engine: Engine, speech: Any, tmp_path: Path) -> None:
    pause = 1e-5 * np.random.default_rng(0).normal(0, 1, 20 * RATE).astype(np.float32)
    x, _ = learn_speech(write(tmp_path / "a.wav", np.concatenate([speech, pause])), engine)
    # 23 in the speech, and those of the border.
    assert 15 <= len(x) <= 25
    silent = write(tmp_path / "silent.wav", np.zeros(5 * RATE, np.float32))
    with pytest.raises(AudioError, match=r"silent\.wav: has no speech: there is no voice to learn"):
        learn_speech(silent, engine)


def test_a_pooled_model_learns_from_windows_too(
    pooled_model: Path, speech: Any, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", speech)
    x, _ = learn_speech(path, open_engine(pooled_model))
    # Three seconds each, every one and a half.
    assert x.shape == (7, 1, 96)


def test_where_nobody_speaks_nothing_is_classified(
    engine: Engine, speech: Any, tmp_path: Path
) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE).astype(np.float32)
    path = write(
        tmp_path / "a.wav", np.concatenate([speech[: 3 * RATE], noise, speech[: 3 * RATE]])
    )
    found = list(analyse(path, engine, Windowing(1, 1), vad=True))
    every = list(analyse(path, engine, Windowing(1, 1)))
    assert spans(found) == spans(every)
    for one, other in zip(found[3:6], every[3:6], strict=True):
        assert (one.emotion, one.confidence, dict(one.probabilities)) == (NO_SPEECH, 0.0, {})
        assert other.emotion in engine.labels
    # What is classified is what it is without the detector.
    for one, other in zip(found, every, strict=True):
        if one.emotion != NO_SPEECH:
            assert one == other
    assert NO_SPEECH not in {window.emotion for window in (*found[:2], *found[6:8])}


def test_noise_teaches_no_voice(engine: Engine, speech: Any, tmp_path: Path) -> None:
    noise = 0.2 * np.random.default_rng(0).standard_normal(8 * RATE).astype(np.float32)
    both = write(tmp_path / "a.wav", np.concatenate([noise, speech[: 4 * RATE]]))
    assert len(learn_speech(both, engine)[0]) <= 9
    assert len(learn_speech(both, engine, vad=False)[0]) == 23
    with pytest.raises(AudioError, match="has no speech"):
        learn_speech(write(tmp_path / "b.wav", noise), engine)


@pytest.mark.parametrize("part", [Part(2.5), Part(0, 4), Part(3.25, 7.5)])
def test_a_part_of_a_recording(
    part: Part, engine: Engine, speech: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.wav", speech[: 9 * RATE])
    last = 9.0 if part.end is None else part.end
    cut = speech[round(part.start * RATE) : round(last * RATE)]
    expected = list(analyse(write(tmp_path / "b.wav", cut), engine, Windowing(1, 1)))
    for block in (10.0, 0.4):
        monkeypatch.setattr(reader, "BLOCK_SECONDS", block)
        found = list(analyse(path, engine, Windowing(1, 1), part=part))
        assert np.array(spans(found)) == pytest.approx(np.array(spans(expected)) + part.start)
        assert said(found) == pytest.approx(said(expected), abs=1e-4)


def test_parts_that_are_none(engine: Engine, speech: Any, tmp_path: Path) -> None:
    for start, end in ((3, 3), (3, 2), (-1, None)):
        with pytest.raises(SerError, match=r"--(start|end)"):
            Part(start, end)
    path = write(tmp_path / "a.wav", speech[:RATE])
    with pytest.raises(AudioError, match="holds no samples after 5 s"):
        list(analyse(path, engine, Windowing(1, 1), part=Part(5)))
