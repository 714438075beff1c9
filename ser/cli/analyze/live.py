"""Live sound in ``ser-analyze``: a microphone, or a recording that is played."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.audio.devices import meter_level
from ser.audio.microphone import MICROPHONE, Microphone
from ser.audio.player import Player
from ser.cli.analyze.screen import Screen
from ser.cli.analyze.session import Session
from ser.cli.analyze.views import MakeViews
from ser.cli.console import Console, allows_color, is_terminal
from ser.cli.exclusive import Excludes, exclude
from ser.cli.options import with_options
from ser.cli.paths import InputPath
from ser.errors import SerError
from ser.inference.config import AnalysisConfig
from ser.inference.consumers import Consumer
from ser.inference.live import Delays, end, follow, in_step, middle
from ser.inference.recognizer import Stage, analyze
from ser.io.files import STANDARD, is_special
from ser.timeline.postprocess import mark_uncertain
from ser.timeline.window import Window

# A microphone that works is never as silent as this for so long.
_MUTED_SECONDS = 3.0


MICROPHONE_OPTIONS = ("--mic", "--mic-device")
LIVE = (*MICROPHONE_OPTIONS, "--play")

LIVE_RULES = (
    Excludes(MICROPHONE_OPTIONS, "--play", "hear one of them"),
    Excludes(LIVE, ("--jobs", "--cluster"), "live sound is heard here"),
    Excludes(MICROPHONE_OPTIONS, "--start", "the microphone begins now"),
)
"""Which options live sound excludes."""


def live_options(function: Any) -> Any:
    """Adds the options for live sound; see `live_request`."""
    options = [
        click.option(
            "--mic",
            is_flag=True,
            help="Listen to the microphone until Ctrl-C, or --end; needs the extra [live].",
        ),
        click.option(
            "--mic-device",
            "--device-name",
            metavar="NAME",
            help="Which microphone: a part of its name, or its number.",
        ),
        click.option(
            "--play",
            metavar="FILE",
            type=InputPath(),
            help="Play FILE while its emotions appear in step; needs the extra [live].",
        ),
    ]
    return with_options(options, function)


@dataclass(frozen=True, slots=True)
class Live:
    """What is listened to.

    Attributes:
        play: The recording that is played; None for the microphone.
        device: Which microphone; None for the system's choice.
    """

    play: str | None
    device: str | None

    @property
    def name(self) -> str:
        """What stands for the file in the results."""
        return MICROPHONE if self.play is None else self.play


def live_request(
    mic: bool,
    device: str | None,
    play: str | None,
    inputs: Sequence[object],
) -> Live | None:
    """Gives the live sound that is asked for, or None.

    Args:
        mic: ``--mic``.
        device: ``--mic-device``, which means ``--mic``.
        play: ``--play``.
        inputs: All that names recordings.

    Raises:
        click.UsageError: It does not go with what else is asked for.
    """
    mic = mic or device is not None
    if not mic and play is None:
        return None
    context = click.get_current_context()
    if any(inputs):
        exclude(context, LIVE, "AUDIO", "live sound is analysed alone")
    if play is not None and (play == STANDARD or is_special(Path(play))):
        raise click.UsageError("--play reads a recording twice: give a file, not a pipe.")
    return Live(play, device)


def run_live(live: Live, session: Session, make_views: MakeViews, *, asked: bool) -> None:
    """Listens until the sound ends, or Ctrl-C.

    On a terminal's stderr there is a picture that moves; results are then written only where they
    are asked for, or where stdout is no terminal.

    Args:
        live: What is listened to.
        session: What the run works with; for its time range see `live_request`.
        make_views: Begins what is shown beside the timeline.
        asked: Whether an output or a format is asked for.

    Raises:
        SerError: A device cannot be opened, or nothing can be written.
    """
    console = session.console
    # The voice is learnt before anything is heard.
    recognizer = session.recognizer.adapted_to(live.name)
    config, labels = recognizer.config, recognizer.labels
    rate = recognizer.classifier.spec.sample_rate
    shown = not console.quiet and is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"
    writes = asked or not shown or not is_terminal(sys.stdout)
    with contextlib.ExitStack() as stack:
        views = stack.enter_context(make_views(live.name))
        # The device first: without one, nothing is written.
        source: Microphone | Player
        if live.play is None:
            source = Microphone(rate, device=live.device, seconds=config.time_range.end)
        else:
            source = Player(
                live.play,
                start=config.time_range.start,
                seconds=config.time_range.seconds,
                selection=config.selection,
            )
        stack.enter_context(source)
        consumers: list[Consumer] = [views]
        if writes:
            writer = stack.enter_context(session.outputs.open(1, labels))
            consumers.append(session.timeline(live.name, writer))
        screen = Screen(sys.stderr, labels, color=allows_color()) if shown else None
        if screen is not None:
            screen.open()
            stack.callback(screen.close)
        stack.enter_context(_ended_by_interrupt(source.stop))
        display = _Display(
            console,
            screen,
            rate,
            config.postprocessing.min_confidence,
            erases=writes and is_terminal(sys.stdout),
        )
        try:
            if isinstance(source, Microphone):
                analyze(
                    recognizer.without_time_range(),
                    live.name,
                    [*consumers, display],
                    blocks=source,
                    before=display.following(source.clock_time, end),
                )
            else:
                analyze(
                    recognizer,
                    live.name,
                    consumers,
                    blocks=_blocks(live.name, rate, config),
                    before=display.in_step_with(source),
                )
            views.save(console)
            if isinstance(source, Player):
                source.finish()
        except SerError as error:
            console.fail(error)
    display.conclude(source)


def _blocks(recording: str, rate: int, config: AnalysisConfig) -> Iterator[Samples]:
    return reader.stream(
        recording,
        rate,
        # One window at a time: many would be late together.
        block_seconds=min(config.windowing.hop, 1.0),
        offset=config.time_range.start,
        duration=config.time_range.seconds,
        selection=config.selection,
    )


class _Display(Consumer):
    """Keeps the moving picture up to date, and what is said about the run at the end.

    As a consumer it takes the blocks of a microphone.
    """

    def __init__(
        self,
        console: Console,
        screen: Screen | None,
        sample_rate: int,
        min_confidence: float,
        *,
        erases: bool,
    ) -> None:
        self._console = console
        self._screen = screen
        self._rate = sample_rate
        self._min_confidence = min_confidence
        self._erases = erases
        self._delays = Delays()
        self._seconds = 0.0
        self._silent = True

    def add_block(self, samples: Samples) -> None:
        """Shows the level of a recorded block, and warns where there is nothing but zeros."""
        self._seconds += len(samples) / self._rate
        if self._screen is not None:
            self._screen.tick(self._seconds, meter_level(samples))
        if not self._silent:
            return
        self._silent = not np.any(samples)
        if self._silent and self._seconds >= _MUTED_SECONDS:
            self._silent = False
            self._erase()
            self._console.warn(
                "the microphone gives nothing but zeros: is it muted, or this program not "
                "allowed to use it?"
            )

    def in_step_with(self, player: Player) -> Stage:
        """Gives the stage that shows windows when the moment is played that they speak of."""

        def idle() -> None:
            self._seconds = player.position()
            if self._screen is not None:
                self._screen.tick(self._seconds, player.level)

        show = self.following(player.clock_time, middle)
        return lambda windows: show(in_step(windows, lambda seconds: player.wait(seconds, idle)))

    def following(
        self, when: Callable[[float], float | None], moment: Callable[[Window], float]
    ) -> Stage:
        """Gives the stage that shows windows as they pass by, and measures their delay."""
        return lambda windows: follow(
            windows,
            when,
            moment,
            self._delays,
            before=self._erase if self._erases else lambda: None,
            show=self._show,
        )

    def conclude(self, source: Microphone | Player) -> None:
        """Says how it went."""
        if isinstance(source, Microphone) and source.lost:
            self._console.warn(f"the system was too busy and lost sound {source.lost} times")
        if self._delays.count:
            self._console.info(
                f"{self._delays.count} windows, each shown {self._delays.mean:.2f} s after its "
                f"sound (at most {self._delays.longest:.2f} s)"
            )

    def _show(self, window: Window, delay: float) -> None:
        if self._screen is None:
            self._console.detail(f"{window.start:.2f}-{window.end:.2f} s: delay {delay:.3f} s")
        else:
            self._screen.show(next(mark_uncertain([window], self._min_confidence)), delay)

    def _erase(self) -> None:
        if self._screen is not None:
            self._screen.erase()


@contextlib.contextmanager
def _ended_by_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """Makes Ctrl-C the end of the sound, and a second one an interruption."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def interrupted(signum: int, frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        stop()

    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
