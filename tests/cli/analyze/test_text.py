"""What is said, beside the voice: ser-analyze --text."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Run

BUILT_IN = ("--asr-model", "sphinx", "--text-model", "lexicon")


def test_analysis_with_words(run: Run, talk: Path) -> None:
    done = run(
        "ser-analyze", talk, "--text", *BUILT_IN, "--hop", "1", "--duration", "1", "-f", "csv"
    )
    assert (done.returncode, done.err) == (0, "")
    header, *rows = done.out.splitlines()
    names = header.split(",")
    assert {"text", "words_angry", "fused_calm", "disagreement"} <= set(names)
    texts = [row.split(",")[names.index("text")] for row in rows]
    assert any(texts)
    assert not texts[0]
    plain = run("ser-analyze", talk, "--hop", "1", "--duration", "1", "-f", "csv").out.splitlines()
    width = len(plain[0].split(","))
    assert [row.split(",")[:width] for row in (header, *rows)] == [row.split(",") for row in plain]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--text", "--summary"), "--text and --summary exclude each other"),
        (("--language", "en"), "--language needs --text"),
        (("--offline",), "--offline needs --text"),
    ],
)
def test_wrong_usage_of_analysis(run: Run, options: tuple[str, ...], reason: str) -> None:
    done = run("ser-analyze", "a.wav", *options)
    assert done.returncode == 2
    assert reason in done.err
