"""ser-web in a process of its own, and questions to it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from conftest import ROOT


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    def __init__(self, address: str, process: subprocess.Popen[str], log: Path) -> None:
        self.address = address
        self.process = process
        self.log = log

    def ask(self, path: str, data: bytes | None = None, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            named.setdefault("Content-Type", "application/octet-stream")
        request = urllib.request.Request(self.address + path, data, named)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    @property
    def socket(self) -> str:
        return self.address.replace("http", "ws") + "v1/stream"


def start(log: Path, *options: str) -> Server:
    sink = log.open("w")
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "bin" / "ser-web"), "--port", "0", *options],
        stderr=sink,
        text=True,
    )
    while not (found := re.search(r"http://\S+", log.read_text())):
        assert process.poll() is None, log.read_text()
    return Server(found[0], process, log)
