"""The model that workers open for themselves is the one that was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser.errors import ArtifactError
from ser.inference.worker import ModelReference


def test_a_model_that_is_another_one_here(tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(b"new")
    model = ModelReference(str(tmp_path / "m.keras"), "digest of the old one", "auto", "auto")
    with pytest.raises(
        ArtifactError, match="is another file here than where the batch was started"
    ):
        model.open()
