"""The palette on dark ground."""

from __future__ import annotations

from ser.plots.palette import contrast

DARK = "#14171B"
"""The ground of the page for those who prefer it dark."""

_LEAST = 3.5


def on_dark(colour: str) -> str:
    """Lightens a colour until it can be told from `DARK`; most need no change.

    Args:
        colour: ``#RRGGBB``.

    Returns:
        The same hue, with a contrast of at least 3.5 (WCAG 2 asks for 3 in graphics).
    """
    channels = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    for white in range(0, 100, 2):
        mixed = [round(c + (255 - c) * white / 100) for c in channels]
        lightened = "#{:02X}{:02X}{:02X}".format(*mixed)
        if contrast(lightened, DARK) >= _LEAST:
            return lightened
    return "#FFFFFF"
