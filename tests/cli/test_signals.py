"""A signal ends a command once, wherever it comes, and leaves it the time to tidy up."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

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
