"""ser-stats translate.keras table.npy: how good a translator is, as far as a table can say."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser.cli.common import Console
from ser.cli.stats.grid import grid
from ser.io.files import STANDARD

if TYPE_CHECKING:
    from ser.conversion.evaluation.report import ConversionReport, Estimate
    from ser.conversion.modification import Converter
    from ser.models.backend import Device

# With fewer speakers that training has not seen, those that it has seen judge as well.
_ENOUGH = 3
_WIDTH = 100
_TITLES = {
    "strong": "strong targets, and neutral",
    "normal": "normal targets",
    "all": "all targets",
}
_PROTOCOL = "changes of features, no audio made; speakers {whom} the translator's training"
_JUDGES = (
    "classifiers of real recordings of the other speakers of a group of about six; nobody has "
    "listened"
)


def is_translator(model: str) -> bool:
    """Says whether an artifact translates.

    Raises:
        ArtifactError: It is none.
    """
    from ser.conversion.artifact import TRANSLATOR
    from ser.models.artifact import read_card

    return bool(read_card(model)["kind"] == TRANSLATOR)


def evaluate(
    console: Console, model: str, name: str, device: Device, seed: int
) -> tuple[ConversionReport, dict[str, str]]:
    """Evaluates a translator on a table.

    Args:
        console: For warnings and progress.
        model: The artifact.
        name: The table.
        device: Where networks run.
        seed: Of the bootstrap.

    Returns:
        The figures, and what they are figures of.

    Raises:
        SerError: The table has other features, or nobody in it who can judge.
    """
    from ser.conversion.artifact import read_conversion_card
    from ser.conversion.evaluation.tables import choose, evaluate_table
    from ser.dataset.table import read_table, speaker_keys

    card = read_conversion_card(model)
    table = read_table(name)
    called = "stdin" if name == STANDARD else name
    trained = set(card.get("speakers") or [])
    shared = sorted(set(speaker_keys(table)) & trained)
    chosen = choose(table, card["labels"], shared)
    if shared and len(chosen.speakers) >= _ENOUGH:
        console.note(f"{_few(shared)} in {called} were in the training set and are left out")
    elif shared:
        chosen = choose(table, card["labels"])
        console.warn(
            f"{_few(shared)} in {called} were in the training set: the figures are too good"
        )
    unseen = bool(trained) and not set(chosen.speakers) & trained
    whom = "not in" if unseen else "in part in" if trained else "perhaps in"
    with console.progress(len(chosen.groups), "group", "translating") as progress:
        report = evaluate_table(
            _converters(model, card, device), table, chosen, seed=seed, progress=progress.update
        )
    facts = {
        "protocol": _PROTOCOL.format(whom=whom),
        "judges": _JUDGES,
        "translator": model,
        "table": called,
        "speakers": f"{len(report.actors)}: {', '.join(report.actors)}",
        "seed": f"{seed} (bootstrap)",
    }
    return report, facts


def report_lines(
    report: ConversionReport, facts: Mapping[str, str], *, everything: bool = False
) -> Iterator[str]:
    """Gives the lines about an evaluation.

    Args:
        report: The figures.
        facts: What they are figures of.
        everything: Emotions one by one for all strengths, not for the greatest alone.
    """
    from ser.conversion.evaluation.classifiers import CLASSIFIERS

    width = max(map(len, facts))
    for key, value in facts.items():
        yield from textwrap.wrap(
            f"{key:<{width}}  {value}", _WIDTH, subsequent_indent=" " * (width + 2)
        )
    there = [s for s in _TITLES if any(s in groups for groups in report.systems.values())]
    for strength in there:
        yield ""
        yield f"{_TITLES[strength]}; {report.level:.0%} intervals over speakers"
        yield from _overview(report, strength)
    for strength in there if everything else there[:1]:
        for judge, (_, _, what) in CLASSIFIERS.items():
            yield ""
            yield f"{_TITLES[strength]}, {judge}: {what}"
            yield from _by_emotion(report, strength, judge)
    own = own_of(report)
    judge = next(iter(CLASSIFIERS))
    yield ""
    yield f"{own}, all targets, {judge}: rows asked for, columns heard"
    confusion = report.systems[own]["all"].judges[judge].confusion
    rows = zip(report.emotions, confusion, strict=True)
    yield from grid([["", *report.emotions], *([name, *row] for name, row in rows)])


def own_of(report: ConversionReport) -> str:
    """Names the translator's row: its network's, or that of its rules where it has nothing else."""
    rows = [name for name in report.systems if name not in ("source", "real")]
    return rows[-1]


def csv_rows(report: ConversionReport, facts: Mapping[str, str]) -> Iterator[list[object]]:
    """Gives every figure as a row."""
    yield ["system", "targets", "judge", "emotion", "figure", "value", "low", "high", "protocol"]
    told = facts["protocol"]
    for system, groups in report.systems.items():
        for strength, group in groups.items():
            for name in ("speaker", "words", "pitch", "duration", "envelope"):
                yield [system, strength, "", "", name, *_ends(getattr(group, name)), told]
            for judge, accuracy in group.judges.items():
                start = [system, strength, judge]
                yield [*start, "", "accuracy", *_ends(accuracy.macro), told]
                for emotion, value in accuracy.emotions.items():
                    yield [*start, emotion, "accuracy", value, "", "", told]


def draw(target: Path, report: ConversionReport, facts: Mapping[str, str]) -> None:
    """Draws what the first judge hears in all outputs as a confusion matrix."""
    from ser.viz.confusion import draw_confusion

    own = own_of(report)
    judge, accuracy = next(iter(report.systems[own]["all"].judges.items()))
    draw_confusion(
        target,
        accuracy.confusion,
        report.emotions,
        f"{own}: {_short(accuracy.macro)} by {judge}",
        f"{facts['table']} · rows asked for, columns heard · {len(report.actors)} speakers",
    )


def _converters(model: str, card: Mapping[str, Any], device: Device) -> dict[str, Converter]:
    from ser.conversion.artifact import RULES_KEY, has_network
    from ser.conversion.converter import open_converter

    found = {}
    if RULES_KEY in card:
        found["rules"] = open_converter(model, "rules")
    if has_network(model):
        found[Path(model).name] = open_converter(model, "network", device)
    return found


def _few(names: list[str]) -> str:
    few = ", ".join(names[:5]) + (" ..." if len(names) > 5 else "")
    return f"{len(names)} of the speakers ({few})"


def _overview(report: ConversionReport, strength: str) -> list[str]:
    judges = list(next(iter(report.systems.values()))[strength].judges)
    rows: list[list[object]] = [
        ["", *judges, "speaker", "words", "F0 st", "duration s", "MCD dB", "outputs"]
    ]
    for system, groups in report.systems.items():
        if strength not in groups:
            continue
        group = groups[strength]
        rows.append(
            [
                system,
                *(_short(group.judges[judge].macro) for judge in judges),
                f"{group.speaker.value:.3f}",
                f"{group.words.value:.3f}",
                *(
                    "-" if figure is None else f"{figure.value:.2f}"
                    for figure in (group.pitch, group.duration, group.envelope)
                ),
                group.outputs,
            ]
        )
    return grid(rows)


def _by_emotion(report: ConversionReport, strength: str, judge: str) -> list[str]:
    rows: list[list[object]] = [["", *report.emotions]]
    for system, groups in report.systems.items():
        if strength in groups:
            found = groups[strength].judges[judge].emotions
            cells = [f"{found[e]:.2f}" if e in found else "-" for e in report.emotions]
            rows.append([system, *cells])
    return grid(rows)


def _short(figure: Estimate) -> str:
    return f"{figure.value:.3f} [{figure.low:.2f}, {figure.high:.2f}]"


def _ends(figure: Estimate | None) -> list[object]:
    return ["", "", ""] if figure is None else [figure.value, figure.low, figure.high]
