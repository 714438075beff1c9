"""Who speaks when in a recording: `SpeakerTurns`, which an analysis takes for its turns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.arrays import Matrix
from ser.audio import reader
from ser.audio.causes import until_incomplete
from ser.audio.reader import Source
from ser.audio.selection import DEFAULT, Selection
from ser.errors import ParameterError
from ser.speakers.clustering import cluster
from ser.speakers.encoder import RATE, load_encoder
from ser.speakers.regions import find_regions
from ser.speakers.resegmentation import find_turns
from ser.speakers.voiceprints import (
    Voiceprint,
    add_voices,
    match,
    next_names,
    read_store,
    write_store,
)
from ser.timeline.turn import Turn

MOST_SPEAKERS = 8
"""How many speakers are looked for where nothing is said."""


def parse_count(text: str) -> tuple[int, int] | None:
    """Reads how many speakers there are; None where that is no number.

    Examples:
        >>> parse_count("auto"), parse_count("2"), parse_count("2-4"), parse_count("talk.rttm")
        ((1, 8), (2, 2), (2, 4), None)
    """
    if text == "auto":
        return 1, MOST_SPEAKERS
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    return None if found is None else (int(found[1]), int(found[2] or found[1]))


@dataclass(frozen=True, slots=True)
class SpeakerTurns:
    """Finds who speaks when (`ser.inference.turns.TurnSource`).

    Attributes:
        least: The least number of speakers.
        most: The largest.
        enrolled: Voices whose names are known.
        store: A file with the voices of earlier recordings, to which those of each recording are
            added; empty for none.
    """

    least: int = 1
    most: int = MOST_SPEAKERS
    enrolled: tuple[Voiceprint, ...] = ()
    store: str = ""

    def __post_init__(self) -> None:
        """Checks the numbers.

        Raises:
            ParameterError: They are no numbers of speakers.
        """
        if not 1 <= self.least <= self.most:
            raise ParameterError(
                "speakers",
                "is no number of speakers",
                "give auto, a number from 1, or a range as 2-4",
                f"{self.least}-{self.most}",
            )

    @property
    def whole(self) -> bool:
        """Turns are divided into windows."""
        return False

    def annotation(self, name: str) -> str:
        """There is no file."""
        return ""

    def turns(self, source: Source, name: str, selection: Selection = DEFAULT) -> list[Turn]:
        """Finds the turns of a recording.

        Args:
            source: The recording; it is read whole.
            name: Its name.
            selection: Which track of it is heard, and which channel.

        Returns:
            In the order of their starts; speakers who have no name are called ``speaker 1``,
            ``speaker 2`` … in the order in which they first speak. None where nobody speaks.

        Raises:
            SerError: It cannot be decoded, or the store cannot be read or written.
        """
        blocks = until_incomplete(reader.stream(source, RATE, selection=selection))
        regions = find_regions(blocks, load_encoder())
        if not regions:
            return []
        embeddings = np.concatenate([region.embeddings for region in regions])
        centers = cluster(embeddings, self.least, self.most)
        found = find_turns(regions, centers)
        names = self._names(centers, found)
        return [Turn(start, end, names[number]) for start, end, number in found]

    def _names(self, centers: Matrix, found: list[tuple[float, float, int]]) -> dict[int, str]:
        """Names the voices, and adds them to the store."""
        stored = read_store(Path(self.store)) if self.store else []
        # Who is enrolled has this name, whatever the voice was called before.
        names = match(centers, self.enrolled)
        left = [number for number in range(len(centers)) if number not in names]
        others = [voice for voice in stored if voice.name not in names.values()]
        names |= {left[row]: name for row, name in match(centers[left], others).items()}
        order = list(dict.fromkeys(number for _, _, number in found))
        new = [number for number in order if number not in names]
        taken = [*names.values(), *(voice.name for voice in stored)]
        names |= dict(zip(new, next_names(taken, len(new)), strict=True))
        if self.store:
            seconds = {
                number: sum(end - start for start, end, own in found if own == number)
                for number in order
            }
            heard = {names[number]: (centers[number], seconds[number]) for number in order}
            write_store(Path(self.store), add_voices(stored, heard))
        return names
