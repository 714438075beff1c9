"""docs/notebook.ipynb is what mk/notebook.py makes, and runs from its first cell to its last."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT
from examples import make_place

nbformat = pytest.importorskip("nbformat")


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("notebook", ROOT / "mk" / "notebook.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_notebook_is_made_by_the_script(maker: ModuleType) -> None:
    there = (ROOT / "docs" / "notebook.ipynb").read_text(encoding="utf-8")
    assert there == nbformat.writes(maker.make_notebook()) + "\n"


@pytest.mark.slow
def test_the_notebook_runs(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nbclient = pytest.importorskip("nbclient")
    for needed in ("ipykernel", "pandas", "matplotlib"):
        pytest.importorskip(needed)
    make_place(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook = maker.make_notebook()
    client = nbclient.NotebookClient(
        notebook, timeout=500, resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    kinds = {kind for output in shown for kind in output.get("data", {})}
    assert kinds >= {"text/html", "image/png"}
    assert (tmp_path / "talk.vtt").read_text(encoding="utf-8").startswith("WEBVTT")
    assert (tmp_path / "talk.html").exists()
