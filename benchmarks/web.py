#!/usr/bin/env python3
"""Load on ser-web: uploads and live streams at once, on this machine.

    python benchmarks/web.py RECORDING.wav [--seconds 120] [--uploads 50] [--streams 20]

Uploads are sent one behind the other by so many clients; streams send at the pace of sound. A 503
with Retry-After is an answer: the client comes back. Everything else but 200 is a loss.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import psutil
import soundfile
from websockets.sync.client import connect

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Runs the load and prints what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--uploads", type=int, default=50)
    parser.add_argument("--streams", type=int, default=20)
    given = parser.parse_args()
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "bin" / "ser-web"), "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    started = time.monotonic()
    address = re.search(r"http://\S+", process.stderr.readline())[0]
    print(f"ready in {time.monotonic() - started:.2f} s")
    data = given.recording.read_bytes()
    samples = soundfile.read(given.recording, dtype="int16")[0]
    counts: Counter[str] = Counter()
    times: list[float] = []
    end = time.monotonic() + given.seconds

    def upload() -> None:
        while time.monotonic() < end:
            before = time.monotonic()
            try:
                with urllib.request.urlopen(f"{address}v1/analyze", data, timeout=120) as answer:  # noqa: S310
                    json.load(answer)
                times.append(time.monotonic() - before)
                counts["uploads answered"] += 1
            except urllib.error.HTTPError as error:
                later = error.headers.get("Retry-After")
                counts["uploads told to come back" if later else f"uploads lost: {error}"] += 1
                time.sleep(1)
            except OSError as error:
                counts[f"uploads lost: {error}"] += 1

    def listen(number: int) -> None:
        got = 0
        try:
            with connect(address.replace("http", "ws") + "v1/stream", ping_timeout=None) as socket:
                socket.recv()

                def speak() -> None:
                    sent = 0
                    begun = time.monotonic()
                    while time.monotonic() < end:
                        place = sent % (len(samples) - 1600)
                        socket.send(samples[place : place + 1600].tobytes())
                        sent += 1600
                        time.sleep(max(0.0, begun + sent / 16_000 - time.monotonic()))
                    socket.send("end")
                    counts["seconds streamed"] += sent // 16_000

                speaker = threading.Thread(target=speak)
                speaker.start()
                for message in socket:
                    got += json.loads(message)["type"] == "window"
                speaker.join()
            counts["streams whole"] += 1
        except Exception as error:
            counts[f"streams lost: {type(error).__name__} {error}"] += 1
        counts["windows"] += got

    threads = [threading.Thread(target=upload) for _ in range(given.uploads)]
    threads += [threading.Thread(target=listen, args=(n,)) for n in range(given.streams)]
    for thread in threads:
        thread.start()
    most = 0
    while any(thread.is_alive() for thread in threads):
        most = max(most, psutil.Process(process.pid).memory_info().rss)
        time.sleep(0.5)
    process.terminate()
    for name, count in sorted(counts.items()):
        print(f"{name}: {count}")
    if times:
        times.sort()
        print(f"median answer {times[len(times) // 2]:.1f} s, longest {times[-1]:.1f} s")
    print(f"most memory {most >> 20} MiB")


if __name__ == "__main__":
    main()
