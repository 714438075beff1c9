"""Where decoded frames stand in time: at the container's time, counted from its zero.

Frames follow each other without gaps in most recordings, and their time stamps, which containers
round, say no more than that. Where nothing was recorded for a while, or a packet is broken, the
stamps go on: the gap becomes silence of its length. Where they go back, files were joined, and time
goes on as if they had not.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

TOLERANCE = 0.1
"""Seconds that stamps may differ from the sound's own time: containers round, and clocks drift."""

# Behind a broken packet less of a difference counts: its sound is missing for certain.
_BROKEN_TOLERANCE = 0.005

BACK = 1.0
"""Stamps that go back by more seconds than these begin a new count."""

MAX_GAP = 3600.0
"""A gap of more seconds is none, but a broken stamp or another recording's clock."""

# So many frames have to agree on a jump: single stamps may be broken.
_WITNESSES = 8

# A jump by more than this needs a second witness.
_MAX_LONE_JUMP = 10.0

# A recording's zero, where a container has one of its own, is not the first packet's time.
_WITH_ZERO = frozenset({"mov", "matroska", "avi", "nut", "mxf"})

# Their stamps are those of packets that hold many frames, or of an early clock.
_IMPRECISE = frozenset({"asf", "rm", "avi", "mpeg", "wtv"})


class Broken(NamedTuple):
    """A packet that could not be decoded.

    Attributes:
        time: Its time in the container; None where that is not known.
        seconds: Its length; 0 where that is not known.
        pause: It stands for a pause that was not sent, and is no defect.
        unstamped: Further seconds that the stamps behind it do not count, where the container has
            none of its own and FFmpeg counts packets.
    """

    time: float | None
    seconds: float
    pause: bool = False
    unstamped: float = 0.0


class Silence(NamedTuple):
    """A gap between frames.

    Attributes:
        seconds: Its length.
    """

    seconds: float


@dataclass
class Defects:
    """What is wrong with the time of a recording.

    Attributes:
        gaps: Start and end of each gap, in seconds; the first ones.
        gap_count: How many gaps there are.
        gap_seconds: How long they are together.
        broken_count: How many packets were broken.
        broken_seconds: How long they are together.
        first_broken: Where the first is, in seconds.
        jumps: Where stamps jump by an absurd time: the place and by how much, in seconds.
    """

    gaps: list[tuple[float, float]] = field(default_factory=list)
    gap_count: int = 0
    gap_seconds: float = 0.0
    broken_count: int = 0
    broken_seconds: float = 0.0
    first_broken: float = 0.0
    jumps: list[tuple[float, float]] = field(default_factory=list)

    def add_gap(self, start: float, end: float) -> None:
        """Counts a gap."""
        if not self.gaps:
            self.gaps.append((start, end))
        self.gap_count += 1
        self.gap_seconds += end - start

    def remarks(self) -> list[str]:
        """Says each kind of defect in a sentence."""
        found = []
        if self.gap_count == 1:
            start, end = self.gaps[0]
            found.append(f"it holds no sound from {start:.1f} to {end:.1f} s: silence there")
        elif self.gap_count:
            found.append(
                f"it holds no sound in {self.gap_count} places, {self.gap_seconds:.1f} s "
                f"together, the first at {self.gaps[0][0]:.1f} s: silence there"
            )
        if self.broken_count:
            what = "a packet is" if self.broken_count == 1 else f"{self.broken_count} packets are"
            where = "at" if self.broken_count == 1 else "the first at"
            length = f" of {self.broken_seconds:.2f} s" if self.broken_seconds else ""
            found.append(f"{what} broken, {where} {self.first_broken:.1f} s: silence{length}")
        if self.jumps:
            place, jump = self.jumps[0]
            count = f", and {len(self.jumps) - 1} times more" if len(self.jumps) > 1 else ""
            found.append(
                f"its time stamps jump by {jump:.0f} s at {place:.1f} s{count}: "
                "what follows is taken to follow at once"
            )
        return found


def zero_of(container: Any) -> float:
    """Gives the time of a container that its recording begins at, in seconds.

    Broadcasts and streams begin at any time of a clock that nobody set to zero.
    """
    if _WITH_ZERO & set(container.format.name.split(",")):
        return 0.0
    return (container.start_time or 0) / 1_000_000


def tolerance_of(container: Any) -> float:
    """Gives how far a container's stamps may be from the sound's own time, in seconds."""
    return 1.0 if _IMPRECISE & set(container.format.name.split(",")) else TOLERANCE


