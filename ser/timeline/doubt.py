"""Windows about which a model is not sure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ser.timeline.record import NO_SPEECH, UNCERTAIN, Window


def doubted(windows: Iterable[Window], least: float) -> Iterator[Window]:
    """Calls windows uncertain where the most probable emotion is not probable enough.

    Args:
        windows: Any windows.
        least: The confidence from which on an emotion is believed, 0 to 1.

    Yields:
        The windows; uncertain ones keep their probabilities and their confidence.
    """
    for window in windows:
        if window.confidence < least and window.emotion != NO_SPEECH:
            yield replace(window, emotion=UNCERTAIN)
        else:
            yield window
