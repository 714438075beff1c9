"""Which records are made of which part of which file, and what is left to do."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, sound

from ser.augment.copies import Copies
from ser.augment.recipe import parse_recipe
from ser.corpora.base import Clip
from ser.dataset.plan import (
    LONGEST_UNCUT_SECONDS,
    PlannedClip,
    RecordWindows,
    find_files,
    plan_clips,
    plan_copies,
    plan_tasks,
)
from ser.dataset.table import Table, record_dtype
from ser.errors import AudioError, ParameterError, SerError, TableError
from ser.features.spec import FeatureSpec

SPEC = FeatureSpec(n_mels=20, hop_length=400)
POOLED = SPEC.with_changes(pool="mean")


def plan(
    clips: Sequence[Clip], spec: FeatureSpec = SPEC, windows: RecordWindows | None = None
) -> tuple[list[PlannedClip], float, list[SerError]]:
    errors: list[SerError] = []
    with contextlib.ExitStack() as stack:
        files = find_files(clips, windows, stack, None, errors.append)
        planned, seconds = plan_clips(files, spec, windows, errors.append)
    return planned, seconds, errors


def write(path: Path, seconds: float) -> Path:
    path.write_bytes(sound(np.zeros(round(seconds * RATE), np.float32), RATE))
    return path


def begun(*records: tuple[str, float, str]) -> Table:
    """What an interrupted run has left: path, start and augmentation of each record."""
    table = np.zeros(len(records), record_dtype(SPEC, 1, 1))
    for row, (path, start, augment) in zip(table, records, strict=True):
        row["path"], row["start"], row["augment"] = path, start, augment
    return table


@pytest.mark.parametrize(
    ("seconds", "window", "hop", "starts"),
    [
        (0.3, 1.0, 1.0, [0.0]),
        (1.0, 1.0, 1.0, [0.0]),
        (1.49, 1.0, 1.0, [0.0]),
        (1.5, 1.0, 1.0, [0.0, 1.0]),
        (3.0, 1.0, 1.0, [0.0, 1.0, 2.0]),
        (2.0, 1.0, 0.5, [0.0, 0.5, 1.0, 1.5]),
        (2.0, 0.5, 1.0, [0.0, 1.0]),
    ],
)
def test_window_starts(
    seconds: float, window: float, hop: float, starts: list[float], tmp_path: Path
) -> None:
    clip = Clip(write(tmp_path / "a.wav", seconds))
    planned, longest, _ = plan([clip], windows=RecordWindows(window, hop))
    assert [piece.clip.start for piece in planned] == pytest.approx(starts)
    assert longest == window
    assert all(piece.file == str(clip.path) for piece in planned)


def test_long_recordings_ask_for_windows(tmp_path: Path) -> None:
    clip = Clip(write(tmp_path / "long.wav", LONGEST_UNCUT_SECONDS + 1))
    with pytest.raises(AudioError, match=r"the longest clip has 121 s.*with `window`"):
        plan([clip])
    for spec in (SPEC.with_changes(duration=1.0), POOLED):
        planned, seconds, _ = plan([clip], spec)
        assert (len(planned), seconds) == (1, spec.duration or 0.0)
    clip = Clip(write(tmp_path / "short.wav", LONGEST_UNCUT_SECONDS - 1))
    assert plan([clip])[1] == pytest.approx(LONGEST_UNCUT_SECONDS - 1, abs=1e-3)


@pytest.mark.parametrize(("window", "hop"), [(0, 1), (1, 0), (-1, 1), (1, float("nan"))])
def test_windows_have_a_length(window: float, hop: float) -> None:
    with pytest.raises(ParameterError, match="must be positive seconds"):
        RecordWindows(window, hop)


@pytest.mark.parametrize(("window", "hop"), [(1e12, 1), (1, 1e-9), (float("inf"), 1)])
def test_windows_have_a_sensible_length(window: float, hop: float) -> None:
    with pytest.raises(ParameterError, match=r"must be from 0.001 to 86400 seconds"):
        RecordWindows(window, hop)


def test_an_offset_is_skipped_once(tmp_path: Path) -> None:
    clip = Clip(write(tmp_path / "a.wav", 3.25), start=0.25)
    spec = SPEC.with_changes(offset=1.0)
    planned, _, _ = plan([clip], spec, RecordWindows(1.0, 1.0))
    assert [piece.clip.start for piece in planned] == [0.25, 1.25]
    # A reader skips the offset of each window, too.
    tasks = [piece.task((0,), spec, named=False) for piece in planned]
    assert [(task.offset, task.whole) for task in tasks] == [(1.25, 1.0), (2.25, 1.0)]


def test_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"")
    clips = [Clip(tmp_path / "bad.wav"), Clip(write(tmp_path / "good.wav", 1.0))]
    planned, _, errors = plan(clips)
    assert [piece.clip for piece in planned] == clips[1:]
    assert [error.subject for error in errors] == [str(tmp_path / "bad.wav")]


@pytest.mark.parametrize(
    ("changes", "duration", "seconds"),
    [
        ({}, None, None),
        ({}, 5.0, 4.5),
        ({"duration": 2.0}, None, 2.0),
        ({"duration": 2.0}, 2.0, 1.5),
        # Trimming and cleaning need all that there is.
        ({"duration": 2.0, "trim": 40.0}, None, None),
        ({"duration": 2.0, "clean": ("trim",)}, 5.0, 4.5),
    ],
)
def test_no_more_is_decoded_than_is_needed(
    changes: dict[str, object], duration: float | None, seconds: float | None
) -> None:
    spec = SPEC.with_changes(offset=0.5, **changes)
    clip = Clip(Path("a.wav"), start=1.0, duration=duration)
    task = PlannedClip(clip, "copy.wav").task((0, 1), spec, named=True)
    assert (task.file, task.offset, task.seconds) == ("copy.wav", 1.5, seconds)
    assert task.whole == (None if duration is None else duration - 0.5)
    assert (task.path, task.start, task.numbers) == ("a.wav", 1.0, (0, 1))
    assert task.name.startswith("unlabelled_a")


def test_copies_are_made_a_few_at_a_time() -> None:
    copies = Copies(parse_recipe("noise"), 6)
    planned = plan_copies([PlannedClip(Clip(Path("a.wav")), "a.wav")], copies)
    todo, made = plan_tasks(planned, begun(), SPEC, copies, "t.npy")
    assert [numbers for _, numbers in todo] == [(0, 1, 2, 3), (4, 5, 6)]
    assert made == 0


def test_what_an_interrupted_run_has_made_is_not_made_again() -> None:
    copies = Copies(parse_recipe("noise"), 3, seed=7)
    clips = [Clip(Path("a.wav")), Clip(Path("b.wav"), start=1.0)]
    planned = plan_copies([PlannedClip(clip, clip.name) for clip in clips], copies)
    label = copies.label("a.wav", 0.0, 2)
    table = begun(("a.wav", 0.0, ""), ("a.wav", 0.0, label), ("b.wav", 1.0, ""))
    todo, made = plan_tasks(planned, table, SPEC, copies, "t.npy")
    assert [(piece.clip, numbers) for piece, numbers in todo] == [
        (clips[0], (1, 3)),
        (clips[1], (1, 2, 3)),
    ]
    assert made == 1
    with pytest.raises(TableError, match=r"t\.npy\.part: holds copies that were made with other"):
        plan_tasks(planned, begun(("a.wav", 0.0, "noise=99dB:white")), SPEC, copies, "t.npy")


def test_two_lengths_of_one_beginning_are_two_records() -> None:
    planned = [
        PlannedClip(Clip(Path("a.wav"), duration=seconds), "a.wav") for seconds in (1.0, 2.0)
    ]
    todo, _ = plan_tasks(planned, begun(("a.wav", 0.0, "")), SPEC, None, "t.npy")
    assert [piece.clip.duration for piece, _ in todo] == [2.0]


def test_errors_about_a_copy_name_the_recording() -> None:
    piece = PlannedClip(Clip(Path("-")), "/tmp/copy")
    assert str(piece.rename(AudioError("/tmp/copy", "is empty"))) == "-: is empty"
    other = AudioError("noise.wav", "is empty")
    assert piece.rename(other) is other