@dataclass
class Clock:
    """The time of what has been placed so far.

    Attributes:
        base: Seconds per unit of the stamps.
        zero: The container's time of the recording's zero; it moves where stamps begin anew.
        now: How much has been placed, in seconds from the zero.
        tolerance: How far stamps may be from that.
        defects: What is wrong.
        broken_seconds: How much was broken since the last frame; None for nothing.
        pause_seconds: How long a pause was not sent since then.
    """

    base: float
    zero: float
    now: float = 0.0
    tolerance: float = TOLERANCE
    defects: Defects = field(default_factory=Defects)
    broken_seconds: float | None = None
    pause_seconds: float = 0.0
    _broken_at: float = 0.0
    _broken_count: int = 0
    _unstamped: float = 0.0

    def count_broken(self, packet: Broken) -> None:
        """Takes a packet that could not be decoded."""
        if packet.pause:
            self.pause_seconds += packet.seconds
            return
        if self.broken_seconds is None:
            self.broken_seconds = 0.0
            self._broken_at = self.now if packet.time is None else packet.time - self.zero
        self.broken_seconds += packet.seconds
        self.zero -= packet.unstamped
        self._unstamped += packet.unstamped
        self._broken_count += 1

    def is_ahead(self, stamp: int | None) -> float:
        """Gives by how many seconds a stamp differs from the clock, if that may mean something."""
        if stamp is None:
            return 0.0
        # Not the frame's own time: PyAV makes a fraction for each.
        ahead = stamp * self.base - self.zero - self.now
        least = _BROKEN_TOLERANCE if self._is_explained else self.tolerance
        return ahead if ahead > least or ahead < -BACK else 0.0

    def jump(self, ahead: float) -> float:
        """Follows a jump of the stamps.

        Returns:
            How many seconds of silence it is; 0 where a new count begins.
        """
        if ahead < 0 or ahead > MAX_GAP:
            if ahead > 0:
                self.defects.jumps.append((self.now, ahead))
            self.zero += ahead
            return 0.0
        # A late start of less than a second is what films have, and no news.
        if not self._is_explained and (self.now or ahead >= 1.0):
            self.defects.add_gap(self.now, self.now + ahead)
        self.now += ahead
        return ahead

    def pass_frame(self, seconds: float) -> None:
        """Takes a frame that follows at once."""
        self.now += seconds
        if self.broken_seconds is not None:
            defects = self.defects
            if not defects.broken_count:
                defects.first_broken = max(self._broken_at, 0.0)
            defects.broken_count += self._broken_count
            defects.broken_seconds += self.broken_seconds + self._unstamped
        self.broken_seconds, self.pause_seconds = None, 0.0
        self._broken_count, self._unstamped = 0, 0.0

    @property
    def _is_explained(self) -> bool:
        """Whether it is known why a frame does not follow at once."""
        return self.broken_seconds is not None or self.pause_seconds > 0


def place(items: Iterator[Any], clock: Clock) -> Iterator[Any]:
    """Puts silence where there are gaps.

    Args:
        items: PyAV's frames in their order, and `Broken` where one is missing.
        clock: The time; it goes on as items are taken.

    Yields:
        Frames, and `Silence` between them.
    """
    ahead_of_us: deque[Any] = deque()

    def remaining() -> Iterator[Any]:
        while True:
            if ahead_of_us:
                yield ahead_of_us.popleft()
                continue
            item = next(items, None)
            if item is None:
                return
            yield item

    for item in remaining():
        if isinstance(item, Broken):
            clock.count_broken(item)
            continue
        seconds = item.samples / item.sample_rate
        ahead = clock.is_ahead(item.pts)
        if ahead:
            if len(ahead_of_us) < _WITNESSES:
                ahead_of_us.extend(itertools.islice(items, _WITNESSES - len(ahead_of_us)))
            if _agreed(ahead, clock, seconds, ahead_of_us):
                silence = clock.jump(ahead)
                if silence:
                    yield Silence(silence)
        clock.pass_frame(seconds)
        yield item
    if clock.pause_seconds:
        yield Silence(clock.pause_seconds)


def _agreed(ahead: float, clock: Clock, seconds: float, following: deque[Any]) -> bool:
    """Says whether the frames behind one agree with it on a jump."""
    at = clock.now + seconds
    jumps = []
    for frame in following:
        if isinstance(frame, Broken):
            at += frame.seconds
            continue
        if frame.pts is not None:
            jumps.append(frame.pts * clock.base - clock.zero - at)
        at += frame.samples / frame.sample_rate
    if not jumps:
        return abs(ahead) <= _MAX_LONE_JUMP
    return bool(abs(median(jumps) - ahead) <= max(clock.tolerance, 0.02 * abs(ahead)))
