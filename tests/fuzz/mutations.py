"""Changes that chance makes to files, and that somebody might make on purpose; seeded."""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Callable
from typing import Any

Mutation = Callable[[random.Random, bytes], bytes]

# What a field of a text format may be replaced by.
STRANGE: tuple[Any, ...] = (
    True, None, [], {}, [[]], "", "é", "\x1b[31mred\x07", "x" * 5_000, "\ud800", "NaN", -1, 0, 1,
    2**31, 2**63, -(10**30), 10**400, 1e-320, 1e308, float("nan"), float("inf"), [1.0] * 300,
)  # fmt: skip


def flip(chance: random.Random, data: bytes) -> bytes:
    """Changes single bytes, more often near the beginning, where headers are."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if changed:
            end = len(changed) if chance.random() < 0.5 else min(len(changed), 600)
            changed[chance.randrange(end)] = chance.choice(
                (0, 1, 127, 128, 255, chance.randrange(256))
            )
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    """Loses the end, the beginning, or something in between."""
    first, last = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    return chance.choice((data[:first], data[last:], data[:first] + data[last:]))


def repeat(chance: random.Random, data: bytes) -> bytes:
    """Has a part twice, or a part of it somewhere else."""
    first, last = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    part, at = data[first : min(last, first + 4_000)], chance.randrange(len(data) + 1)
    return data[:at] + part + data[at:]


def swap_number(chance: random.Random, data: bytes) -> bytes:
    """Writes a number of four or eight bytes over others."""
    size = chance.choice((4, 8))
    if len(data) < size:
        return data
    at = chance.randrange(min(len(data), 600) - size + 1)
    number = chance.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, 1 << (8 * size - 1)))
    packed = number.to_bytes(16, chance.choice(("little", "big")))
    return data[:at] + packed[:size] + data[at + size :]


RAW: tuple[Mutation, ...] = (flip, flip, cut, repeat, swap_number)


def any_raw(chance: random.Random, data: bytes) -> bytes:
    """Changes bytes in one of these ways."""
    return chance.choice(RAW)(chance, data)


def header_of_array(chance: random.Random, data: bytes) -> bytes:
    """Changes digits, types and brackets in the header of a ``.npy`` file."""
    end = data.find(b"\n")
    if end < 0:
        return any_raw(chance, data)
    head = bytearray(data[:end])
    for _ in range(chance.choice((1, 1, 2, 5))):
        at = chance.randrange(10, max(11, len(head)))
        head[at : at + 1] = bytes([chance.choice(b"0123456789-<>|fiUSOVMm?'\"(),[]{} TF")])
    return bytes(head) + data[end:]


def body_of_array(chance: random.Random, data: bytes) -> bytes:
    """Changes what stands behind the header of a ``.npy`` file."""
    start = data.find(b"\n") + 1
    body = bytearray(data[start:])
    for _ in range(chance.choice((1, 1, 3, 20))):
        at = chance.randrange(max(1, len(body) - 8))
        # No code point and no number; not a number; nothing; a control character.
        body[at : at + 4] = chance.choice((b"\xff" * 4, b"\0\0\xc0\x7f", b"\0" * 4, b"\x1b\0\0\0"))
    return data[:start] + bytes(body)


def values_of_json(chance: random.Random, data: bytes) -> bytes:
    """Puts something strange in the place of a value, or takes one away."""
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        return any_raw(chance, data)
    for _ in range(chance.choice((1, 1, 2, 3))):
        content = _replace(chance, content, depth=chance.randrange(1, 6))
    return json.dumps(content).encode()


def _replace(chance: random.Random, value: Any, depth: int) -> Any:
    if depth and isinstance(value, dict) and value:
        key = chance.choice(list(value))
        if chance.random() < 0.1:
            return {name: each for name, each in value.items() if name != key}
        return {**value, key: _replace(chance, value[key], depth - 1)}
    if depth and isinstance(value, list) and value:
        at = chance.randrange(len(value))
        return [*value[:at], _replace(chance, value[at], depth - 1), *value[at + 1 :]]
    return chance.choice(STRANGE)


def cells_of_csv(chance: random.Random, data: bytes) -> bytes:
    """Puts something strange in the place of a cell."""
    lines = data.split(b"\n")
    at = chance.randrange(len(lines))
    cells = lines[at].split(b",")
    strange = str(chance.choice(STRANGE)).encode("utf-8", "surrogatepass")[:400]
    cells[chance.randrange(len(cells))] = chance.choice((strange, b'"', b"\0", b"nan", b"inf"))
    lines[at] = b",".join(cells)
    return b"\n".join(lines)


def deep(chance: random.Random, data: bytes) -> bytes:
    """Nests brackets deeper than a parser can follow."""
    return chance.choice((b"[", b'{"a":')) * chance.choice((900, 100_000))


def member_of(name: str, *mutations: Mutation) -> Mutation:
    """Gives the mutation of one member of a zip archive, whose checksums are right again."""

    def change(chance: random.Random, data: bytes) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = {each: archive.read(each) for each in archive.namelist()}
        except Exception:
            # Changed once already.
            return any_raw(chance, data)
        if name not in members:
            return any_raw(chance, data)
        members[name] = chance.choice(mutations)(chance, members[name])
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            for each, content in members.items():
                archive.writestr(each, content)
        return stream.getvalue()

    return change
