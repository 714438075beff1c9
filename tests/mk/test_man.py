"""Man pages that are made from ``--help``."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT

from ser.cli.ser import SUMMARIES

spec = importlib.util.spec_from_file_location("man", ROOT / "mk" / "man.py")
assert spec is not None and spec.loader is not None
man = importlib.util.module_from_spec(spec)
spec.loader.exec_module(man)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return man.write(tmp_path_factory.mktemp("man"))


def test_every_command_has_a_page(pages: list[Path]) -> None:
    assert {path.name for path in pages} == {"ser.1", *(f"ser-{name}.1" for name in SUMMARIES)}
    text = next(path for path in pages if path.name == "ser-merge.1").read_text("utf-8")
    assert text.startswith('.TH "SER-MERGE" 1 ')
    assert "\\fB\\-o, \\-\\-output" in text
    assert ".TP\n\\fBTABLE" not in text
    assert "\b" not in text


def test_text_that_looks_like_roff_stays_text() -> None:
    assert man.escape(".so a\n'b \\n --x") == "\\&.so a\n\\&'b \\en \\-\\-x"


def test_the_date_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert '"1970-01-01"' in man.page(man.main, "ser", "a summary.").split("\n")[0]


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_groff_has_nothing_to_complain_of(pages: list[Path]) -> None:
    for path in pages:
        done = subprocess.run(
            ["groff", "-man", "-ww", "-z", "-Kutf8", path],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), path
