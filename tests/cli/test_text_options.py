"""Options about words, and what they open."""

from __future__ import annotations

from typing import Any

import click
import pytest
from click.testing import CliRunner

from ser.cli.console import Console
from ser.cli.text_options import TEXT_PARAMETERS, TextOptions, add_text_options
from ser.text.fusion import FusionWeights


def parsed(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    @click.command()
    @add_text_options
    def command(**values: Any) -> None:
        found.update(values)

    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return found


def test_every_option_is_a_field() -> None:
    values = parsed()
    assert set(values) == set(TEXT_PARAMETERS)
    options = TextOptions(Console("test"), **values)
    assert options.weights == FusionWeights(0.6, 0.4)
    assert options.translate
    assert not options.offline


@pytest.mark.parametrize(
    ("code", "language"),
    [("en", "en"), ("en-GB", "en"), ("pl_PL", "pl"), (" DE ", "de"), ("", None)],
)
def test_languages_as_locales_write_them(code: str, language: str | None) -> None:
    assert parsed("--language", code)["language"] == language


def test_weights_that_are_none_are_wrong_usage() -> None:
    @click.command()
    @add_text_options
    def command(**values: Any) -> None:
        raise AssertionError

    result = CliRunner().invoke(command, ["--weights", "voice=2,text=-1"])
    assert result.exit_code == 2
    assert "give two numbers of 0 or more" in " ".join(result.output.split())


def test_the_recognizer_translates_where_it_can() -> None:
    class Recognizer:
        name = "tiny"
        translates = True

    options = TextOptions(Console("test"), **parsed())
    recognizer: Any = Recognizer()
    assert options._translator_for(recognizer)() is recognizer
    other = TextOptions(Console("test"), **parsed("--translate-model", "small"))
    assert getattr(other._translator_for(recognizer), "func", None) is not None
