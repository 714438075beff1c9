"""A timeline as a label track of Audacity."""

from __future__ import annotations

from ser.labels import NO_SPEECH
from ser.timeline.window import Window
from ser.timeline.writers.base import SingleRecordingWriter, one_line
from ser.timeline.writers.subtitles import caption, voice_mark


class AudacityWriter(SingleRecordingWriter):
    """Writes start, end and label with tabs between them, times in seconds.

    The format is described in Audacity's manual under "Importing and Exporting Labels". Labels may
    overlap: Audacity shows them all. There is none without speech.
    """

    def write_one(self, window: Window) -> None:
        """Writes one label."""
        if window.emotion == NO_SPEECH:
            return
        text = one_line(voice_mark(window) + caption(window, 1))
        self.put(f"{window.start:.6f}\t{window.end:.6f}\t{text}\n")
