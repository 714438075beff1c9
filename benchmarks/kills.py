"""Kills every command midway, again and again, and compares what it ends with with an unkilled run.

    python benchmarks/kills.py data/ravdess --kills 30 --seed 0 --json build/kills.json

A command runs whole once, which gives its output and its time. Then it is killed (SIGKILL) after a
random share of that time and started again with ``--resume``, where it has that, until so many
kills have met it. Whenever a run comes to its end before its kill, its output is compared and
removed. Outputs are equal if their bytes are; of models all members are compared, but for the
time of saving and the minutes that the training took, and of the database of a search the finished
trials. What a kill leaves behind is counted at the end: hidden files but for locks.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TIMEOUT = 600


@dataclass(frozen=True)
class Command:
    """A command that is killed.

    Attributes:
        words: Its name and arguments; the output is ``out`` in the folder that it runs in.
        resume: Whether ``--resume`` is added from the second start on.
    """

    words: tuple[str, ...]
    resume: bool = False


def main() -> None:
    """Kills all commands, or the chosen ones."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("corpus", type=Path, help="a folder with RAVDESS")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = {}
    with tempfile.TemporaryDirectory(prefix="ser-kills-") as name, server(args.corpus) as url:
        folder = Path(name)
        for command, given in commands(args.corpus, folder, url).items():
            if args.only and command not in args.only:
                continue
            rng = random.Random(f"{args.seed} {command}")  # noqa: S311 - no secret
            found[command] = kill(given, folder / command, args.kills, rng)
            print(command, json.dumps(found[command]), flush=True)
            if args.json is not None:
                args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if any(figures["different"] for figures in found.values()):
        sys.exit(1)


def commands(corpus: Path, folder: Path, url: str) -> dict[str, Command]:
    """Makes inputs, and gives the commands by name."""
    actors = [str(corpus.resolve() / f"Actor_{number:02d}") for number in (1, 2, 3, 4)]
    tables = []
    for number, actor in enumerate(actors):
        table = str(folder / f"{number}.npy")
        run(("ser-extract", actor, "-o", table), folder)
        tables.append(table)
    both = str(folder / "both.npy")
    run(("ser-merge", *tables[:2], "-o", both), folder)
    four = str(folder / "four.npy")
    run(("ser-merge", *tables, "-o", four), folder)
    sounds = [str(path) for path in sorted(Path(actors[0]).iterdir())[:12]]
    short = ("--arch", "cnn", "--epochs", "2", "--batch-size", "8", "--seed", "1")
    return {
        "extract": Command(
            ("ser-extract", *actors[:2], "-o", "out.npy", "--preset", "emotion"), True
        ),
        "merge": Command(("ser-merge", *tables, "-o", "out.npy")),
        "analyze": Command(("ser-analyze", *sounds, "--output-dir", "out", "--jobs", "1"), True),
        "translate": Command(("ser-translate", sounds[0], "--to", "all", "-o", "out/")),
        "yt": Command(("ser-yt", url, "-o", "out")),
        "train": Command(("ser-train", both, *short, "-o", "out.keras"), True),
        "cross-validation": Command(
            ("ser-train", both, *short, "--cv", "speaker:2", "-o", "out/"), True
        ),
        "tuning": Command(("ser-train", four, *short, "--tune", "2", "-o", "out.keras"), True),
    }


def run(words: tuple[str, ...], folder: Path, after: float | None = None) -> bool:
    """Runs a command in a folder; says whether it came to its end before it was killed.

    Args:
        words: The command.
        folder: Where it runs.
        after: Seconds until the kill; None for none.

    Raises:
        RuntimeError: The command failed.
    """
    name = words[0].removeprefix("ser-")
    process = subprocess.Popen(
        [sys.executable, "-m", "ser", name, *words[1:]],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        _, error = process.communicate(timeout=TIMEOUT if after is None else after)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return False
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)}: {process.returncode}\n{error}")
    return True


def kill(command: Command, folder: Path, kills: int, rng: random.Random) -> dict[str, float]:
    """Kills a command so many times; see the head of this file."""
    folder.mkdir()
    begun = time.monotonic()
    run(command.words, folder)
    seconds = time.monotonic() - begun
    wanted = contents(folder)
    clear(folder)
    met = ends = different = 0
    again = False
    while True:
        resume = ("--resume",) if command.resume and again else ()
        after = rng.uniform(0.02, 1.0) * seconds if met < kills else None
        again = True
        if not run((*command.words, *resume), folder, after):
            met += 1
            continue
        ends += 1
        different += contents(folder) != wanted
        if after is None:
            break
        clear(folder)
        again = False
    left = [path for path in folder.rglob(".*") if path.is_file() and "lock" not in path.name]
    return {
        "seconds": round(seconds, 1),
        "kills": met,
        "ends": ends,
        "different": different,
        "left": len(left),
    }


def clear(folder: Path) -> None:
    """Removes what a command has written, so that the next run begins anew."""
    for path in list(folder.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def contents(folder: Path) -> dict[str, object]:
    """Gives what was written, by name, without hidden files."""
    return {
        str(path.relative_to(folder)): content(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.parts)
    }


def content(path: Path) -> object:
    """Gives the bytes of a file; of a model and of a search what they hold beside times."""
    data = path.read_bytes()
    if path.suffix == ".db":
        # A trial that was killed is kept as failed; what counts is what was found.
        query = (
            "select param_name, param_value from trial_params join trials using (trial_id) "
            "where state = 'COMPLETE' order by number, param_name"
        )
        values = (
            "select value from trial_values join trials using (trial_id) "
            "where state = 'COMPLETE' order by number"
        )
        with contextlib.closing(sqlite3.connect(path)) as database:
            return [database.execute(each).fetchall() for each in (query, values)]
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(path) as archive:
        found: dict[str, object] = {name: archive.read(name) for name in archive.namelist()}
        card = json.loads(archive.read("ser.json"))
    for part in card.values():
        if isinstance(part, dict):
            part.pop("minutes", None)
    # Keras writes there when it was saved.
    found.pop("metadata.json", None)
    return {**found, "ser.json": card}


@contextmanager
def server(corpus: Path) -> Iterator[str]:
    """Serves a recording slowly, and parts of it to who asks for them."""
    data = next(path for path in sorted(corpus.rglob("Actor_01/*")) if path.is_file()).read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            start = int((self.headers.get("Range") or "bytes=0-")[6:].partition("-")[0])
            self.send_response(206 if "Range" in self.headers else 200)
            self.send_header("Content-Type", "audio/flac")
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(data) - start))
            if "Range" in self.headers:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.end_headers()
            try:
                for place in range(start, len(data), 4096):
                    self.wfile.write(data[place : place + 4096])
                    time.sleep(0.02)
            except OSError:
                pass

        do_HEAD = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            pass

    web = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web.daemon_threads = True
    threading.Thread(target=web.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{web.server_address[1]}/talk.flac"
    finally:
        web.shutdown()


if __name__ == "__main__":
    main()
