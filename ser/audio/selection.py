"""Which sound of a recording is read: its track, and of its channels one or the mixture."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ser.arrays import Channels, Samples
from ser.errors import AudioError, ParameterError

Remark = Callable[[str], None]
"""Takes a sentence about a recording that its user should know, without the recording's name."""

ChannelChoice = Literal["mix"] | int
"""The mean of all channels, or the number of one, from 1."""

# The mixture cancels out where it is this much weaker than the loudest channel.
_CANCELLED_DB = -20.0

# Below this level there is no sound that could cancel out (mean square; -80 dBFS).
_SILENT = 1e-8

# Levels are measured on every sixteenth sample: speech has power at low frequencies and high.
_STRIDE = 16


def ignore(remark: str) -> None:
    """Takes a remark and does nothing."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sound of a recording is read.

    Attributes:
        channel: ``mix`` for the mean of all channels, or the number of one, from 1.
        track: The number of an audio track, from 1; None for the one that the file calls its
            default, or else the first that can be decoded.

    Raises:
        ParameterError: A number is less than 1.
    """

    channel: ChannelChoice = "mix"
    track: int | None = None

    def __post_init__(self) -> None:
        if self.channel != "mix" and self.channel < 1:
            raise ParameterError(
                "channel", "channels count from 1", "give mix, 1, 2, …", self.channel
            )
        if self.track is not None and self.track < 1:
            raise ParameterError("track", "tracks count from 1", "give 1, 2, …", self.track)


DEFAULT = Selection()
"""The mixture of the default track."""


def parse_channel(text: str) -> ChannelChoice | Literal["each"]:
    """Reads the choice of a channel as a user writes it: ``mix``, ``each``, or a number from 1.

    Raises:
        ParameterError: It is none of these.
    """
    word = text.strip().lower()
    if word == "mix":
        return "mix"
    if word == "each":
        return "each"
    if not re.fullmatch(r"0*[1-9]\d{0,3}", word):
        raise ParameterError("channel", "is no channel", "give mix, each, 1, 2, …", text)
    return int(word)


def mono(channels: Channels) -> Samples:
    """Takes the mean of all channels; (samples, channels) to (samples,)."""
    if channels.shape[1] == 1:
        return channels[:, 0]
    mixed: Samples
    if channels.shape[1] == 2:
        # The same numbers as the mean, in a fifth of the time.
        mixed = channels[:, 0] + channels[:, 1]
        mixed *= np.float32(0.5)
    else:
        mixed = channels.mean(axis=1, dtype=np.float32)
    return mixed


class Mixer:
    """Turns blocks of all channels into one channel.

    The channels of some recordings cancel out in their mean, as where a cable was soldered the
    wrong way round: from there on the louder channel is taken.

    Args:
        selection: Which channel is wanted.
        name: The recording's name in errors.
        remark: Told where a mixture cancels out.
    """

    def __init__(self, selection: Selection, name: object, remark: Remark = ignore) -> None:
        self._wanted = selection.channel
        self._name = name
        self._remark = remark
        self._louder: int | None = None
        self._begun = False

    def mix(self, block: Channels) -> Samples:
        """Gives one channel.

        Args:
            block: Shape (samples, channels); the number of channels may change between blocks.

        Returns:
            Shape (samples,).

        Raises:
            AudioError: The recording has no channel of the wanted number.
        """
        count = block.shape[1]
        if self._wanted != "mix":
            if not self._begun and self._wanted > count:
                raise AudioError(
                    self._name,
                    f"has no channel {self._wanted}: it has {count}",
                    "give `channel=mix`" if count == 1 else f"give a channel from 1 to {count}",
                )
            self._begun = True
            # Where a recording goes over to fewer channels, the last stands for those missing.
            return np.ascontiguousarray(block[:, min(self._wanted, count) - 1])
        if count == 1:
            return block[:, 0]
        if self._louder is None:
            self._louder = self._find_cancelled(block)
        if self._louder is not None:
            return np.ascontiguousarray(block[:, min(self._louder, count - 1)])
        return mono(block)

    def _find_cancelled(self, block: Channels) -> int | None:
        """Gives the index of the loudest channel where the mean of all cancels out."""
        sparse = block[::_STRIDE].astype(np.float64)
        if not len(sparse) or not np.isfinite(sparse).all():
            return None
        powers = np.square(sparse).mean(axis=0)
        loudest = int(powers.argmax())
        if powers[loudest] < _SILENT:
            return None
        mixed = float(np.square(sparse.mean(axis=1)).mean())
        if mixed > powers[loudest] * 10 ** (_CANCELLED_DB / 10):
            return None
        self._remark(
            f"its channels cancel out in their mixture: channel {loudest + 1} is taken, the louder"
        )
        return loudest
