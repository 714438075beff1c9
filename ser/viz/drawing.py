"""A picture of one recording, gathered while the recording goes by."""

from __future__ import annotations

from pathlib import Path

from ser.inference.engine import Engine
from ser.timeline.window import Window
from ser.viz.overview import Overview


class Drawing:
    """Gathers what the picture needs, in memory that grows with the windows alone.

    Args:
        engine: The classifier; the picture names it.

    Attributes:
        overview: Takes every block of samples.
        windows: What was found so far.
    """

    def __init__(self, engine: Engine) -> None:
        self.overview = Overview(engine.spec.sample_rate)
        self.windows: list[Window] = []
        self._model = engine.path.stem

    def save(self, target: Path, recording: str) -> None:
        """Draws the picture.

        Args:
            target: A file; its ending says the format.
            recording: What the recording is called; the last part is the title.

        Raises:
            SerError: The picture cannot be drawn or written.
        """
        from ser.viz.timeline import draw_timeline

        draw_timeline(
            target,
            self.overview,
            self.overview.sample_rate,
            self.windows,
            title=Path(recording).name,
            subtitle=f"model {self._model}",
        )
