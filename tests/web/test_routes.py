"""The interface for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
import soundfile
from voices import RATE
from voices import talk as conversation
from webserver import Server

import ser

JSON = "application/json"


def test_analysis_is_that_of_the_package(server: Server, talk: Path) -> None:
    found = server.ask("v1/analyze?hop=1", talk.read_bytes()).json
    expected = ser.analyze(talk, hop=1.0)
    assert [w["emotion"] for w in found["windows"]] == [w.emotion for w in expected]


def test_accept_says_the_format(server: Server, talk: Path) -> None:
    answer = server.ask("v1/analyze?segments=true", talk.read_bytes(), Accept="text/vtt")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/vtt")
    assert answer.body.startswith(b"WEBVTT")
    page = server.ask("v1/analyze", talk.read_bytes(), Accept="text/html")
    assert b"<html" in page.body


def test_speakers_are_told_apart(server: Server, tmp_path: Path) -> None:
    samples, _ = conversation([1, 2], 8)
    path = tmp_path / "call.wav"
    soundfile.write(path, samples, RATE)
    found = server.ask("v1/analyze?speakers=2&segments=true", path.read_bytes()).json
    assert {w["speaker"] for w in found["windows"]} == {"speaker 1", "speaker 2"}
    body = json.dumps({"name": "a", "windows": found["windows"]}).encode()
    answer = server.ask("v1/timeline?format=vtt", body, **{"Content-Type": JSON})
    assert b"<v speaker 1>" in answer.body
    # Never a file of the server.
    for wrong in ("/etc/passwd", "a.rttm", "0", "2-"):
        assert server.ask(f"v1/analyze?speakers={wrong}", b"x").status == 422


def test_translation(server: Server, talk: Path) -> None:
    answer = server.ask("v1/translate?to=angry", talk.read_bytes())
    samples, rate = soundfile.read(io.BytesIO(answer.body))
    assert (answer.status, rate) == (200, 16_000)
    assert len(samples)
    with soundfile.SoundFile(io.BytesIO(answer.body)) as sound:
        assert "synthetic" in sound.comment


def test_cues_and_models(server: Server, talk: Path) -> None:
    assert set(server.ask("v1/cues", talk.read_bytes()).json) == {
        "pitch", "range", "loudness", "pace",
    }  # fmt: skip
    assert "neutral" in server.ask("v1/models").json["models"][0]["labels"]


def test_corrected_windows_are_written(server: Server) -> None:
    body = {"name": "a", "windows": [{"start": 0, "end": 1, "emotion": "sad"}]}
    answer = server.ask(
        "v1/timeline?format=csv", json.dumps(body).encode(), **{"Content-Type": JSON}
    )
    assert (answer.status, answer.body.splitlines()[1][:18]) == (200, b"a,0.000,1.000,sad,")


QUERIES = [
    f"{name}={value}"
    for name in ("hop", "duration", "start", "end", "smooth", "min_confidence", "coverage")
    for value in (
        "x",
        "-1",
        "nan",
        "inf",
        "1e999",
        "",
        "[]",
        "%00",
        "0x10",
        "..%2F",
        "9e9e9",
        "-inf",
    )
] + ["segments=maybe", "vad=2", "format=docx", "format=", "hop=0", "smooth=1"]
BODIES = [
    b"",
    b"\0",
    b"RIFF",
    b"RIFF\xff\xff\xff\xffWAVEfmt ",
    b"fLaC" * 9,
    b"OggS" * 9,
    b"ID3" * 99,
]


def test_a_hundred_malformed_requests(server: Server, talk: Path) -> None:
    sound = talk.read_bytes()
    answers = [(q, server.ask(f"v1/analyze?{q}", sound)) for q in QUERIES]
    for path in ("v1/analyze", "v1/cues", "v1/translate?to=sad", "v1/translate"):
        answers += [(f"{path} {body!r}", server.ask(path, body)) for body in BODIES]
    answers += [(p, server.ask(p)) for p in ("v1/analyze", "v1/nothing", "..%2f..%2fetc/passwd")]
    for body in (
        b"{",
        b"[]",
        b'{"windows":[{}]}',
        b'{"windows":[{"start":1,"end":0,"emotion":"sad"}]}',
    ):
        answers.append((body, server.ask("v1/timeline", body, **{"Content-Type": JSON})))
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    answers += [
        (b, server.ask("v1/analyze", b, **form)) for b in (b"x", b"--b", b"--b--", b"--b\r\n")
    ]
    assert len(answers) >= 100
    wrong = [(what, a.status) for what, a in answers if not 400 <= a.status < 500]
    assert wrong == []
    for _, answer in answers:
        assert answer.headers["content-type"] == "application/problem+json"
        assert b"/work" not in answer.body
        assert str(Path.cwd()).encode() not in answer.body
    assert "Traceback" not in server.log.read_text()
    assert server.ask("healthz").status == 200


@pytest.mark.parametrize("value", ["9999999999", "x"])
def test_a_length_that_is_too_large(server: Server, value: str) -> None:
    assert 400 <= server.ask("v1/analyze", b"x", **{"Content-Length": value}).status < 500
