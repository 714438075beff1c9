"""Turns of speakers: who speaks when, and how a conversation goes to and fro."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

INTERRUPTION_SECONDS = 0.2
"""Whoever begins less than so long before another ends has not interrupted: turns that follow each
other quickly touch by about so much."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of one speaker's speech.

    Attributes:
        start: Seconds from the start of the recording.
        end: Likewise, after `start`.
        speaker: Who speaks; empty where that is not known.
    """

    start: float
    end: float
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class TurnTaking:
    """How a speaker takes part in a conversation.

    Overlap between speakers and overlap within a turn are told apart as in Heldner and Edlund,
    "Pauses, gaps and overlaps in conversations", Journal of Phonetics 38, 2010: who begins while
    another speaks and goes on when that one has ended interrupts; who ends first does not.

    Attributes:
        seconds: The time in which the speaker speaks.
        share: The share of `seconds` in those of all speakers, 0 to 1.
        turns: The number of turns: all that a speaker says until another begins is one.
        turn_share: The share of `turns` in those of all speakers, 0 to 1.
        overlap: The seconds in which another speaks as well.
        interruptions: How often the speaker interrupted another.
        interrupted: How often the speaker was interrupted.
        followed: How often the speaker's turn came behind a turn of each other speaker.
    """

    seconds: float
    share: float
    turns: int
    turn_share: float
    overlap: float
    interruptions: int
    interrupted: int
    followed: Mapping[str, int]


def measure_turns(turns: Iterable[Turn]) -> dict[str, TurnTaking]:
    """Measures how each speaker takes part.

    Args:
        turns: Of one conversation, in any order.

    Returns:
        By speaker, in the order in which they first speak.

    Examples:
        >>> turns = [Turn(0, 4, "Anna"), Turn(3, 6, "Ben"), Turn(6, 8, "Anna")]
        >>> anna, ben = measure_turns(turns).values()
        >>> anna.seconds, anna.turns, anna.overlap, ben.interruptions, ben.followed
        (6.0, 2, 1.0, 1, {'Anna': 1})
    """
    by_speaker: dict[str, list[Turn]] = {}
    for turn in sorted(turns, key=lambda turn: (turn.start, turn.end)):
        by_speaker.setdefault(turn.speaker, []).append(turn)
    spoken = {speaker: _unite(own) for speaker, own in by_speaker.items()}
    ordered = sorted(
        (turn for own in spoken.values() for turn in own), key=lambda turn: (turn.start, turn.end)
    )
    seconds = {speaker: sum(t.end - t.start for t in own) for speaker, own in spoken.items()}
    counts: Counter[str] = Counter()
    followed: dict[str, Counter[str]] = {speaker: Counter() for speaker in spoken}
    last: str | None = None
    for turn in ordered:
        if turn.speaker != last:
            counts[turn.speaker] += 1
            if last is not None:
                followed[turn.speaker][last] += 1
        last = turn.speaker
    interruptions, interrupted, overlap = _overlaps(ordered)
    all_seconds, all_turns = sum(seconds.values()), sum(counts.values())
    return {
        speaker: TurnTaking(
            float(seconds[speaker]),
            seconds[speaker] / all_seconds if all_seconds else 0.0,
            counts[speaker],
            counts[speaker] / all_turns,
            float(overlap[speaker]),
            interruptions[speaker],
            interrupted[speaker],
            dict(followed[speaker]),
        )
        for speaker in spoken
    }


def _unite(turns: Sequence[Turn]) -> list[Turn]:
    """Joins turns of one speaker that touch or overlap; they come in order."""
    found: list[Turn] = []
    for turn in turns:
        if found and turn.start <= found[-1].end:
            last = found.pop()
            turn = Turn(last.start, max(last.end, turn.end), turn.speaker)
        found.append(turn)
    return found


def _overlaps(ordered: Sequence[Turn]) -> tuple[Counter[str], Counter[str], dict[str, float]]:
    """Counts interruptions, by who interrupts and who is interrupted, and seconds of overlap."""
    interruptions: Counter[str] = Counter()
    interrupted: Counter[str] = Counter()
    shared: dict[str, list[Turn]] = {turn.speaker: [] for turn in ordered}
    speaking: list[Turn] = []
    for turn in ordered:
        speaking = [other for other in speaking if other.end > turn.start]
        for other in speaking:
            end = min(other.end, turn.end)
            for speaker in (turn.speaker, other.speaker):
                shared[speaker].append(Turn(turn.start, end, speaker))
            if other.end - turn.start >= INTERRUPTION_SECONDS and turn.end > other.end:
                interruptions[turn.speaker] += 1
                interrupted[other.speaker] += 1
        speaking.append(turn)
    # With three at once, a moment counts once for each of them.
    overlap = {
        speaker: sum(part.end - part.start for part in _unite(sorted(parts, key=lambda t: t.start)))
        for speaker, parts in shared.items()
    }
    return interruptions, interrupted, overlap
