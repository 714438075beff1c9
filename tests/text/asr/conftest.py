"""Recognizers for the tests, and speech."""

from __future__ import annotations

from pathlib import Path

import pytest
import tinymodels

from ser.text.asr.sphinx import SphinxRecognizer


@pytest.fixture(scope="module")
def sphinx() -> SphinxRecognizer:
    return SphinxRecognizer()


@pytest.fixture(scope="module")
def polish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes everything for Polish."""
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    return tinymodels.whisper(tmp_path_factory.mktemp("asr") / "polish", language="pl", seed=1)


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows English alone."""
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    return tinymodels.whisper(tmp_path_factory.mktemp("asr") / "english", many=False, seed=1)
