"""Inputs and outputs by what they are, under whatever name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ser.errors import OverwritingError
from ser.io.roles import FileRoles, refuse_overwriting


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(b"sound")
    return path


def names_of(sound: Path) -> list[Path]:
    folder = sound.parent
    (folder / "hard.wav").hardlink_to(sound)
    (folder / "soft.wav").symlink_to(sound)
    (folder / "linked").symlink_to(folder)
    return [sound, folder / "hard.wav", folder / "soft.wav", folder / "linked" / "." / "a.wav"]


def test_an_input_is_no_output_under_any_name(sound: Path) -> None:
    for name in names_of(sound):
        for first, second in ((sound, name), (name, sound)):
            roles = FileRoles()
            roles.add_inputs([first])
            with pytest.raises(OverwritingError, match="is an input too") as caught:
                roles.add_outputs([second])
            assert str(first) in str(caught.value)
            assert str(second) in str(caught.value)


def test_what_is_found_later_may_not_be_an_output_either(sound: Path) -> None:
    roles = FileRoles()
    roles.add_outputs([sound, sound.with_name("b.wav")])
    with pytest.raises(OverwritingError, match="would be lost"):
        roles.add_inputs([sound.with_name("c.wav"), sound])


def test_two_outputs_are_two_files(sound: Path) -> None:
    for name in names_of(sound):
        roles = FileRoles()
        with pytest.raises(OverwritingError, match="to be written twice"):
            roles.add_outputs([sound, name])
    fresh = sound.with_name("fresh.csv")
    roles = FileRoles()
    with pytest.raises(OverwritingError, match="to be written twice"):
        roles.add_outputs([fresh, sound.parent / "linked" / "fresh.csv"])


def test_a_file_within_a_model_is_an_input(sound: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "config.json").touch()
    for first in (True, False):
        roles = FileRoles()
        if first:
            roles.add_trees([model])
            roles.add_outputs([model / "new.npy", sound])
        else:
            roles.add_outputs([model / "config.json"])
        with pytest.raises(OverwritingError, match="is an input too"):
            if first:
                roles.add_outputs([model / "config.json"])
            else:
                roles.add_trees([model])


def test_urls_are_compared_as_they_are() -> None:
    roles = FileRoles()
    roles.add_inputs(["s3://bucket/a.npy"])
    roles.add_outputs(["s3://bucket/b.npy"])
    with pytest.raises(OverwritingError):
        roles.add_outputs([Path("s3://bucket/a.npy")])


def test_devices_folders_and_missing_inputs_are_in_nobodys_way(tmp_path: Path) -> None:
    roles = FileRoles()
    roles.add_inputs(["/dev/null", tmp_path, tmp_path / "missing.wav", "-"])
    roles.add_outputs(["/dev/null", "/dev/null", tmp_path])
    with pytest.raises(OverwritingError):
        roles.add_outputs([tmp_path / "missing.wav"])


def test_standard_output_may_be_an_input(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sound.open("r+") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        roles = FileRoles()
        roles.add_inputs([sound])
        with pytest.raises(OverwritingError, match=r"-: is an input"):
            roles.add_outputs(["-"])
    monkeypatch.setattr("sys.stdout", None)
    roles.add_outputs(["-"])


def test_one_source_and_one_output(sound: Path) -> None:
    refuse_overwriting(sound, None, ([0.0], 16_000), 0.15)
    refuse_overwriting(sound.with_name("b.wav"), sound)
    with pytest.raises(OverwritingError), sound.open("rb") as stream:
        refuse_overwriting(os.path.relpath(sound), stream)
