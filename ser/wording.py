"""How messages and protocols count things."""

from __future__ import annotations

import re


def counted(number: int, noun: str) -> str:
    """Counts things, with the noun in the singular or the plural.

    Examples:
        >>> counted(1, "clip"), counted(2, "clip"), counted(0, "clip")
        ('1 clip', '2 clips', '0 clips')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def with_singulars(protocol: str) -> str:
    """Corrects a protocol of an earlier version, which counted ``1 speakers``.

    Examples:
        >>> with_singulars("tess (1 clips, 21 speakers)")
        'tess (1 clip, 21 speakers)'
    """
    return re.sub(r"\b1 (clip|speaker|pair|epoch)s\b", r"1 \1", protocol)


def visible(text: str) -> str:
    r"""Writes what a terminal would act upon, or not show, as an escape sequence of Python's.

    Names of files and labels may hold anything: a name could clear the screen or change what other
    lines seem to say.

    Examples:
        >>> visible("a\x1b[31m é.wav")
        'a\\x1b[31m é.wav'
    """
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable()
        else letter.encode("unicode_escape", "backslashreplace").decode("ascii")
        for letter in text
    )
