"""Voices with names, and the file that keeps them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from voices import RATE, say

from ser.errors import AudioError, SerError
from ser.speakers.encoder import SIZE, load_encoder
from ser.speakers.voiceprints import (
    SAME_VOICE,
    Voiceprint,
    add_voices,
    enrol,
    match,
    next_names,
    read_store,
    write_store,
)

E = np.eye(SIZE, dtype=np.float32)


def test_enrolled_speech_is_recognized() -> None:
    anna = enrol("Anna", [(say(1, 1), RATE), (say(1, 2), RATE)])
    ben = enrol("Ben", [(say(2, 1), RATE)])
    assert anna.seconds > 2
    other = load_encoder().embed([say(1, 8)[8000:]])
    assert match(other, [anna, ben]) == {0: "Anna"}


def test_silence_cannot_be_enrolled() -> None:
    with pytest.raises(AudioError, match="has no speech"):
        enrol("Anna", [(np.zeros(RATE, np.float32), RATE)])


def test_no_name_is_given_twice() -> None:
    near = E[0] * 0.9 + E[1] * np.sqrt(1 - 0.81)
    known = [Voiceprint("Anna", E[0], 1.0)]
    assert match(np.stack([near, E[0]]), known) == {1: "Anna"}


def test_who_is_unlike_all_has_no_name() -> None:
    almost = E[0] * (SAME_VOICE - 0.01) + E[1] * np.sqrt(1 - (SAME_VOICE - 0.01) ** 2)
    assert match(almost[None], [Voiceprint("Anna", E[0], 1.0)]) == {}
    assert match(E[:2], []) == {}
    assert match(E[:0], [Voiceprint("Anna", E[0], 1.0)]) == {}


def test_names_of_new_voices() -> None:
    assert next_names([], 2) == ["speaker 1", "speaker 2"]
    assert next_names(["speaker 7", "speaker x", "Anna"], 1) == ["speaker 8"]


def test_a_store_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "voices.npz"
    assert read_store(path) == []
    write_store(path, [Voiceprint("Änna\n", E[0], 2.5), Voiceprint("speaker 1", E[1], 1.0)])
    found = read_store(path)
    assert [(voice.name, voice.seconds) for voice in found] == [("Änna\n", 2.5), ("speaker 1", 1.0)]
    assert (found[0].center == E[0]).all()


def test_voices_are_weighted_by_time() -> None:
    known = [Voiceprint("Anna", E[0], 3.0), Voiceprint("Ben", E[2], 1.0)]
    anna, ben, new = add_voices(known, {"Anna": (E[1], 1.0), "speaker 1": (E[3], 2.0)})
    assert anna.seconds == 4.0
    assert anna.center[:2] == pytest.approx(np.array([3, 1]) / np.sqrt(10), abs=1e-6)
    assert ben is known[1]
    assert (new.name, new.seconds) == ("speaker 1", 2.0)


def damaged_stores(folder: Path) -> list[Path]:
    whole = folder / "whole.npz"
    write_store(whole, [Voiceprint("Anna", E[0], 1.0)])
    contents: dict[str, dict[str, object]] = {
        "objects": {"names": np.array([{}], dtype=object)},
        "numbers": {"names": np.array([1])},
        "text": {"names": np.array(["Anna"])},
        "list": {"names": np.frombuffer(b"[1]", np.uint8)},
        "shape": {"voices": E[:1, :-1]},
        "nan": {"voices": E[:1] * np.nan},
        "seconds": {"seconds": np.array([1.0, 2.0])},
    }
    found = []
    for name, change in contents.items():
        path = folder / f"{name}.npz"
        arrays = {
            "names": np.frombuffer(b'["Anna"]', np.uint8),
            "voices": E[:1],
            "seconds": np.array([1.0]),
        }
        np.savez(path, **{**arrays, **change})  # type: ignore[arg-type]
        found.append(path)
    for name, data in {"cut": whole.read_bytes()[:200], "words": b"Anna", "empty": b""}.items():
        path = folder / f"{name}.npz"
        path.write_bytes(data)
        found.append(path)
    return found


def test_damaged_stores_give_one_line(tmp_path: Path) -> None:
    for path in damaged_stores(tmp_path):
        with pytest.raises(SerError, match="is no store of voices") as caught:
            read_store(path)
        assert "\n" not in str(caught.value)
