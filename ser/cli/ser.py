"""The command `ser`: all commands under one name, ``ser analyze`` for ``ser-analyze``.

A command is imported when it is asked for, so that it starts as fast as under its own name.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click

from ser import __version__
from ser.cli.common import Command
from ser.errors import choose_from

SUMMARIES: Mapping[str, str] = MappingProxyType(
    {
        "analyze": "The emotions in recordings and live sound, over time.",
        "listen": "What somebody says, how the voice sounds and what the words say.",
        "translate": "A recording in another emotion, with the same words and voice.",
        "web": "A page to speak to, and the same for programs, on this machine.",
        "yt": "The sound of videos, playlists and channels, as audio files.",
        "extract": "Recordings to a table of features.",
        "merge": "Several tables to one.",
        "split": "A table to tables for training and testing, speakers apart.",
        "train": "A table to a model.",
        "stats": "What a table holds, what a model is, and how good it is.",
    }
)
"""The commands, in the order in which the help lists them."""


def load(name: str) -> Command:
    """Imports a command.

    Args:
        name: One of `SUMMARIES`.

    Raises:
        KeyError: There is no such command.
    """
    main: Command
    match name:
        case "analyze":
            from ser.cli.analyze.command import main
        case "listen":
            from ser.cli.listen.command import main
        case "translate":
            from ser.cli.translate import main
        case "web":
            from ser.cli.web import main
        case "yt":
            from ser.cli.yt import main
        case "extract":
            from ser.cli.extract.command import main
        case "merge":
            from ser.cli.merge import main
        case "split":
            from ser.cli.split import main
        case "train":
            from ser.cli.train.command import main
        case "stats":
            from ser.cli.stats.command import main
        case _:
            raise KeyError(name)
    return main


class Umbrella(click.Group):
    """Hands over to the command that the first argument names."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Runs the command that is asked for, with its own exit codes; see `Command.main`."""
        words = list(sys.argv[1:] if args is None else args)
        if words and words[0] in SUMMARIES:
            # The name is that of the command by itself: messages and completion know that one.
            return load(words[0]).main(
                words[1:], prog_name=f"ser-{words[0]}", standalone_mode=standalone_mode, **extra
            )
        return super().main(
            words,
            prog_name="ser",
            complete_var=complete_var,
            standalone_mode=standalone_mode,
            **extra,
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Gives the names of all commands."""
        return list(SUMMARIES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> Command | None:
        """Gives a command, for shell completion; None where there is no such command."""
        return load(cmd_name) if cmd_name in SUMMARIES else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuses a command that there is not.

        Raises:
            click.UsageError: Always in a run: `main` has taken those that there are.
        """
        if args[0] in SUMMARIES or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"No such command: {args[0]}; {choose_from(args[0], SUMMARIES)}.")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))


@click.group(
    "ser",
    cls=Umbrella,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Read emotion from speech, change it, and make the models which do both.

    \b
    Every command is there under its own name too: ser analyze is ser-analyze.
    ser COMMAND --help says more about each.
    """  # noqa: D301 (click reads the backspace character itself)


if __name__ == "__main__":
    main()
