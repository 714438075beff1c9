"""A signal ends a command once, wherever it comes, and leaves it the time to tidy up."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import soundfile
from sounds import simulated
from speech import render

from ser.cli.ser import SUMMARIES
from ser.cli.signals import Terminated, raise_on_signals

ROOT = Path(__file__).parents[2]

PROGRAM = f'''
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from ser.cli.common import command

class Slow:
    def __del__(self):
        wait()

def wait():
    print("ready", flush=True)
    time.sleep(60)

def swallow():
    """As Keras does around opening a file."""
    try:
        wait()
    except:
        # It takes a while to go another way.
        time.sleep(0.3)

def finalise():
    slow = Slow()
    # Python prints what a finaliser raises, and goes on.
    del slow

def tidy():
    try:
        wait()
    finally:
        try:
            raise OSError
        except OSError:
            time.sleep(0.5)
        time.sleep(0.5)
        print("tidied")

def forsake():
    """Leaves a generator behind, which is closed when its frame is."""
    def numbers():
        try:
            yield 1
        finally:
            time.sleep(0.5)
            print("tidied")
    for number in numbers():
        wait()

def translate():
    """As databases do."""
    try:
        wait()
    except KeyboardInterrupt:
        time.sleep(0.5)
        raise ValueError("the query went wrong")

@command("ser-probe")
@__import__("click").argument("deed")
def main(console, deed):
    """Does what it is told."""
    globals()[deed]()
    time.sleep(60)

main()
'''


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize(
    ("deed", "left"),
    [
        ("swallow", b""),
        ("finalise", b""),
        ("tidy", b"tidied\n"),
        ("forsake", b"tidied\n"),
        ("translate", b""),
    ],
)
def test_it_arrives_once(signum: signal.Signals, code: int, deed: str, left: bytes) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, deed], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signum)
        assert process.stdout.read() == left
        word = b"interrupted" if signum == signal.SIGINT else b"terminated"
        assert process.stderr.read() == b"ser-probe: " + word + b"\n"
        assert process.wait(30) == code


def test_handlers_are_as_before() -> None:
    signals = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
    before, hook = [signal.getsignal(s) for s in signals], sys.unraisablehook
    with pytest.raises(Terminated) as caught, raise_on_signals():
        signal.raise_signal(signal.SIGTERM)
    assert caught.value.signum == signal.SIGTERM
    with pytest.raises(KeyboardInterrupt) as plain, raise_on_signals():
        signal.raise_signal(signal.SIGINT)
    assert type(plain.value) is KeyboardInterrupt
    assert ([signal.getsignal(s) for s in signals], sys.unraisablehook) == (before, hook)


@pytest.mark.parametrize("handler", [signal.SIG_IGN, lambda number, frame: None])
def test_handlers_of_others_stay(handler: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, handler)
    try:
        with raise_on_signals():
            assert signal.getsignal(signal.SIGINT) == handler
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_of_the_main_thread_nothing_changes() -> None:
    seen = []

    def look() -> None:
        with raise_on_signals():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}

# Every command, waiting for input that comes through a pipe.
WAITING = {
    "analyze": ("PIPE", "-f", "csv", "-o", "out.csv"),
    "listen": ("--text", "PIPE", "--text-model", "lexicon", "-o", "out.jsonl"),
    "translate": ("PIPE", "--to", "sad", "-o", "out.wav"),
    "web": ("--port", "0", "--model", "PIPE"),
    "yt": ("--batch-file", "PIPE", "-o", "."),
    "extract": ("PIPE", "-o", "out.npy"),
    "merge": ("PIPE", "-o", "out.npy"),
    "split": ("PIPE", "-o", "out.npy", "out2.npy"),
    "train": ("PIPE", "--arch", "svm", "-o", "out.keras"),
    "stats": ("PIPE", "--plot", "out.png"),
}


def when_open(pipe: Path, process: subprocess.Popen[bytes]) -> int:
    """Opens the other end of a pipe as soon as a process reads it."""
    while process.poll() is None:
        with contextlib.suppress(OSError):
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        time.sleep(0.02)
    raise AssertionError(process.communicate())


def test_every_command_waits_once() -> None:
    assert set(WAITING) == set(SUMMARIES)


@pytest.mark.parametrize("name", WAITING)
def test_every_command_ends_by_every_signal(name: str, tmp_path: Path) -> None:
    """The exit code says which signal it was, and outputs are as they were."""
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    output = next((word for word in WAITING[name] if word.startswith("out")), None)
    # Light commands are tried with all three, those that import much with the rarer ones.
    light = name in ("merge", "split", "stats", "yt")
    for signum in SIGNALS if light else (signal.SIGTERM, signal.SIGHUP):
        if output is not None:
            (tmp_path / output).write_bytes(b"old")
        words = [str(pipe) if word == "PIPE" else word for word in WAITING[name]]
        with subprocess.Popen(
            [sys.executable, str(ROOT / "bin" / f"ser-{name}"), *words],
            cwd=tmp_path,
            stderr=subprocess.PIPE,
        ) as process:
            writer = when_open(pipe, process)
            process.send_signal(signum)
            _, errors = process.communicate(timeout=30)
            os.close(writer)
        assert process.returncode == SIGNALS[signum], errors
        word = b"interrupted" if signum == signal.SIGINT else b"terminated"
        assert errors == f"ser-{name}: ".encode() + word + b"\n"
        left = {pipe} if output is None else {pipe, tmp_path / output}
        assert {path for path in tmp_path.iterdir() if path.suffix != ".part"} == left
        if output is not None:
            assert (tmp_path / output).read_bytes() == b"old"


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_results_of_an_interrupted_analysis_are_kept(
    tmp_path: Path, signum: signal.Signals, tiny_model: Path
) -> None:
    pipe, output = tmp_path / "pipe.wav", tmp_path / "out.csv"
    os.mkfifo(pipe)
    soundfile.write(tmp_path / "said.wav", render("sad", 1, seed=1, seconds=2.0), 16_000)
    output.write_bytes(b"old")
    command = [sys.executable, str(ROOT / "bin" / "ser-analyze"), "said.wav", str(pipe)]
    with subprocess.Popen(
        [*command, "--model", str(tiny_model), "-o", "out.csv"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    ) as process:
        writer = when_open(pipe, process)
        process.send_signal(signum)
        _, errors = process.communicate(timeout=30)
        os.close(writer)
    assert process.returncode == SIGNALS[signum], errors
    assert b"what was found until then is in out.partial.csv\n" in errors
    assert output.read_bytes() == b"old"
    assert (tmp_path / "out.partial.csv").read_text().startswith("file,start,")
    assert len((tmp_path / "out.partial.csv").read_text().splitlines()) > 1


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP])
def test_a_microphone_ends_by_signals_too(
    tmp_path: Path, signum: signal.Signals, tiny_model: Path
) -> None:
    """Ctrl-C is how one ends listening; other signals mean the command."""
    soundfile.write(tmp_path / "said.wav", render("sad", 1, seed=1, seconds=2.0), 16_000)
    command = [sys.executable, str(ROOT / "bin" / "ser-analyze"), "--mic", "-v"]
    with subprocess.Popen(
        [*command, "--model", str(tiny_model), "-o", "out.jsonl"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        env={**os.environ, **simulated(recording=str(tmp_path / "said.wav"))},
    ) as process:
        assert process.stderr is not None
        lines = [process.stderr.readline() for _ in range(3)]
        process.send_signal(signum)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == SIGNALS[signum], (lines, errors)
    assert b"what was found until then is in out.partial.jsonl\n" in errors
    assert errors.endswith(b"ser-analyze: terminated\n")
    assert not (tmp_path / "out.jsonl").exists()
    assert len((tmp_path / "out.partial.jsonl").read_text().splitlines()) >= 3


def test_workers_and_all_end_with_a_group(tmp_path: Path) -> None:
    """A signal to all processes of a group, as a terminal's end sends it."""
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    for number in range(30):
        (tmp_path / f"{number}.wav").symlink_to(pipe)
    (tmp_path / "list.txt").write_text("".join(f"{number}.wav\n" for number in range(30)))
    command = [sys.executable, str(ROOT / "bin" / "ser-extract"), "--files-from", "list.txt"]
    with subprocess.Popen(
        [*command, "-o", "t.npy", "-j", "2"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        writer = when_open(pipe, process)
        os.killpg(process.pid, signal.SIGHUP)
        _, errors = process.communicate(timeout=30)
        os.close(writer)
    assert process.returncode == 129, errors
    assert errors.endswith(b"ser-extract: terminated\n")
    with pytest.raises(ProcessLookupError):
        for _ in range(100):
            # Nobody of the group is left.
            os.killpg(process.pid, 0)
            time.sleep(0.1)
