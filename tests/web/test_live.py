"""Live sound over a real WebSocket."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from webserver import Server
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

import ser
from ser.inference.config import make_config
from ser.web.live import MAX_FRAME, samples_of
from ser.web.problems import ProblemError


def test_samples() -> None:
    assert samples_of(b"\x00\x80\xff\x7f").tolist() == [-1.0, 32767 / 32768]
    for frame in (b"", b"x", b"xx" * MAX_FRAME):
        with pytest.raises(ProblemError):
            samples_of(frame)


def test_windows_equal_those_of_the_package(server: Server, talk: Path) -> None:
    samples, rate = soundfile.read(talk, dtype="int16", frames=5 * 16_000)
    found: list[dict[str, Any]] = []
    with connect(server.socket) as socket:
        ready = json.loads(socket.recv())
        assert (ready["type"], ready["rate"], ready["hop"]) == ("ready", 16_000, 0.2)
        for start in range(0, len(samples), 800):
            socket.send(samples[start : start + 800].tobytes())
        socket.send("end")
        for message in socket:
            found.append(json.loads(message))
    assert found.pop()["type"] == "end"
    model = ser.load_model()
    config = make_config(model.classifier, default_hop=0.2)
    live = ser.Recognizer(model.classifier, config)
    floats = samples.astype(np.float32) / np.float32(32768)
    expected = list(live.stream([floats], rate))
    assert [w["emotion"] for w in found] == [w.emotion for w in expected]
    assert len(found) >= 8


@pytest.mark.parametrize(
    ("frame", "code"), [(b"odd", 1003), (b"", 1003), ("stop", 1003), (b"x" * (MAX_FRAME + 2), 1009)]
)
def test_malformed_frames(server: Server, frame: bytes | str, code: int) -> None:
    with connect(server.socket) as socket:
        socket.recv()
        socket.send(frame)
        with pytest.raises(ConnectionClosed) as stop:
            while True:
                socket.recv(timeout=20)
    assert stop.value.rcvd is not None
    assert stop.value.rcvd.code == code


def test_foreign_pages_are_refused(server: Server) -> None:
    with pytest.raises(InvalidStatus) as stop, connect(server.socket, origin="http://evil.example"):
        pass
    assert stop.value.response.status_code == 403


def test_a_client_that_goes_away_frees_its_stream(server: Server) -> None:
    for _ in range(3):
        with connect(server.socket) as socket:
            socket.recv()
            socket.send(b"\0" * 32_000)
    with connect(server.socket) as socket:
        socket.recv()
        # Streams end when their last windows have been found, of other tests as well.
        deadline = time.monotonic() + 60
        while "ser_streams 1\n" not in server.ask("metrics").body.decode():
            assert time.monotonic() < deadline
            time.sleep(0.1)
