"""Arrays of anybody: damaged headers are one kind of error, and claims are checked first."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from ser.io.npy import array_from_bytes, arrays_from_bytes, check_archive, map_array


def bytes_of(array: np.ndarray) -> bytes:  # type: ignore[type-arg]
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def with_header(header: str, data: bytes = b"\0" * 64) -> bytes:
    text = header.encode("latin1").ljust(118) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


ARRAYS = [
    np.arange(6, dtype=np.float32).reshape(2, 3),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.array(7.5),
    np.zeros((0, 4)),
    np.array([("é", 1.5)], [(("title", "a"), "<U3"), ("b", ">f8")]),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: str(array.dtype))
def test_arrays_come_back(array: np.ndarray, tmp_path: Path) -> None:  # type: ignore[type-arg]
    np.save(tmp_path / "a.npy", array)
    for read in (array_from_bytes(bytes_of(array)), map_array(tmp_path / "a.npy")):
        assert read.dtype == array.dtype
        np.testing.assert_array_equal(read, array)


HEADERS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (True,), }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': ('<f4', (-3,)), 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a',)], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [(('t',), '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<q9', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 5, }",
    "{'descr': '<f4'}",
    "[" * 60,
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), ",
    "'''",
]


@pytest.mark.parametrize("header", HEADERS)
def test_broken_headers_are_a_value_error_without_memory(header: str, tmp_path: Path) -> None:
    data = with_header(header)
    (tmp_path / "a.npy").write_bytes(data)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"."):
        array_from_bytes(data)
    with pytest.raises(ValueError, match=r"."):
        map_array(tmp_path / "a.npy")
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("length", [0, 5, 9, 40, 100, 130])
def test_what_is_cut_off_is_a_value_error(length: int) -> None:
    with pytest.raises(ValueError, match=r"."):
        array_from_bytes(bytes_of(ARRAYS[0])[:length])


def test_archives_of_arrays() -> None:
    stream = io.BytesIO()
    np.savez(stream, a=ARRAYS[0], b=ARRAYS[2])
    found = arrays_from_bytes(stream.getvalue())
    assert sorted(found) == ["a", "b"]
    np.testing.assert_array_equal(found["a"], ARRAYS[0])
    for data in (
        b"",
        b"PK\x03\x04",
        stream.getvalue()[:-30],
        stream.getvalue().replace(b"f4", b"O4"),
    ):
        with pytest.raises(ValueError, match=r"."):
            arrays_from_bytes(data)


def test_a_zip_bomb_is_not_unpacked() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes_of(np.zeros(16 << 20, np.float32)))
    data = stream.getvalue()
    with pytest.raises(ValueError, match="claim to hold"):
        arrays_from_bytes(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        check_archive(archive, 100 * len(data))


def test_a_member_is_no_larger_than_its_archive() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.npy", bytes_of(ARRAYS[0]))
    data = bytearray(stream.getvalue())
    # The packed size in the directory at the end, of four bytes.
    at = data.index(b"PK\x01\x02") + 20
    data[at : at + 4] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(ValueError, match="packed ones"):
        arrays_from_bytes(bytes(data))
