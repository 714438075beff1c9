"""What ``--calibrate`` and ``--enrol`` of ``ser-analyze`` are given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ser.files import STANDARD, is_special
from ser.labels import canonical


def check_self(inputs: Sequence[Path], calibrate: Sequence[str]) -> None:
    """Makes sure that recordings can be read twice: for their voice, and for their emotions.

    Raises:
        click.UsageError: They cannot, or other speech is given as well.
    """
    if len(calibrate) > 1:
        raise click.UsageError("--calibrate self does not go with another --calibrate.")
    if any(str(path) == STANDARD or is_special(path) for path in inputs):
        raise click.UsageError("--calibrate self reads a recording twice: give files, not pipes.")


def labelled_speech(pairs: Sequence[str]) -> list[tuple[str, str]]:
    """Reads ``EMOTION=FILE``.

    Raises:
        click.UsageError: It is written otherwise.
        LabelError: An emotion has no name.
    """
    found = []
    for pair in pairs:
        emotion, equals, path = pair.partition("=")
        if not (emotion and equals and path):
            raise click.UsageError(f"--enrol {pair}: write EMOTION=FILE, as in angry=a.wav.")
        # The model may know emotions that are not in the common vocabulary.
        found.append((canonical(emotion, strict=False), path))
    return found
