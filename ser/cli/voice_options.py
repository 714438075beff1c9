"""Options of ``ser-translate`` that change a voice by numbers, and its loudness."""

from __future__ import annotations

from typing import Any

import click

from ser.conversion.knobs import NEUTRAL
from ser.conversion.loudness import Loudness


class LoudnessType(click.ParamType):  # type: ignore[type-arg]  # generic in newer click alone
    """``keep``, ``actor``, or LUFS: `ser.conversion.loudness.Loudness`."""

    name = "loudness"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Loudness:
        """Reads a number; whether it is one of the range is asked later."""
        if value in ("keep", "actor") or isinstance(value, float):
            return value  # type: ignore[no-any-return]
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is none: write keep, actor, or LUFS such as -23.", param, ctx)


class Measure(click.ParamType):  # type: ignore[type-arg]  # generic in newer click alone
    """A number with a unit that may be left out: ``+2st``, ``-3dB``, ``1.3``.

    Args:
        unit: The unit; empty for none.
    """

    name = "number"

    def __init__(self, unit: str) -> None:
        self._unit = unit

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Shows the unit."""
        return f"N{self._unit}" if self._unit else "FACTOR"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Reads a number; its range is checked later."""
        if isinstance(value, float):
            return value
        text = str(value).strip()
        if self._unit and text.lower().endswith(self._unit.lower()):
            text = text[: -len(self._unit)]
        try:
            return float(text)
        except ValueError:
            example = f"+2{self._unit}" if self._unit else "1.3"
            self.fail(f"{value!r} is no number: write {example}, say.", param, ctx)


_KNOBS = {
    "pitch": ("st", "Semitones by which the voice is higher, as +2st."),
    "range": ("", "Factor of the range of the pitch: 1.3 has more melody."),
    "rate": ("", "Factor of the speaking rate: 0.9 is slower."),
    "tilt": ("dB", "Decibels by which 4 kHz rise over 500 Hz: +3dB is brighter."),
    "level": ("dB", "Decibels by which results are louder than --loudness says."),
    "pauses": ("", "Factor of the length of pauses between phrases."),
}


def knob_options() -> list[Any]:
    """Gives the options of `ser.conversion.knobs.Knobs`, by the names of its fields."""
    return [
        click.option(
            f"--{name}", name, type=Measure(unit), default=getattr(NEUTRAL, name), help=text
        )
        for name, (unit, text) in _KNOBS.items()
    ]


def loudness_option() -> Any:
    """Gives ``--loudness``."""
    return click.option(
        "--loudness",
        metavar="keep|actor|LUFS",
        type=LoudnessType(),
        default="keep",
        show_default=True,
        help="How loud results are: keep is the source's integrated loudness (ITU-R BS.1770), "
        "actor the change of level that actors make, a number LUFS, as -23. Changes of level "
        "within a recording stay.",
    )
