"""How recordings are divided into windows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from windowed import RATE, analyze, classify, spans, twelve_seconds, write

from ser.audio import reader
from ser.errors import AudioError, SerError
from ser.inference.classification import short_temperature
from ser.inference.classifier import Classifier, open_classifier
from ser.inference.windowing import TimeRange, Windowing, default_windowing, network_seconds


@pytest.fixture(scope="session")
def classifier(tiny_model: Path) -> Classifier:
    return open_classifier(tiny_model)


@pytest.fixture(scope="session")
def speech() -> Any:
    return twelve_seconds()


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
    classifier: Classifier,
    speech: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    length, duration, hop = case
    path = write(tmp_path / "a.wav", speech[: round(length * RATE)])
    found = []
    for block in (10.0, 0.73, 0.05):
        monkeypatch.setattr(reader, "BLOCK_SECONDS", block)
        windows = list(analyze(path, classifier, Windowing(duration, hop)))
        assert len(windows) == len(expected), spans(windows)
        assert np.array(spans(windows)) == pytest.approx(np.array(expected), abs=1e-4)
        found.append(np.array([list(w.probabilities.values()) for w in windows]))
    # How the recording is read must not be heard.
    assert found[1] == pytest.approx(found[0], abs=1e-6)
    assert found[2] == pytest.approx(found[0], abs=1e-6)


def test_longer_windows_are_means_of_parts(
    classifier: Classifier, speech: Any, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", speech[: 6 * RATE])
    single = [list(w.probabilities.values()) for w in analyze(path, classifier, Windowing(1, 1))]
    triple = [list(w.probabilities.values()) for w in analyze(path, classifier, Windowing(3, 3))]
    assert triple[0] == pytest.approx(np.mean(single[:3], axis=0), abs=1e-6)
    assert triple[1] == pytest.approx(np.mean(single[3:], axis=0), abs=1e-6)
    # Where the parts do not fit they overlap, so that the end is heard as well.
    [window, *_] = analyze(path, classifier, Windowing(2.5, 2.5))
    parts = [classify(classifier, speech[start : start + RATE]) for start in (0, 12_000, 24_000)]
    assert list(window.probabilities.values()) == pytest.approx(np.mean(parts, axis=0), abs=1e-6)


def test_shorter_windows_are_padded_and_less_sure(
    classifier: Classifier, speech: Any, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", speech[: 2 * RATE])
    windows = list(analyze(path, classifier, Windowing(0.5, 0.5)))
    temperature = short_temperature(0.5, classifier)
    # The network sees 1 s.
    assert temperature == pytest.approx(2**0.58)
    for number, window in enumerate(windows):
        expected = classify(classifier, speech[number * 8000 : (number + 1) * 8000])
        tempered = expected ** (1 / temperature)
        assert list(window.probabilities.values()) == pytest.approx(
            tempered / tempered.sum(), abs=1e-5
        )
        assert window.confidence <= expected.max()


def test_windows_that_are_long_enough_are_as_sure_as_clips(classifier: Classifier) -> None:
    temperatures = [short_temperature(seconds, classifier) for seconds in (0.0, 0.3, 0.6, 1.0, 9.0)]
    assert temperatures == sorted(temperatures, reverse=True)
    assert temperatures[-2:] == [1.0, 1.0]


def test_the_default_is_what_the_network_looks_at(classifier: Classifier) -> None:
    assert network_seconds(classifier) == 1.0
    assert default_windowing(classifier) == Windowing(1.0, 1.0)
    assert default_windowing(classifier, 2.0) == Windowing(2.0, 2.0)
    assert default_windowing(classifier, None, 0.25) == Windowing(1.0, 0.25)


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf, 1e-9])
def test_impossible_windows(classifier: Classifier, value: float) -> None:
    with pytest.raises(SerError, match="duration"):
        default_windowing(classifier, value, 1.0)
    with pytest.raises(SerError, match="hop"):
        default_windowing(classifier, 1.0, value)


def test_windows_that_overlap_begin_with_a_frame(
    classifier: Classifier, speech: Any, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.wav", speech)
    hop = classifier.spec.hop_length
    windows = list(analyze(path, classifier, Windowing(1, 0.37)))
    assert spans(windows) == [(round(0.37 * n, 4), round(0.37 * n + 1, 4)) for n in range(30)]
    for number, window in enumerate(windows):
        start = round(0.37 * number * RATE / hop) * hop
        assert abs(start / RATE - window.start) <= hop / RATE / 2 + 1e-9
        expected = classify(classifier, speech[start : start + RATE])
        assert list(window.probabilities.values()) == pytest.approx(expected, abs=1e-4)
    # The last one ends with the recording, wherever it would begin.
    short = write(tmp_path / "b.wav", speech[: round(1.37 * RATE)])
    assert spans(analyze(short, classifier, Windowing(1, 0.37))) == [(0, 1), (0.37, 1.37)]


def test_parts_that_are_none(classifier: Classifier, speech: Any, tmp_path: Path) -> None:
    for start, end in ((3, 3), (3, 2), (-1, None)):
        with pytest.raises(SerError, match=r"^(start|end): "):
            TimeRange(start, end)
    path = write(tmp_path / "a.wav", speech[:RATE])
    with pytest.raises(AudioError, match="holds no samples after 5 s"):
        list(analyze(path, classifier, Windowing(1, 1), part=TimeRange(5)))
