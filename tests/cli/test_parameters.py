"""What the package calls parameters is called options on the command line."""

from __future__ import annotations

from typing import Any

import click
import pytest

from ser.cli.common import Console, command
from ser.cli.parameters import find_option, find_parameter, say_options, usage_error
from ser.errors import ParameterError, SerError


@command("ser-parameters")
@click.argument("error", default="")
@click.option("--n-fft", type=int)
@click.option("-r", "--rate", "sample_rate", type=int)
@click.option("--engine", type=click.Choice(["auto", "litert", "keras"]), default="auto")
def main(console: Console, error: str, **values: Any) -> None:
    """Goes wrong."""
    if error == "usage":
        raise ParameterError("n_fft", "is too short", "raise `n_fft`, or use `engine=keras`", 12)
    if error == "other":
        raise ParameterError("hop", "must be positive", value=0)
    if error == "input":
        console.fail(SerError("a.keras", "has no network", "use `engine=keras` or `hop`"))


def test_the_value_of_an_option_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["usage"], standalone_mode=False) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("Usage: ser-parameters")
    assert lines[-1] == "Error: --n-fft 12: is too short; raise --n-fft, or use --engine keras."


def test_the_value_of_what_is_no_option_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["other"], standalone_mode=False) == 1
    assert capsys.readouterr().err == "ser-parameters: error: hop=0: must be positive\n"


def test_errors_about_inputs_name_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["input"], standalone_mode=False) == 1
    said = capsys.readouterr().err
    assert said.endswith("a.keras: has no network; use --engine keras or `hop`\n")


def test_debug_shows_where_a_wrong_value_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["usage", "--debug"], standalone_mode=False) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("kears", "'kears' is unknown; did you mean keras? Known names: auto, litert, keras."),
        ("gpu", "'gpu' is unknown; use one of auto, litert, keras."),
    ],
)
def test_unknown_choices(capsys: pytest.CaptureFixture[str], given: str, said: str) -> None:
    assert main.main(["--engine", given], standalone_mode=False) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last == f"Error: Invalid value for '--engine': {said}"


def test_choices_are_shown_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--help"], standalone_mode=False) == 0
    assert "[auto|litert|keras]" in capsys.readouterr().out


def test_names_are_found() -> None:
    assert find_parameter(main, "n_fft") is find_parameter(main, "--n-fft") is not None
    assert find_parameter(main, "ERROR") is not None
    # An argument is no option; an option may be shorter than what it sets.
    assert find_option(main, "error") is None
    assert find_option(main, "sample_rate") == "--rate"
    assert say_options(main, "give `sample_rate=8000`") == "give --rate 8000"
    assert find_parameter(main, "--hop") is None
    assert say_options(main, "`n_fft` and `hop` of `a b`") == "--n-fft and `hop` of `a b`"
    assert usage_error(main, ParameterError("hop", "is wrong")) is None
