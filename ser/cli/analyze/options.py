"""Options of ``ser-analyze``: where it cuts, what becomes of the windows, where they go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from ser.audio.microphone import MICROPHONE
from ser.cli.exclusive import Excludes
from ser.cli.options import timeline_output_options, with_options
from ser.cli.paths import TextWithPath
from ser.errors import choose_from
from ser.inference.adaptation import NONE, SELF
from ser.io.files import STANDARD, is_special
from ser.labels import canonical
from ser.models.prior import ALIKE, Prior
from ser.timeline.clock import parse_time
from ser.timeline.writers.registry import FORMATS


def time_option(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> float | None:
    """Reads an option that is a time: seconds, M:SS or H:MM:SS."""
    if value is None:
        return None
    try:
        return parse_time(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}: write 90, 1:30 or 0:01:30.") from error


class FormatNames(click.ParamType):  # type: ignore[type-arg]  # generic in newer click alone
    """Names of formats with commas between them; a tuple of strings."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Shows what there is to choose from."""
        return f"[{'|'.join(FORMATS)}]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Splits the names, and refuses unknown ones."""
        if isinstance(value, tuple):
            return value
        names = tuple(name.strip().lower() for name in value.split(",")) if value else ()
        for name in names:
            if name not in FORMATS:
                self.fail(f"{name!r} is unknown; {choose_from(name, FORMATS)}.", param, ctx)
        return tuple(dict.fromkeys(names))

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Completes the last of the names."""
        before, comma, last = incomplete.rpartition(",")
        return [CompletionItem(before + comma + name) for name in FORMATS if name.startswith(last)]


def window_options(function: Any) -> Any:
    """Adds the options that decide the windows, and what becomes of them."""
    options = [
        click.option(
            "--duration",
            type=float,
            help="Seconds per window.  [default: what the model was trained on]",
        ),
        click.option(
            "--hop",
            type=float,
            help="Seconds from one window to the next.  [default: DURATION; half of it with "
            "--segments]",
        ),
        click.option(
            "--start",
            metavar="TIME",
            default="0",
            callback=time_option,
            help="Where to begin: 90, 1:30 or 0:01:30.",
        ),
        click.option(
            "--end",
            metavar="TIME",
            callback=time_option,
            help="Where to end.  [default: the end of the recording]",
        ),
        click.option(
            "--vad/--no-vad",
            default=True,
            show_default=True,
            help="Leave windows unclassified that hold less than a quarter of a second of speech.",
        ),
        click.option(
            "--smooth",
            metavar="STAY",
            type=click.FloatRange(0, 1, max_open=True),
            help="Smooth by a hidden Markov model in which an emotion lasts for another second "
            "with this probability: 0.9, say.",
        ),
        click.option(
            "--min-confidence",
            metavar="P",
            type=click.FloatRange(0, 1),
            default=0.0,
            help="Call windows uncertain whose emotion is less probable than this.",
        ),
        click.option(
            "--coverage",
            metavar="P",
            type=click.FloatRange(0, 0.99, min_open=True),
            help="Give the set of emotions that holds the true one in this share of the windows of "
            "a new speaker: 0.9, say. An empty set is none of these emotions, a full one cannot "
            "say.",
        ),
        click.option(
            "--segments",
            is_flag=True,
            help="Join neighbouring windows of one emotion; unless told otherwise, windows then "
            "overlap by half and are smoothed by 0.8.",
        ),
    ]
    return with_options(options, function)


def timeline_options(function: Any) -> Any:
    """Adds the options that decide where the timeline goes, and how it looks there."""
    options = [
        click.option(
            "-f",
            "--format",
            "formats",
            type=FormatNames(),
            default="",
            help="How the timeline is written; with --output-dir also several, as jsonl,vtt.  "
            "[default: what the output's ending says, or text]",
        ),
        timeline_output_options,
    ]
    return with_options(options, function)


# What ``--adapt`` and ``--enrol`` of ``ser-analyze`` are given.

_ADAPT = TextWithPath(f"(?!(?:{NONE}|{SELF})$)(.*)")


def adapt_option(function: Any) -> Any:
    """Adds ``--adapt``, and its former name."""
    options = [
        click.option(
            "--adapt",
            metavar="none|self|FILE",
            type=_ADAPT,
            multiple=True,
            help="How the voice usually sounds: learn it from the recording itself (self, the "
            "default where the model can), from other unlabelled speech of it (FILE, the first "
            "five minutes; may be given several times), or not at all (none).",
        ),
        click.option("--calibrate", type=_ADAPT, multiple=True, hidden=True),
    ]
    return with_options(options, function)


class PriorType(click.ParamType):  # type: ignore[type-arg]  # generic in newer click alone
    """``alike``, or shares of emotions: `ser.models.prior.Prior`."""

    name = "prior"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """Shows how it is written."""
        return f"{ALIKE}|EMOTION=SHARE,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Prior:
        """Reads shares; whether the model knows the emotions is asked later."""
        if value == ALIKE or isinstance(value, tuple):
            return value  # type: ignore[no-any-return]
        pairs = []
        for part in value.split(","):
            name, equals, share = part.partition("=")
            try:
                pairs.append((name.strip(), float(share)))
            except ValueError:
                equals = ""
            if not (equals and name.strip()):
                self.fail(
                    f"{part!r} is no share: write {ALIKE}, or neutral=0.8,angry=0.2.", param, ctx
                )
        return tuple(pairs)


def prior_option(function: Any) -> Any:
    """Adds ``--prior``."""
    return with_options(
        [
            click.option(
                "--prior",
                type=PriorType(),
                help="How frequent emotions are in each recording, where you know it: alike, or "
                "the share of each emotion that occurs, as neutral=0.8,angry=0.2; the others are "
                "never given.  [default: learnt from the recording]",
            )
        ],
        function,
    )


PRIOR_RULES = (
    Excludes("--prior", "--coverage", "sets keep their promise where the prior is learnt"),
)


def check_adapt(adapt: Sequence[str], inputs: Sequence[Path], *, twice: bool) -> None:
    """Checks what is given to ``--adapt``.

    Args:
        adapt: The values.
        inputs: The recordings.
        twice: Adapting to a recording itself means reading it twice.

    Raises:
        click.UsageError: ``self`` or ``none`` is given with others, or a recording can be read
            only once.
    """
    for alone in (SELF, NONE):
        if alone in adapt and len(adapt) > 1:
            raise click.UsageError(f"--adapt {alone} does not go with another --adapt.")
    if (
        twice
        and SELF in adapt
        and any(str(path) in (STANDARD, MICROPHONE) or is_special(path) for path in inputs)
    ):
        raise click.UsageError(
            "--adapt self reads a recording twice with this model: give files, not pipes."
        )


def labelled_speech(pairs: Sequence[str]) -> list[tuple[str, str]]:
    """Reads ``EMOTION=FILE``.

    Raises:
        click.UsageError: It is written otherwise.
        LabelError: An emotion has no name.
    """
    found = []
    for pair in pairs:
        emotion, equals, path = pair.partition("=")
        if not (emotion and equals and path):
            raise click.UsageError(f"--enrol {pair}: write EMOTION=FILE, as in angry=a.wav.")
        # The model may know emotions that are not in the common vocabulary.
        found.append((canonical(emotion, strict=False), path))
    return found
