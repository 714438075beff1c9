"""Uploads, read into memory up to a limit: no temporary file is written."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from email.message import Message
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ser.web.problems import ProblemError
from ser.web.work import Recording, Work

if TYPE_CHECKING:
    from starlette.requests import Request


@contextlib.asynccontextmanager
async def upload(request: Request, work: Work, limit: int) -> AsyncIterator[Recording]:
    """Reads the body of a request: a file as ``multipart/form-data``, or as it is.

    Args:
        request: The request.
        work: What the memory is reserved at.
        limit: The most bytes.

    Yields:
        The recording; its memory is given back at the end.

    Raises:
        ProblemError: It is empty, too large, or no form that can be read.
    """
    said = request.headers.get("content-length", "")
    if said.isdigit() and int(said) > limit:
        raise ProblemError(413, f"the upload is larger than {limit >> 20} MiB")
    data = bytearray()
    try:
        async for chunk in request.stream():
            if len(data) + len(chunk) > limit:
                raise ProblemError(413, f"the upload is larger than {limit >> 20} MiB")
            work.hold(len(chunk))
            data += chunk
        kind = _content_type(request.headers.get("content-type", ""))
        size, name = len(data), "recording"
        if kind.get_content_type() == "multipart/form-data":
            found, name = read_form(data, str(kind.get_param("boundary", "")))
        else:
            found = data
        if not found:
            raise ProblemError(400, "the upload is empty: send a recording")
        recording = Recording(found, name)
        del found
        data = bytearray()
        try:
            yield recording
        finally:
            work.hold(-size)
            recording.close()
    finally:
        work.hold(-len(data))


def read_form(data: bytes | bytearray, boundary: str) -> tuple[bytearray, str]:
    """Finds the file in a form.

    Args:
        data: A body of the type ``multipart/form-data``.
        boundary: What divides its parts.

    Returns:
        The contents of the first part with a file name, and that name.

    Raises:
        ProblemError: It is no such form, or holds no file.
    """
    from python_multipart.exceptions import FormParserError
    from python_multipart.multipart import MultipartParser

    parts: list[tuple[bytearray, bytearray]] = []
    header = bytearray()

    def begin() -> None:
        parts.append((bytearray(), bytearray()))

    def header_part(piece: bytes, start: int, end: int) -> None:
        header.extend(piece[start:end])

    def header_value(piece: bytes, start: int, end: int) -> None:
        if header.lower() == b"content-disposition":
            parts[-1][0].extend(piece[start:end])

    def content(piece: bytes, start: int, end: int) -> None:
        parts[-1][1].extend(piece[start:end])

    callbacks: Any = {
        "on_part_begin": begin,
        "on_header_field": header_part,
        "on_header_value": header_value,
        "on_header_end": header.clear,
        "on_part_data": content,
    }
    try:
        parser = MultipartParser(boundary.encode("latin-1", "replace"), callbacks)
        parser.write(bytes(data))
        parser.finalize()
    except FormParserError as error:
        raise ProblemError(400, "the form cannot be read: send multipart/form-data") from error
    for disposition, found in parts:
        named = _content_type(disposition.decode("utf-8", "replace"), "content-disposition")
        name = named.get_filename()
        if name is not None:
            return found, PurePosixPath(name.replace("\\", "/")).name[:200] or "recording"
    raise ProblemError(400, "the form holds no file: give the field `file` a file name")


def _content_type(value: str, header: str = "content-type") -> Message:
    message = Message()
    with contextlib.suppress(ValueError):
        message[header] = value.replace("\r", " ").replace("\n", " ")
    return message
