"""What a specification says of a pretrained encoder, whose embeddings are features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

from ser.errors import ParameterError

Bits = Literal[8, 32]

MOST_FRAMES = 3000
"""Whisper's encoders have positions for so many log-mel frames: 30 s."""

MOST_BLOCKS = 64
_MOST_NUMBERS = 65_536
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """A pretrained encoder: which one, and what is taken from it.

    Attributes:
        name: What it is called: a name on the Hugging Face Hub, or that of a folder.
        blocks: Numbers of the transformer blocks whose outputs are taken, from 1, ascending.
        width: Numbers per frame of each block.
        mels: Mel bands that it reads.
        frames: Log-mel frames, 10 ms each, that its network reads at a time; even. Longer clips are
            read in equal parts.
        sha256: Digest of the file with its weights, in hexadecimal digits.
        licence: Of the weights; empty where it is not known.
        bits: Of the weights in its network.
    """

    name: str
    blocks: tuple[int, ...]
    width: int
    mels: int
    frames: int
    sha256: str
    licence: str = ""
    bits: Bits = 8

    def __post_init__(self) -> None:
        """Checks types and ranges.

        Raises:
            ParameterError: A value is out of its range.
        """
        for key, text in (("name", self.name), ("licence", self.licence)):
            if not isinstance(text, str) or len(text) > _LONGEST_NAME or not _is_line(text):
                raise _bad(key, "is no line of text")
        if not self.name:
            raise _bad("name", "is empty")
        for key, low, high in (
            ("width", 1, _MOST_NUMBERS),
            ("mels", 1, _MOST_NUMBERS),
            ("frames", 2, MOST_FRAMES),
        ):
            if not _is_whole(getattr(self, key), low, high):
                raise _bad(key, f"is no whole number from {low} to {high}")
        if self.frames % 2:
            raise _bad("frames", "is odd")
        check_blocks(self.blocks)
        if not isinstance(self.sha256, str) or not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise _bad("sha256", "is no SHA-256 in hexadecimal digits")
        if self.bits not in get_args(Bits):
            raise _bad("bits", "is neither 8 nor 32")

    @property
    def total_width(self) -> int:
        """Numbers per frame of all its blocks together."""
        return self.width * len(self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """Gives the fields as plain JSON types."""
        return {**asdict(self), "blocks": list(self.blocks)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes a specification from what `to_dict` gave.

        Raises:
            ParameterError: A field is unknown or missing, or has a bad value.
        """
        if not isinstance(values, Mapping) or not isinstance(values.get("blocks"), list | tuple):
            raise _bad("blocks", "is no list")
        unknown = sorted(set(values) - {field.name for field in fields(cls)})
        if unknown:
            raise _bad(unknown[0], "is unknown")
        try:
            return cls(**{**values, "blocks": tuple(values["blocks"])})
        except TypeError as error:
            raise _bad("spec", f"is malformed ({error})") from error


def check_blocks(blocks: tuple[int, ...]) -> None:
    """Checks the numbers of blocks.

    Raises:
        ParameterError: There is none, one is out of range, or they do not ascend.
    """
    whole = bool(blocks) and all(_is_whole(block, 1, MOST_BLOCKS) for block in blocks)
    if not whole or list(blocks) != sorted(set(blocks)):
        raise ParameterError(
            "blocks",
            f"is no ascending list of numbers from 1 to {MOST_BLOCKS}",
            "give `blocks=1-3` or `blocks=2,4`",
        )


def parse_blocks(text: str) -> tuple[int, ...]:
    """Reads numbers of blocks: single ones and ranges with commas between them.

    Raises:
        ParameterError: The text is something else.

    Examples:
        >>> parse_blocks("1-3,6")
        (1, 2, 3, 6)
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,3})\s*(?:-\s*(\d{1,3})\s*)?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not 1 <= first <= last <= MOST_BLOCKS:
            raise ParameterError(
                "blocks",
                f"of {text!r} are no numbers from 1 to {MOST_BLOCKS}",
                "give `blocks=1-3` or `blocks=2,4`",
            )
        found |= set(range(first, last + 1))
    return tuple(sorted(found))


def _is_whole(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_line(text: str) -> bool:
    return text.isprintable()


def _bad(field: str, cause: str) -> ParameterError:
    return ParameterError("encoder", f"has a bad value: its {field} {cause}", "make it again")
