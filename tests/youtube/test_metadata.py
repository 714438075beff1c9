"""File names out of titles."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest

from ser.errors import SerError
from ser.youtube.metadata import file_name, join_inside

NASTY = [
    "", " ", ".", "..", "../..", "../../etc/passwd", "/etc/passwd", "C:\\Windows\\x", "\\\\host\\x",
    "a/b", "a\\b", "a:b", "a*b?", "<a>|\"b\"", "NUL", "con", "Aux.tar", "COM1", "lpt9.x", "COM¹",
    "CONIN$", "-rf", "--output=/x", "~root", ".hidden", "name.", "name. . .", "name   ", "\x00",
    "a\x00b", "a\nb\r\nc", "\x1b[31mred", "\x7f\x85", "a\u2028b\u2029c", "\u202egpj.exe",
    "\u2066a\u2069\u200f\u061c", "\ufeffx", "a\u200bb", "\ud800", "\udfffx", "\ue000", "x" * 5000,
    "ß" * 300, "🎙️" * 200, "e\u0301" * 200, "Ça va ? – Là-bas …", "感情の声", "مقابلة",
    "%s%n", "$(reboot)", "'; ls",
]  # fmt: skip
RESERVED = {"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} | {
    f"{name}{digit}" for name in ("COM", "LPT") for digit in "0123456789¹²³"
}


@pytest.mark.parametrize("identity", ["dQw4w9WgXcQ", *NASTY])
def test_names_are_safe_everywhere(identity: str, tmp_path: Path) -> None:
    for title in NASTY:
        name = file_name(title, identity, ".wav", section="1m00s-5m30s")
        assert name.endswith(".wav")
        assert 0 < len(name.encode("utf-8")) <= 200
        assert not set(name) & set('/\\:*?"<>|')
        categories = {unicodedata.category(character) for character in name}
        assert not categories & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
        assert name[0] not in ".-~ "
        assert name.removesuffix(".wav")[-1] not in ". "
        assert name.split(".")[0].rstrip().upper() not in RESERVED
        assert PurePosixPath(name).name == PureWindowsPath(name).name == name
        assert join_inside(tmp_path, name).parent == tmp_path
    (tmp_path / name).touch()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_names_stay_readable() -> None:
    assert file_name("Talk, 2024", "a-_B", ".flac") == "Talk, 2024 [a-_B].flac"
    assert file_name("感情の声", "x", ".wav") == "感情の声 [x].wav"
    assert file_name("AC/DC: “live”?", "x", ".wav") == "AC-DC- “live” [x].wav"
    assert file_name("e\u0301", "-x", ".wav", section="0m01s-") == "é [-x] 0m01s-.wav"
    assert file_name("", "x", ".wav") == "[x].wav"


def test_different_recordings_have_different_names() -> None:
    one = {
        file_name("t", identity, ".wav") for identity in ("a/b", "a\\b", "a:b", "a-b", "..", ".")
    }
    assert len(one) == 6
    long = {file_name("t", "x" * 100 + end, ".wav") for end in "ab"}
    assert len(long) == 2
    keyed = {file_name("t", "x", ".wav", key=key) for key in ("", "http://a/", "http://b/")}
    assert len(keyed) == 3
    assert file_name("t", "x", ".wav", key="k") == file_name("t", "x", ".wav", key="k")


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\\b", "/x", "a\0"])
def test_the_last_check(tmp_path: Path, name: str) -> None:
    with pytest.raises(SerError, match="leads out of the output folder"):
        join_inside(tmp_path, name)
