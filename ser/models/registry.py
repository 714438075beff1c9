"""Every architecture by name.

To add one, write a file beside this one (`cnn.py` shows how) and a line in `ARCHITECTURES`.
"""

from __future__ import annotations

from types import MappingProxyType

from ser.models.base import Architecture
from ser.models.cnn import CNN

ARCHITECTURES = MappingProxyType({arch.name: arch for arch in (CNN(),)})
"""What ``--arch`` accepts."""


def architecture(name: str) -> Architecture:
    """Looks an architecture up.

    Raises:
        SerError: There is none of this name.
    """
    from ser.errors import SerError

    if name not in ARCHITECTURES:
        raise SerError(name, "is not an architecture", f"use {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]
