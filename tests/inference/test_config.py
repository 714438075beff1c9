"""One value that says how recordings are analyzed, wherever that is done."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import render
from spoken import EMOTIONS

from ser.errors import ParameterError
from ser.inference.adaptation import SELF, AdaptationSource, adapt
from ser.inference.classification import find_windows
from ser.inference.classifier import Classifier, open_classifier
from ser.inference.config import AnalysisConfig, make_config
from ser.inference.recognizer import Recognizer
from ser.inference.windowing import TimeRange, Windowing, network_seconds
from ser.timeline.postprocess import SEGMENT_OVERLAP, SEGMENT_SMOOTHING, Postprocessing

RATE = 16_000


@pytest.fixture(scope="module")
def classifier(prosodic_model: Path) -> Classifier:
    return open_classifier(prosodic_model)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> str:
    parts = [render(emotion, 3, seed=30 + k, seconds=2.0) for k, emotion in enumerate(EMOTIONS)]
    path = tmp_path_factory.mktemp("said") / "said.wav"
    soundfile.write(path, np.concatenate(parts), RATE, subtype="FLOAT")
    return str(path)


def config(adaptation: AdaptationSource) -> AnalysisConfig:
    return AnalysisConfig(
        Windowing(1.0, 0.5), TimeRange(0.5, 5.0), Postprocessing(), vad=False, adaptation=adaptation
    )


@pytest.mark.parametrize("from_recording", [False, True])
def test_a_recognizer_does_what_its_configuration_says(
    from_recording: bool, classifier: Classifier, recording: str
) -> None:
    chosen = config(AdaptationSource(from_recording=from_recording))
    found = list(Recognizer(classifier, chosen).windows(recording))
    adaptation = adapt([recording], classifier, vad=False) if from_recording else None
    expected = list(
        find_windows(
            recording,
            classifier,
            chosen.windowing,
            start=0.5,
            seconds=4.5,
            adaptation=adaptation,
            vad=False,
        )
    )
    assert len(found) == len(expected) > 5
    assert (found[0].start, found[0].end) == (0.5, 1.5)
    for one, other in zip(found, expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_adaptation_counts(classifier: Classifier, recording: str) -> None:
    plain, adapted = (
        list(
            Recognizer(classifier, config(AdaptationSource(from_recording=own))).windows(recording)
        )
        for own in (False, True)
    )
    change = [
        abs(one.probabilities[emotion] - other.probabilities[emotion])
        for one, other in zip(plain, adapted, strict=True)
        for emotion in classifier.labels
    ]
    assert max(change) > 0.01


def test_configurations_go_to_other_processes() -> None:
    chosen = config(AdaptationSource(from_recording=True, labelled=(("sad", "a.wav"),)))
    assert pickle.loads(pickle.dumps(chosen)) == chosen


def test_defaults(classifier: Classifier) -> None:
    seconds = network_seconds(classifier)
    plain = make_config(classifier)
    assert plain.windowing == Windowing(seconds, seconds)
    assert plain.postprocessing == Postprocessing(None, 0.0, False)
    assert plain.time_range == TimeRange()
    assert plain.adaptation == AdaptationSource()
    joined = make_config(classifier, segments=True)
    assert joined.windowing == Windowing(seconds, seconds / SEGMENT_OVERLAP)
    assert joined.postprocessing == Postprocessing(SEGMENT_SMOOTHING, 0.0, True)


def test_what_is_asked_for_goes_before_defaults(classifier: Classifier) -> None:
    asked = make_config(classifier, segments=True, hop=0.25, smooth=0.5, start=1, end=2)
    assert asked.windowing.hop == 0.25
    assert asked.postprocessing.stay == 0.5
    assert asked.time_range == TimeRange(1, 2)
    # Live sound has a hop of its own, which segments leave alone.
    live = make_config(classifier, segments=True, default_hop=0.2)
    assert live.windowing.hop == 0.2
    assert make_config(classifier, hop=0.5, default_hop=0.2).windowing.hop == 0.5
    assert make_config(classifier, adapt=[SELF]).adaptation == AdaptationSource(from_recording=True)


@pytest.mark.parametrize("options", [{"hop": 0}, {"duration": -1.0}, {"start": -1}, {"end": 0}])
def test_values_out_of_range(classifier: Classifier, options: dict[str, float]) -> None:
    with pytest.raises(ParameterError) as caught:
        make_config(classifier, **options)  # type: ignore[arg-type]
    assert caught.value.parameter == next(iter(options))
