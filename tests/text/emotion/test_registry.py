"""Which classifier of texts is taken, and what is said about it."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ser.errors import SerError
from ser.text.emotion.registry import open_text_classifier


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache."""
    hub = pytest.importorskip(
        "huggingface_hub.constants", reason="the extra [text] is not installed"
    )
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "cache"))


def test_the_word_list_by_name() -> None:
    notes: list[str] = []
    assert open_text_classifier("lexicon", note=notes.append).name == "word list"
    assert notes == []


@pytest.mark.usefixtures("nowhere")
def test_the_word_list_for_want_of_better() -> None:
    notes: list[str] = []
    assert open_text_classifier(offline=True, note=notes.append).name == "word list"
    (note,) = notes
    assert "built-in word list" in note
    if importlib.util.find_spec("torch") is None:
        assert "pip install" in note
    else:
        assert "--text-model FOLDER" in note


@pytest.mark.usefixtures("nowhere")
def test_what_was_named_is_never_replaced() -> None:
    with pytest.raises(SerError):
        open_text_classifier("somebody/some-model", offline=True)
