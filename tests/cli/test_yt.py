"""ser-yt as a user runs it: real processes, the real yt-dlp, a web site on this machine."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile
from conftest import ROOT, Run
from recordings import sound, speech
from tube import tube
from website import Site, site

__all__ = ["site"]

COMMAND = [sys.executable, str(ROOT / "bin" / "ser-yt")]
PLUGINS = {"PYTHONPATH": str(ROOT / "tests")}


@pytest.fixture(scope="module")
def ogg() -> bytes:
    return sound(speech(48_000), 48_000, "OGG", "OPUS")


def test_a_batch(run: Run, site: Site, ogg: bytes, tmp_path: Path) -> None:
    good, other = site.put("/good.ogg", ogg), site.put("/Ünïcode.ogg", ogg)
    site.places["/%C3%9Cn%C3%AFcode.ogg"] = site.places["/Ünïcode.ogg"]
    bad = site.put("/bad.ogg", b"", status=404)
    (tmp_path / "urls.txt").write_text(f"# a list\n{bad}\n\n{good}\n", encoding="utf-8")
    live = tube(site, "live", live_status="is_live")
    arguments = ("-", "--batch-file", "urls.txt", "-o", "out", "--archive", "done.txt")
    done = run("ser-yt", *arguments, stdin=f"{other}\n{live}\n".encode(), env=PLUGINS)
    assert done.returncode == 1
    records = [json.loads(line) for line in done.out.splitlines()]
    assert [list(record) for record in records] == [
        ["id", "title", "uploader", "duration", "url", "path"]
    ] * 2
    assert [record["title"] for record in records] == ["Ünïcode", "good"]
    for record in records:
        path = tmp_path / record["path"]
        assert path.parent == tmp_path / "out"
        assert soundfile.info(path).duration == pytest.approx(record["duration"], abs=1e-3)
    # One line for each that failed, in their order, and one about the whole.
    assert done.err.splitlines() == [
        f"ser-yt: error: {live}: is a live stream; fetch it when the broadcast is over",
        f"ser-yt: error: {bad}: does not exist (HTTP 404); check the address",
        "out: 2 recordings",
    ]
    again = run("ser-yt", good, other, *arguments[3:])
    assert (again.returncode, again.out) == (0, "")
    assert again.err == "out: 0 recordings, 2 skipped as done already\n"


def test_sound_goes_to_stdout(run: Run, site: Site, ogg: bytes, tmp_path: Path) -> None:
    url = site.put("/talk.ogg", ogg)
    done = run("ser-yt", url, "-o", "-", "--sections", "0:01-0:02", "--rate", 8_000)
    assert (done.returncode, done.err) == (0, "")
    samples, rate = soundfile.read(io.BytesIO(done.stdout))
    assert (rate, len(samples)) == (8_000, 8_000)
    assert soundfile.info(io.BytesIO(done.stdout)).format == "WAV"
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_to_ser_analyze(run: Run, site: Site, ogg: bytes) -> None:
    url = site.put("/talk.ogg", ogg)
    fetched = run("ser-yt", url, "-o", "-")
    done = run("ser-analyze", "-", "-f", "jsonl", stdin=fetched.stdout)
    assert done.returncode == 0, done.err
    assert json.loads(done.out.splitlines()[-1])["end"] == pytest.approx(3, abs=0.1)


def test_nothing_of_yt_dlp_reaches_stdout(run: Run, site: Site, ogg: bytes) -> None:
    site.put("/251.webm", ogg)
    url = tube(site, "video", warning="No supported JavaScript runtime could be found.")
    done = run("ser-yt", url, "-o", "-", "-v", env=PLUGINS)
    assert done.returncode == 0
    assert done.stdout[:4] == b"RIFF"
    assert all(line.startswith("yt-dlp: ") for line in done.err.splitlines())
    assert "yt-dlp: warning: [Tube] No supported JavaScript runtime" in done.err
    quiet = run("ser-yt", url, "-o", "out", env=PLUGINS)
    assert quiet.err == "out: 1 recording\n"
    assert len(quiet.out.splitlines()) == 1


def test_one_recording_at_a_time_goes_to_stdout(run: Run, site: Site, ogg: bytes) -> None:
    sounds = '<audio src="/a.ogg"></audio><audio src="/b.ogg"></audio>'
    page = site.put("/page.html", f"<html><head><title>Two</title></head>{sounds}</html>")
    site.put("/b.ogg", ogg)
    done = run("ser-yt", page, "-o", "-")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.err.splitlines()[-1] == (
        f"Error: -o - writes one recording, and {page} stands for several recordings: "
        "choose one with --items 1, or give -o DIR."
    )
    done = run("ser-yt", page, "-o", "-", "--items", "2")
    assert (done.returncode, done.stdout[:4]) == (0, b"RIFF")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "No URL is given"),
        (["http://a/", "http://b/", "-o", "-"], "-o - writes one recording, and there are 2 URLs."),
        (["http://a/", "-o", "-", "--sections", "1-2", "--sections", "3-4"], "give one section"),
        (["-", "--batch-file", "-"], "Standard input (-) can be read only once."),
        (["http://a/", "--items", "x"], "--items: items 'x': are not numbers and ranges"),
        (["http://a/", "--sections", "9"], "--sections: section '9': is not FROM-TO"),
        (["http://a/", "--limit-rate", "x"], "--limit-rate: rate 'x': is no number of bytes"),
        (["http://a/", "--rate", "5"], "Invalid value for '--rate'"),
    ],
)
def test_usage(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    from ser.cli.yt import main

    assert main.main(arguments, "ser-yt", standalone_mode=False) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: ser-yt ")
    assert says in captured.err


def test_errors_of_a_whole_run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from ser.cli.yt import main

    (tmp_path / "empty.txt").write_text("# nothing\n")
    (tmp_path / "file").write_text("")
    for arguments, says in (
        (["--batch-file", tmp_path / "none.txt"], "none.txt: cannot be read (No such file"),
        (["--batch-file", tmp_path / "empty.txt"], "empty.txt: lists no URLs; write one per line"),
        (["http://a/", "--cookies", tmp_path / "none.txt"], "none.txt: cannot be read (No such"),
        (["http://a/", "-o", tmp_path / "file"], "file: cannot be made"),
        (["file:///etc/passwd", "-o", tmp_path], "file:///etc/passwd: is not an http or https"),
    ):
        code = main.main([str(one) for one in arguments], "ser-yt", standalone_mode=False)
        captured = capsys.readouterr()
        assert (code, captured.out) == (1, "")
        assert captured.err.startswith("ser-yt: error: ")
        assert says in captured.err.splitlines()[0]


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_leaves_no_half_file(
    run: Run, site: Site, ogg: bytes, tmp_path: Path, number: signal.Signals
) -> None:
    url = site.put("/talk.ogg", ogg, pause=0.4)
    process = subprocess.Popen(
        [*COMMAND, url, "-o", "out"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    deadline = time.monotonic() + 30
    # Of a part without a byte there is nothing to go on with.
    while not any(part.stat().st_size for part in tmp_path.glob("out/.ser-yt-parts/*.part")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    code = 130 if number == signal.SIGINT else 143
    word = "interrupted" if number == signal.SIGINT else "terminated"
    assert (process.returncode, out, err.decode()) == (code, b"", f"ser-yt: {word}\n")
    # What is there is under another name, and the next run goes on with it.
    left = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    assert len(left) == 1
    assert left[0].endswith(".part")
    site.places["/talk.ogg"].pause = 0
    done = run("ser-yt", url, "-o", "out")
    assert done.returncode == 0, done.err
    assert site.asked("/talk.ogg")[-1] is not None
    (path,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert soundfile.info(path).duration == pytest.approx(3, abs=0.05)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_progress_is_shown_on_a_terminal_alone(site: Site, ogg: bytes, tmp_path: Path) -> None:
    import pty

    url = site.put("/talk.ogg", ogg, pause=0.05)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, url, "-o", "out"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with pytest.raises(OSError, match="Input/output error"):
        while part := os.read(ours, 4096):
            shown += part
    os.close(ours)
    out = process.communicate(timeout=30)[0]
    assert json.loads(out)["title"] == "talk"
    assert b"talk" in shown
    assert re.search(rb"talk: +[1-9]\d?%", shown)
    assert b"B/s" in shown
