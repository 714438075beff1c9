"""A command that does what it is told, and a terminal to run it on."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Callable, Sequence

PROGRAM = '''
import sys, time, warnings
from pathlib import Path
from ser.cli.common import *
from ser.errors import SerError
from ser.io.files import open_output

@command("ser-probe")
@click_argument
@output_option()
@audio_arguments
def main(console, deed, output, audio, files_from, files0_from):
    """Does what it is told."""
    if deed == "lines":
        for number in range(1_000_000):
            print(number)
    elif deed == "one":
        print("line")
    elif deed == "refuse":
        raise SerError("clip.wav", "is empty", "record it again")
    elif deed == "fail":
        console.fail(SerError("a.wav", "is broken"))
        print("the others")
    elif deed == "divide":
        1 / 0
    elif deed == "missing":
        open("nowhere/file.txt")
    elif deed == "import":
        import a_package_that_nobody_has
    elif deed == "memory":
        raise MemoryError
    elif deed == "warn":
        warnings.warn("a library grumbles")
        console.warn("mind the gap")
    elif deed == "talk":
        console.info("info")
        console.detail("detail")
        console.note("note")
        console.warn("warning")
    elif deed == "inputs":
        for path in collect_inputs(audio, files_from, files0_from):
            sys.stdout.buffer.write(ascii(str(path)).encode() + b"\\n")
    elif deed == "wait":
        with open_output(output) as stream:
            stream.write("half")
            print("ready", flush=True)
            time.sleep(60)
    elif deed == "bar":
        with console.progress(3, "clip", "reading") as progress:
            for _ in range(3):
                time.sleep(0.15)
                progress.update()
                console.warn("in between")
    elif deed == "terminal":
        refuse_terminal(output)

main()
'''.replace("@click_argument", "@__import__('click').argument('deed')")


Probe = Callable[..., subprocess.CompletedProcess[bytes]]


def on_terminal(command: Sequence[str], env: dict[str, str]) -> tuple[int, str]:
    """Runs a command whose stdout and stderr are a terminal, and gives what it shows."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower, env=env
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                block = os.read(leader, 4096)
            except OSError:
                break
            if not block:
                break
            shown += block
        process.wait(30)
    os.close(leader)
    return process.returncode, shown.decode()
