"""Windows from a client."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ser.web.problems import ProblemError
from ser.web.timelines import TimelineRequest


def request(**changes: object) -> TimelineRequest:
    window = {"start": 0, "end": 1, "emotion": "sad", "confidence": 0.5} | changes
    return TimelineRequest.model_validate({"windows": [window]})


def test_windows() -> None:
    (window,) = request(probabilities={"sad": 0.5}).to_windows(("sad", "calm"))
    assert (window.start, window.end, window.emotion, window.confidence) == (0, 1, "sad", 0.5)
    assert request(emotion="no speech").to_windows(("sad",))[0].emotion == "no speech"


@pytest.mark.parametrize("wrong", [{"emotion": "x"}, {"end": 0}, {"probabilities": {"x": 1}}])
def test_wrong_windows(wrong: dict[str, object]) -> None:
    with pytest.raises(ProblemError):
        request(**wrong).to_windows(("sad",))


@pytest.mark.parametrize("wrong", [{"start": -1}, {"end": float("nan")}, {"confidence": 2}])
def test_values_out_of_range(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        request(**wrong)
