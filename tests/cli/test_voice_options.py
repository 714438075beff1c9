"""Numbers with units, and loudness, as they are written on the command line."""

from __future__ import annotations

import click
import pytest

from ser.cli.voice_options import LoudnessType, Measure, knob_options
from ser.conversion.knobs import RANGES


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("st", "+2st", 2.0), ("st", "-1.5", -1.5), ("dB", "3DB", 3.0), ("dB", " -4 dB ", -4.0),
        ("", "1.3", 1.3),
    ],
)  # fmt: skip
def test_numbers_with_units(unit: str, text: str, value: float) -> None:
    assert Measure(unit).convert(text, None, None) == value


@pytest.mark.parametrize(("unit", "text"), [("st", "2dB"), ("", "2st"), ("dB", "loud"), ("", "")])
def test_what_is_no_number(unit: str, text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no number"):
        Measure(unit).convert(text, None, None)


def test_loudness() -> None:
    kind = LoudnessType()
    assert [kind.convert(text, None, None) for text in ("keep", "actor", "-23")] == [
        "keep", "actor", -23.0,
    ]  # fmt: skip
    with pytest.raises(click.BadParameter, match="write keep, actor, or LUFS"):
        kind.convert("loud", None, None)


def test_an_option_for_each_knob() -> None:
    command = click.Command("test")
    for add in knob_options():
        add(command)
    assert sorted(parameter.name or "" for parameter in command.params) == sorted(RANGES)
