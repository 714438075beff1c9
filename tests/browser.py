"""A real browser for tests: Chromium or Chrome without a window, by its DevTools protocol.

It is looked for under its usual names; the environment variable SER_BROWSER names another one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

KEYS = {
    " ": ("Space", 32),
    "ArrowLeft": ("ArrowLeft", 37),
    "ArrowRight": ("ArrowRight", 39),
    "Home": ("Home", 36),
    "End": ("End", 35),
    "PageUp": ("PageUp", 33),
    "PageDown": ("PageDown", 34),
    "Tab": ("Tab", 9),
    "Enter": ("Enter", 13),
    "]": ("BracketRight", 221),
    "+": ("NumpadAdd", 107),
}


class Page:
    """One page in the browser.

    Attributes:
        complaints: What the page or the browser has complained about.
        requested: Every address that was asked for.
    """

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0
        self.complaints: list[str] = []
        self.requested: list[str] = []
        for domain in ("Runtime", "Log", "Network", "Page"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=30))
            if message.get("id") == self._number:
                assert "error" not in message, message
                return message["result"]
            self._event(message)

    def _event(self, message: dict[str, Any]) -> None:
        kind, found = message["method"], message["params"]
        if kind == "Network.requestWillBeSent":
            self.requested.append(found["request"]["url"])
        elif kind == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(found["exceptionDetails"]))
        elif kind == "Log.entryAdded" and found["entry"]["level"] in ("warning", "error"):
            self.complaints.append(found["entry"]["text"])

    def open(self, path: Path, *, dark: bool = False, width: int = 1200, height: int = 900) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.prefer(dark=dark)
        # A new page, also where an anchor alone would differ.
        self.call("Page.navigate", url="about:blank")
        self.complaints.clear()
        self.requested.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.until("document.readyState === 'complete'")

    def prefer(self, *, dark: bool) -> None:
        self.call(
            "Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}],
        )

    def value(self, expression: str) -> Any:
        done = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def until(self, expression: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < end, f"not in {seconds} s: {expression}"
            time.sleep(0.02)

    def click(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call(
                "Input.dispatchMouseEvent",
                type=kind, x=x, y=y, button="left" if kind != "mouseMoved" else "none",
                clickCount=1,
            )  # fmt: skip

    def press(self, key: str) -> None:
        code, number = KEYS[key]
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind, key=key, code=code, windowsVirtualKeyCode=number,
                **({"text": text} if text and kind == "keyDown" else {}),
            )  # fmt: skip


@contextlib.contextmanager
def browser(folder: Path, *options: str) -> Iterator[Page]:
    """Starts a browser with a profile in a folder; skips the test where there is none.

    Options are further ones of the browser, such as those for a microphone that plays a file.
    """
    names = [os.environ["SER_BROWSER"]] if os.environ.get("SER_BROWSER") else NAMES
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(names)} is installed; SER_BROWSER names one")
    sockets = pytest.importorskip("websockets.sync.client")
    log = folder / "browser.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [
                found, "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio",
                "--no-first-run", "--disable-dev-shm-usage", "--remote-debugging-port=0",
                "--autoplay-policy=no-user-gesture-required", f"--user-data-dir={folder}/profile",
                *options, "about:blank",
            ],
            stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True,
        )  # fmt: skip
    try:
        with sockets.connect(_address(folder, process, log), max_size=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(20)


def _address(folder: Path, process: subprocess.Popen[bytes], log: Path) -> str:
    port = folder / "profile" / "DevToolsActivePort"
    end = time.monotonic() + 30
    while not port.exists() or not port.read_text().strip():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    number = int(port.read_text().split()[0])
    with urllib.request.urlopen(f"http://127.0.0.1:{number}/json/list") as answer:
        pages = json.load(answer)
    return str(next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page"))
