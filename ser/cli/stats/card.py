"""A model's card as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from ser.cli.stats.table import spec_text
from ser.features.spec import FeatureSpec

# What people ask first; the rest of a card follows in its own order.
_FIRST = ("kind", "architecture", "labels", "spec", "corpora", "protocol", "metrics", "licence")
_TITLES = {"spec": "features", "labels": "emotions"}
_WIDTH = 100
_NAMES_SHOWN = 12


def card_lines(card: Mapping[str, Any], name: str, size: int) -> Iterator[str]:
    """Gives the lines about a model.

    Args:
        card: The contents of its ``ser.json``.
        name: What to call it.
        size: The artifact's size in bytes.
    """
    yield f"{name}: {size / 1e6:.2f} MB"
    keys = [key for key in _FIRST if key in card] + [key for key in card if key not in _FIRST]
    shown = {_TITLES.get(key, key): _value(key, card[key]) for key in keys}
    width = max(map(len, shown))
    for title, text in shown.items():
        for i, line in enumerate(text.split("\n")):
            yield from textwrap.wrap(
                f"{title if i == 0 else '':<{width}}  {line}",
                _WIDTH,
                initial_indent="",
                subsequent_indent=" " * (width + 2),
                drop_whitespace=True,
                break_on_hyphens=False,
            )


def _value(key: str, value: Any) -> str:
    if key == "spec":
        return spec_text(FeatureSpec.from_dict(value))
    if isinstance(value, Mapping):
        return "\n".join(f"{name} {_plain(inner)}" for name, inner in value.items()) or "none"
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        numbers = bool(value) and all(isinstance(item, int | float) for item in value)
        shown = ", ".join(_plain(item) for item in value[:_NAMES_SHOWN])
        more = f" ... ({len(value)} in all)" if len(value) > _NAMES_SHOWN else ""
        return f"[{shown}{more}]" if numbers else f"{shown}{more}" or "none"
    return str(value)
