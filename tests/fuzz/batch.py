"""Reads changed files in a process of its own, with little memory and little time.

``python tests/fuzz/batch.py TARGET SEED COUNT`` prints a line of JSON for each find. What ends the
process itself (a crash, too much memory in one piece) is found by `campaign.py`, which reads the
number of the input that it was at.
"""

from __future__ import annotations

import json
import random
import resource
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from types import FrameType

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

from targets import ALL  # noqa: E402

from ser.errors import SerError  # noqa: E402

MEMORY = 512 << 20
"""Bytes that inputs may need beyond what the process has when it begins."""

SECONDS = 10
"""That one input may take."""


class TooLongError(Exception):
    """An input took longer than `SECONDS`."""


def change(name: str, number: int) -> bytes:
    """Makes an input; the same number makes the same one."""
    target = ALL[name]
    chance = random.Random(f"{name}-{number}")
    seeds = _seeds(name)
    data = chance.choice(seeds)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        data = chance.choice(target.mutations)(chance, data)
    return data


_made: dict[str, list[bytes]] = {}


def _seeds(name: str) -> list[bytes]:
    if name not in _made:
        _made[name] = ALL[name].seeds()
    return _made[name]


def look(name: str, data: bytes, folder: Path, stem: str = "input") -> str | None:
    """Reads an input; gives what it found, or None where the answer is right."""
    path = folder / f"{stem}{ALL[name].suffix}"
    path.write_bytes(data)
    signal.alarm(SECONDS)
    try:
        ALL[name].use(path)
    except SerError:
        return None
    except TooLongError:
        return f"took more than {SECONDS} s"
    except MemoryError:
        return "needs too much memory"
    except Exception as error:
        return "".join(traceback.format_exception(error)[-4:])
    finally:
        signal.alarm(0)
    return None


def limit_memory() -> None:
    """Bounds the address space, by what the process has and `MEMORY`."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (size, size))


def main(name: str, seed: int, count: int) -> None:
    """Reads inputs, and prints finds."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TooLongError

    signal.signal(signal.SIGALRM, end)
    with tempfile.TemporaryDirectory() as folder:
        # What is imported on first use does not count.
        for data in _seeds(name):
            found = look(name, data, Path(folder), "seed")
            if found is not None:
                print(json.dumps({"input": -1, "found": found}), flush=True)
        limit_memory()
        for number in range(seed, seed + count):
            print(json.dumps({"at": number}), flush=True)
            found = look(name, change(name, number), Path(folder))
            if found is not None:
                print(json.dumps({"input": number, "found": found}), flush=True)
    print(json.dumps({"done": count}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
