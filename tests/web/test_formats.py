"""The format of an answer."""

from __future__ import annotations

import json

import pytest

from ser.api.timeline import Timeline
from ser.timeline.window import Window
from ser.timeline.writers.registry import FORMATS
from ser.web.formats import MEDIA_TYPES, choose_format, render
from ser.web.problems import ProblemError

TIMELINE = Timeline(
    [Window("a.wav", 0.0, 3.0, "sad", 0.7, {"calm": 0.3, "sad": 0.7})], labels=("calm", "sad")
)


def test_every_format_has_a_media_type() -> None:
    assert set(MEDIA_TYPES) == {"json", "html", *FORMATS}
    assert len(set(MEDIA_TYPES.values())) == len(MEDIA_TYPES)
    for name, media in MEDIA_TYPES.items():
        assert choose_format(media) == choose_format(None, name) == name
        assert b"sad" in render(TIMELINE, name)


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        (None, "json"),
        ("*/*", "json"),
        ("text/csv;q=0.5, text/vtt", "vtt"),
        ("image/png, text/*;q=0.1", "text"),
        ("text/csv;q=x, text/vtt;q=0.1", "vtt"),
    ],
)
def test_weights(accept: str | None, name: str) -> None:
    assert choose_format(accept) == name


def test_what_there_is_not() -> None:
    for accept, name, status in (("image/png", None, 406), (None, "docx", 422), ("", "", 422)):
        with pytest.raises(ProblemError) as stop:
            choose_format(accept, name)
        assert stop.value.status == status


def test_json() -> None:
    found = json.loads(render(TIMELINE, "json"))
    assert found["labels"] == ["calm", "sad"]
    assert found["windows"][0]["emotion"] == "sad"
