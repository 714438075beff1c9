"""What all readers of turns refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser.errors import SerError
from ser.timeline.readers.base import LIMIT_BYTES, make_turn, read_bytes
from ser.timeline.readers.registry import READERS, reader_of
from ser.timeline.turn import Turn


def test_times(tmp_path: Path) -> None:
    assert make_turn(tmp_path, "line 1", 0, 1, "Anna") == Turn(0, 1, "Anna")
    for start, end in ((1, 1), (2, 1), (-1, 1), (float("nan"), 1), (float("inf"), float("inf"))):
        with pytest.raises(SerError, match="line 7: is no segment"):
            make_turn(tmp_path, "line 7", start, end, "")


def test_large_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    with path.open("wb") as stream:
        stream.truncate(LIMIT_BYTES + 1)
    with pytest.raises(SerError, match="larger than 64 MB"):
        read_bytes(path)


@pytest.mark.parametrize("ending", list(READERS))
@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"\x00" * 64, b"SPEAKER a 1 x y", b"<a", b'item [1]: "'], ids=repr
)
def test_damaged_files_give_one_line(ending: str, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(data)
    try:
        found = reader_of(path).read(path)
    except SerError as error:
        assert "\n" not in str(error)
    else:
        # Nothing in it is a line of this format.
        assert ending == ".rttm"
        assert found == []


@pytest.mark.parametrize("ending", list(READERS))
def test_missing_files(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{ending}"
    with pytest.raises(SerError, match="cannot be read"):
        reader_of(path).read(path)
