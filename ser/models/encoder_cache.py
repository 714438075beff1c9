"""The folder of this user's where networks of encoders are kept, and where encoders are noted."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def encoder_folder() -> Path:
    """Gives the folder: under ``SER_CACHE``, or the system's place for what can be made again.

    All in it can be removed; what is needed again is made again.
    """
    own = os.environ.get("SER_CACHE")
    if own:
        return Path(own).expanduser() / "encoders"
    if sys.platform == "darwin":
        return Path.home() / "Library/Caches/ser/encoders"
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "ser/encoders"
