"""Windows that come from a client, to be written in another format."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from ser.labels import NOT_EMOTIONS
from ser.timeline.window import Window
from ser.web.problems import ProblemError

_Time = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class WindowRequest(BaseModel):
    """One window, with the names that JSON of an analysis has."""

    model_config = ConfigDict(extra="ignore")
    start: _Time
    end: _Time
    emotion: Annotated[str, Field(max_length=40)]
    confidence: _Share = 0.0
    probabilities: Annotated[dict[str, _Share], Field(max_length=64)] = {}
    channel: Annotated[int, Field(ge=1, le=64)] | None = None
    speaker: Annotated[str, Field(max_length=100)] | None = None


class TimelineRequest(BaseModel):
    """The windows of a recording."""

    name: Annotated[str, Field(max_length=200)] = "recording"
    windows: Annotated[list[WindowRequest], Field(max_length=100_000)]

    def to_windows(self, labels: Sequence[str]) -> list[Window]:
        """Gives the windows in the order of their starts.

        Args:
            labels: The emotions that there are.

        Raises:
            ProblemError: A window has another emotion, or ends before it starts.
        """
        known = {*labels, *NOT_EMOTIONS}
        for window in self.windows:
            if window.emotion not in known or not known.issuperset(window.probabilities):
                raise ProblemError(422, f"the emotions are {', '.join(labels)}")
            if window.end <= window.start:
                raise ProblemError(422, "a window ends before it starts")
        return [
            Window(
                self.name,
                w.start,
                w.end,
                w.emotion,
                w.confidence,
                w.probabilities,
                channel=w.channel,
                speaker=w.speaker,
            )
            for w in sorted(self.windows, key=lambda w: w.start)
        ]
