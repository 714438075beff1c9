"""``make fuzz``: runs batches of all targets, and says what they found.

``python tests/fuzz/campaign.py COUNT SEED [TARGET…]``. An input is made again from its target and
number: ``python tests/fuzz/campaign.py --show TARGET NUMBER > input``.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

BATCH = 2_000
"""Inputs for each process: what they leak does not add up without end."""

_SECONDS = 600


def run_batch(name: str, seed: int, count: int) -> Iterator[tuple[int, str]]:
    """Reads inputs in a process of its own; begins another one behind what ends it.

    Yields:
        The number of each input with a wrong answer, and what it was.
    """
    last = seed + count
    while seed < last:
        try:
            done = subprocess.run(
                [sys.executable, str(HERE / "batch.py"), name, str(seed), str(last - seed)],
                cwd=HERE.parents[1],
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
            code, output, errors = done.returncode, done.stdout, done.stderr
        except subprocess.TimeoutExpired as ended:
            code, output, errors = None, ended.stdout or b"", b""
        at, whole = seed, False
        for line in output.decode().splitlines():
            said = json.loads(line)
            at = said.get("at", at)
            whole = whole or "done" in said
            if "found" in said:
                yield said["input"], said["found"]
        if whole:
            return
        how = "hangs" if code is None else f"ends the process with {code}"
        yield at, f"{how}: {errors.decode(errors='replace')[-2000:]}"
        seed = at + 1


def main(words: Sequence[str]) -> int:
    """Runs a campaign; gives the exit code."""
    from targets import ALL, TARGETS

    if words[:1] == ["--show"]:
        from batch import change

        sys.stdout.buffer.write(change(words[1], int(words[2])))
        return 0
    count, seed = int(words[0]), int(words[1])
    names = list(words[2:]) or list(TARGETS)
    shares = sum(ALL[name].share for name in names)
    finds = 0
    for name in names:
        begun = time.monotonic()
        own = count if len(names) == 1 else count * ALL[name].share // shares
        found = []
        for first in range(seed, seed + own, BATCH):
            for number, what in run_batch(name, first, min(BATCH, seed + own - first)):
                found.append(number)
                print(f"{name} {number}: {what}", flush=True)
        took = time.monotonic() - begun
        print(f"{name}: {own} inputs from {seed}, {len(found)} finds, {took:.0f} s", flush=True)
        finds += len(found)
    return 1 if finds else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
