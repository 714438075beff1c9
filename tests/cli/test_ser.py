"""The command `ser`: it lists the others and hands over to them."""

from __future__ import annotations

import configparser
from pathlib import Path

import pytest
from conftest import ROOT, RunPython
from tables import make_table

from ser import __version__
from ser.cli.ser import SUMMARIES, load, main
from ser.dataset.table import read_table, write_table


def test_every_command_that_is_installed_is_listed() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    scripts = dict(
        line.split(" = ")
        for line in settings["options.entry_points"]["console_scripts"].strip().splitlines()
    )
    assert scripts.pop("ser") == "ser.cli.ser:main"
    assert set(scripts) == {f"ser-{name}" for name in SUMMARIES}
    assert set(scripts) | {"ser"} == {path.name for path in (ROOT / "bin").iterdir()}
    for script, target in scripts.items():
        command = load(script.removeprefix("ser-"))
        assert command.name == script
        assert target.startswith("ser.cli.")


def test_help_lists_the_commands_and_imports_none(run_python: RunPython) -> None:
    done = run_python(
        "import sys\n"
        "from ser.cli.ser import main\n"
        "main.main(['--help'], standalone_mode=False)\n"
        "known = ('merge', 'split', 'translate', 'yt', 'analyze', 'train')\n"
        "assert not any(f'ser.cli.{name}' in sys.modules for name in known)\n"
    )
    assert done.returncode == 0, done.stderr
    for name, summary in SUMMARIES.items():
        assert f"  {name} " in done.out
        assert summary in done.out


def test_a_command_runs_as_under_its_own_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_table(tmp_path / "a.npy", make_table(3))
    arguments = ["merge", str(tmp_path / "a.npy"), "-o", str(tmp_path / "b.npy")]
    assert main.main(arguments, standalone_mode=False) == 0
    assert len(read_table(tmp_path / "b.npy")) == 3
    assert main.main(["merge", "nothing.npy", "-o", "b.npy"], standalone_mode=False) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("ser-merge: error: nothing.npy: ")
    with pytest.raises(SystemExit) as stop:
        main.main(["merge", "--nothing"])
    assert stop.value.code == 2


def test_a_command_is_imported_alone(run_python: RunPython) -> None:
    done = run_python(
        "import sys\n"
        "from ser.cli.ser import main\n"
        "main.main(['merge', '--version'], standalone_mode=False)\n"
        "assert not any(f'ser.cli.{name}' in sys.modules for name in ('split', 'yt', 'train'))\n"
    )
    assert (done.returncode, done.out) == (0, f"ser-merge {__version__}\n"), done.stderr


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main.main(["analyse", "a.wav"])
    assert stop.value.code == 2
    assert "No such command: analyse; did you mean analyze? Known names:" in capsys.readouterr().err
