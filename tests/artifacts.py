"""Changed copies of model artifacts, for tests of what is damaged, foreign or newer."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ser.models.artifact import CARD_MEMBER


def rewrite(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """Changes members of a zip; None drops one."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            changed = change(name, data)
            if changed is not None:
                archive.writestr(name, changed)
    return path


def with_card(path: Path, **changes: Any) -> Path:
    return rewrite(
        path,
        lambda name, data: (
            json.dumps({**json.loads(data), **changes}).encode() if name == CARD_MEMBER else data
        ),
    )
