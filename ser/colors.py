"""One color per emotion, the same in every picture and on the terminal.

The hues start from the palette of Okabe and Ito (2008, "Color Universal Design") and were moved
until the common eight differ by a CIELAB distance of 17 or more for people with any of the three
color deficiencies as Machado et al. (2009) simulate them.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType

from ser.labels import UNCERTAIN

EMOTION_COLORS: Mapping[str, str] = MappingProxyType(
    {
        "neutral": "#828282",
        "calm": "#45C4F2",
        "happy": "#E6B41C",
        "sad": "#1B4A9C",
        "angry": "#C8420A",
        "fearful": "#67245F",
        "disgust": "#159B5A",
        "surprised": "#D06FC0",
        "boredom": "#8C6D4F",
        "contempt": "#7A1F3D",
        "excited": "#D6D02E",
        "frustrated": "#A0522D",
        "sarcastic": "#3FB8AF",
        # No hue: it is no emotion. Lighter than neutral.
        UNCERTAIN: "#B9BDC2",
    }
)
"""The colors of the known emotions, as ``#RRGGBB``."""

INK = "#22262B"
"""The color of text and axes."""

FAINT = "#8A9099"
"""The color of ticks, notes and grids."""

_SPARE = ("#4C6A92", "#B5651D", "#6B8E23", "#8B5A8C", "#2F7F86", "#A45A52")


def emotion_color(emotion: str) -> str:
    """Gives the color of an emotion, as ``#RRGGBB``; an unknown name always gets the same one."""
    if emotion in EMOTION_COLORS:
        return EMOTION_COLORS[emotion]
    return _SPARE[zlib.crc32(emotion.encode()) % len(_SPARE)]


def terminal_code(emotion: str) -> str:
    """Gives the color of an emotion as the parameters of an ANSI escape, out of 256 colors."""
    cube = [round(int(emotion_color(emotion)[i : i + 2], 16) / 255 * 5) for i in (1, 3, 5)]
    return f"38;5;{16 + 36 * cube[0] + 6 * cube[1] + cube[2]}"


def text_color_on(background: str) -> str:
    """Chooses dark or white text for a background, by its relative luminance (WCAG 2)."""
    return INK if _luminance(background) > 0.22 else "#FFFFFF"


def contrast_ratio(first: str, second: str) -> float:
    """Gives the contrast ratio of two colors, 1 to 21 (WCAG 2)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    linear = [_linear(int(color[i : i + 2], 16) / 255) for i in (1, 3, 5)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
