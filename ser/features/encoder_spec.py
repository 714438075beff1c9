"""What a specification says of a pretrained encoder, whose embeddings are features."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, get_args

from ser.errors import ParameterError

Bits = Literal[8, 32]
Kind = Literal["whisper", "transformers"]

PREFIX = "hf:"
"""What the names of encoders begin with that transformers runs."""

UNKNOWN_LICENSE = "unknown"
"""What is said of weights whose folder states no license."""

MOST_FRAMES = 3000
"""Whisper's encoders have positions for so many log-mel frames: 30 s."""

MOST_BLOCKS = 64
_MOST_NUMBERS = 65_536
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """A pretrained encoder: which one, and what is taken from it.

    Attributes:
        name: What it is called: a name on the Hugging Face Hub, or that of a folder; with `PREFIX`
            before it where transformers runs it.
        blocks: Numbers of the transformer blocks whose outputs are taken, from 1, ascending.
        width: Numbers per frame of each block.
        mels: Mel bands that it reads; 0 where transformers runs it, which makes its input itself.
        frames: How much is read at a time, in frames of 10 ms; even. Longer clips are read in equal
            parts.
        sha256: Digest of the file with its weights, in hexadecimal digits.
        licence: Of the weights, as their folder states it. What it states is no matter for what is
            computed, and specifications that differ in it are equal.
        bits: Of the weights in its network.
        kind: ``whisper`` is a network of our own for LiteRT, which models carry inside;
            ``transformers`` is run by the package of this name, and has to be on each machine.
    """

    name: str
    blocks: tuple[int, ...]
    width: int
    mels: int
    frames: int
    sha256: str
    licence: str = field(default="", compare=False)
    bits: Bits = 8
    kind: Kind = "whisper"

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
        if self.kind not in get_args(Kind):
            raise _bad("kind", f"is not one of {', '.join(get_args(Kind))}")
        own = self.kind == "whisper"
        for key, low, high in (
            ("width", 1, _MOST_NUMBERS),
            ("mels", int(own), _MOST_NUMBERS if own else 0),
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
        if not own and (self.bits != 32 or not self.name.startswith(PREFIX)):
            raise _bad("kind", f"is {self.kind}, whose names begin with {PREFIX}, with 32 bits")

    @property
    def total_width(self) -> int:
        """Numbers per frame of all its blocks together."""
        return self.width * len(self.blocks)

    def to_dict(self) -> dict[str, Any]:
        """Gives the fields as plain JSON types."""
        values = {**asdict(self), "blocks": list(self.blocks)}
        if self.kind == "whisper":
            # As versions wrote it that know this kind alone.
            del values["kind"]
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes a specification from what `to_dict` gave.

        Raises:
            ParameterError: A field is unknown or missing, or has a bad value.
        """
        if not isinstance(values, Mapping) or not isinstance(values.get("blocks"), list | tuple):
            raise _bad("blocks", "is no list")
        unknown = sorted(set(values) - {each.name for each in fields(cls)})
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


def _bad(name: str, cause: str) -> ParameterError:
    return ParameterError("encoder", f"has a bad value: its {name} {cause}", "make it again")
