"""Tables of options that exclude or need each other."""

from __future__ import annotations

from typing import Any

import click
import pytest

from ser.cli.common import command
from ser.cli.exclusive import Excludes, Needs, is_given

RULES = (
    Excludes("--mic", "--play", "hear one of them"),
    Excludes(("--output-dir", "--resume"), ("--output", "--html", "AUDIO")),
    Excludes("--output=-", "--no-augment"),
    Excludes(("--first", "--second"), ("--first", "--second")),
    Excludes("--augment", "--play"),
    Needs("--html-sound", "--html"),
    Needs(("--hop", "--size"), ("--window", "--mic"), "windows are cut"),
)


@command("ser-rules", rules=RULES)
@click.argument("audio", nargs=-1)
@click.option("--mic", is_flag=True)
@click.option("--play")
@click.option("--output-dir")
@click.option("--resume", is_flag=True)
@click.option("-o", "--output", multiple=True, default=("-",))
@click.option("--html")
@click.option("--html-sound", default="auto", envvar="SER_TEST_SOUND")
@click.option("--augment/--no-augment", default=True)
@click.option("--first", is_flag=True)
@click.option("--second", is_flag=True)
@click.option("--hop", type=float)
@click.option("--size", type=float)
@click.option("--window", type=float)
def main(console: Any, **values: Any) -> None:
    """Says yes."""
    context = click.get_current_context()
    click.echo(f"yes {is_given(context, '--hop')} {is_given(context, '--no-augment', 'AUDIO')}")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main.main(list(arguments), standalone_mode=False) == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--mic", "--play", "a"], "--mic and --play exclude each other: hear one of them."),
        (
            ["--output-dir", "d", "--html", "h"],
            "--output-dir and --html exclude each other: leave one of them out.",
        ),
        (["--resume", "a.wav"], "--resume and AUDIO exclude each other: leave one of them out."),
        # A default that is written down is given, too.
        (
            ["--resume", "-o", "-"],
            "--resume and --output exclude each other: leave one of them out.",
        ),
        (
            ["-o", "-", "--no-augment"],
            "--output - and --no-augment exclude each other: leave one of them out.",
        ),
        (
            ["--second", "--first"],
            "--first and --second exclude each other: leave one of them out.",
        ),
        (
            ["--augment", "--play", "a"],
            "--augment and --play exclude each other: leave one of them out.",
        ),
        (["--html-sound", "none"], "--html-sound needs --html."),
        (["--size", "1"], "--size needs --window or --mic: windows are cut."),
    ],
)
def test_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert refused(capsys, *arguments) == f"Error: {message}"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a.wav"],
        ["--play", "a"],
        ["--first"],
        ["--second"],
        ["--no-augment", "--play", "a"],
        ["--hop", "1", "--window", "3"],
        ["--hop", "1", "--mic"],
        ["-o", "-", "--augment"],
        ["-o", "file", "--no-augment"],
        ["--html", "h", "--html-sound", "none"],
        ["--output-dir", "d", "--resume"],
    ],
)
def test_allowed(arguments: list[str]) -> None:
    assert main.main(arguments, standalone_mode=False) == 0


def test_the_environment_gives_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_TEST_SOUND", "none")
    assert main.main([], standalone_mode=False) == 0


def test_what_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        ([], "yes False False"),
        (["--hop", "1", "--window", "1"], "yes True False"),
        (["--no-augment"], "yes False True"),
        (["--augment"], "yes False False"),
        (["a.wav"], "yes False True"),
    ):
        main.main(arguments, standalone_mode=False)
        assert capsys.readouterr().out.strip() == said


def test_help_is_shown_whatever_else_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--mic", "--play", "a", "--help"], standalone_mode=False) == 0
    assert "Usage" in capsys.readouterr().out


def test_a_table_names_options_that_there_are() -> None:
    with pytest.raises(ValueError, match="ser-wrong has no option --nowhere"):

        @command("ser-wrong", rules=[Excludes("--mic", "--nowhere=1")])
        @click.option("--mic", is_flag=True)
        def wrong(console: Any, mic: bool) -> None: ...
