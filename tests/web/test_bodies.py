"""Uploads in memory."""

from __future__ import annotations

import pytest

from ser.web.bodies import read_form
from ser.web.problems import ProblemError

PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\n%s\r\n--b--\r\n'


def test_a_file_with_its_name() -> None:
    data = b"\r\n\r\0\xff--b\n--"
    assert read_form(PART % (b"C:\\x\\talk.wav", data), "b") == (data, "talk.wav")
    assert read_form(PART % (b"../../etc/passwd", b"x"), "b")[1] == "passwd"


@pytest.mark.parametrize(
    ("body", "boundary"),
    [(b"", "b"), (b"nonsense", "b"), (PART % (b"a", b"x"), "other"), (b"--b--\r\n", ""),
     (b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n--b--\r\n', "b")],
)  # fmt: skip
def test_no_file(body: bytes, boundary: str) -> None:
    with pytest.raises(ProblemError) as stop:
        read_form(body, boundary)
    assert stop.value.status == 400
