"""ser-analyze --html."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from conftest import Run
from sounds import simulated
from speech import render
from spoken import EMOTIONS

RATE = 16_000


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds."""
    path = tmp_path_factory.mktemp("audio") / "<script>alert(1)<_script>.wav"
    parts = [
        render(EMOTIONS[i % 3], 1 + i, seed=9, seconds=1.0, intensity="strong") for i in range(6)
    ]
    soundfile.write(path, np.concatenate(parts), RATE)
    return path


def data_of(path: Path) -> dict[str, Any]:
    page = path.read_text(encoding="utf-8")
    found = re.search(r'id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_a_page_beside_the_timeline(
    run: Run, tiny_model: Path, recording: Path, tmp_path: Path
) -> None:
    done = run(
        "ser-analyze", recording, "--model", tiny_model, "--html", "out.html", "-f", "jsonl",
        "--start", 1, "--hop", 0.5,
    )  # fmt: skip
    assert (done.returncode, done.err) == (0, "")
    rows = [json.loads(line) for line in done.out.splitlines()]
    data = data_of(tmp_path / "out.html")
    assert data["labels"] == list(EMOTIONS)
    assert (data["start"], data["end"]) == (1000, 6000)
    assert [row[:2] for row in data["windows"]] == [
        [row["start"] * 1000, row["end"] * 1000] for row in rows
    ]
    assert [row[5:] for row in data["windows"]] == [
        [round(value * 1000) for value in row["probabilities"].values()] for row in rows
    ]
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;alert(1)" in page
    assert "model tiny" in page
    assert 'src="data:audio/mpeg;base64,' in page


def test_from_a_pipe_and_with_a_picture(
    run: Run, tiny_model: Path, recording: Path, tmp_path: Path
) -> None:
    done = run(
        "ser-analyze", "-", "--model", tiny_model, "--html", "out.html", "--plot", "out.png",
        "--segments", "-o", "out.csv", stdin=recording.read_bytes(),
    )  # fmt: skip
    assert (done.returncode, done.out, done.err) == (0, "", "")
    assert data_of(tmp_path / "out.html")["end"] == 6000
    assert (tmp_path / "out.png").exists()


def test_where_the_sound_is(run: Run, tiny_model: Path, recording: Path, tmp_path: Path) -> None:
    options = ("--model", tiny_model, "--html", "pages/out.html")
    page = tmp_path / "pages" / "out.html"
    done = run("ser-analyze", recording, *options, "--html-sound", "link")
    assert done.returncode == 0
    assert f"note: pages/out.html plays {recording} from where it is" in done.err
    assert "%3Cscript%3Ealert%281%29%3C_script%3E.wav" in page.read_text(encoding="utf-8")
    done = run("ser-analyze", recording, *options, "--html-sound", "none")
    assert (done.returncode, done.err) == (0, "")
    assert "<audio" not in page.read_text(encoding="utf-8")
    done = run("ser-analyze", "-", *options, "--html-sound", "link", stdin=recording.read_bytes())
    assert done.returncode == 1
    assert "-: is no file that a report could link to" in done.err


def test_a_microphone_is_kept_only_where_that_is_asked_for(
    run: Run, tiny_model: Path, recording: Path, tmp_path: Path
) -> None:
    options = ("--mic", "--model", tiny_model, "--end", 3, "-q", "--html", "out.html")
    sound = simulated(recording=str(recording), speed=4)
    page = tmp_path / "out.html"
    assert run("ser-analyze", *options, env=sound).returncode == 0
    assert "<audio" not in page.read_text(encoding="utf-8")
    assert data_of(page)["end"] == 3000
    assert run("ser-analyze", *options, "--html-sound", "embed", env=sound).returncode == 0
    assert "data:audio/mpeg" in page.read_text(encoding="utf-8")


def test_what_cannot_be_shown(run: Run, tiny_model: Path, recording: Path, tmp_path: Path) -> None:
    model = ("--model", tiny_model)
    done = run("ser-analyze", recording, recording, *model, "--html", "out.html")
    assert (done.returncode, done.out) == (2, "")
    assert "--html is about one recording" in done.err
    assert run("ser-analyze", recording, *model, "--html", "-").returncode == 2
    done = run("ser-analyze", recording, *model, "--html", "out.html", "--output-dir", "out")
    assert done.returncode == 2
    # A folder cannot be a page; the timeline is there all the same.
    done = run("ser-analyze", recording, *model, "--html", tmp_path)
    assert done.returncode == 1
    assert f"{tmp_path}: cannot be written" in done.err
    assert len(done.out.splitlines()) == 6


def test_a_broken_recording_leaves_the_old_page(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "out.html").write_text("old")
    (tmp_path / "a.wav").write_text("no sound")
    done = run("ser-analyze", "a.wav", "--model", tiny_model, "--html", "out.html")
    assert done.returncode == 1
    assert (tmp_path / "out.html").read_text() == "old"
