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

# With fewer speakers unseen in training, those of the training are used as well.
_MIN_SPEAKERS = 3
_WIDTH = 100
_TITLES = {
    "strong": "strong targets, and neutral",
    "normal": "normal targets",
    "all": "all targets",
}
_PROTOCOL = "changes of features, no audio made; speakers {whom} the translator's training"
_CLASSIFIERS = (
    "classifiers of real recordings of the other speakers of a group of about six; nobody has "
    "listened"
)


def is_translator(model: str) -> bool:
    """Whether an artifact is a conversion model.

    Raises:
        ArtifactError: It is no artifact.
    """
    from ser.conversion.artifact import TRANSLATOR
    from ser.models.artifact import read_card

    return bool(read_card(model)["kind"] == TRANSLATOR)


def evaluate(
    console: Console, model: str, name: str, device: Device, seed: int
) -> tuple[ConversionReport, dict[str, str]]:
    """Evaluates a conversion model on a table.

    Args:
        console: For warnings and progress.
        model: The artifact.
        name: The table.
        device: Where networks run.
        seed: Of the bootstrap.

    Returns:
        The figures, and facts about them.

    Raises:
        SerError: The table has other features, or too few speakers.
    """
    from ser.conversion.artifact import read_conversion_card
    from ser.conversion.evaluation.tables import choose_speakers, evaluate_table
    from ser.dataset.table import read_table, speaker_keys

    card = read_conversion_card(model)
    table = read_table(name)
    called = "stdin" if name == STANDARD else name
    trained = set(card.get("speakers") or [])
    shared = sorted(set(speaker_keys(table)) & trained)
    chosen = choose_speakers(table, card["labels"], shared)
    if shared and len(chosen.speakers) >= _MIN_SPEAKERS:
        console.note(f"{_few(shared)} in {called} were in the training set and are left out")
    elif shared:
        chosen = choose_speakers(table, card["labels"])
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
        "judges": _CLASSIFIERS,
        "translator": model,
        "table": called,
        "speakers": f"{len(report.actors)}: {', '.join(report.actors)}",
        "seed": f"{seed} (bootstrap)",
    }
    return report, facts


def report_lines(
    report: ConversionReport, facts: Mapping[str, str], *, everything: bool = False
) -> Iterator[str]:
    """Formats an evaluation as text.

    Args:
        report: The figures.
        facts: About them.
        everything: Give single emotions for all intensities, not for the strongest alone.
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
        for classifier, kind in CLASSIFIERS.items():
            yield ""
            yield f"{_TITLES[strength]}, {classifier}: {kind.description}"
            yield from _by_emotion(report, strength, classifier)
    system = main_system(report)
    classifier = next(iter(CLASSIFIERS))
    yield ""
    yield f"{system}, all targets, {classifier}: rows asked for, columns heard"
    confusion = report.systems[system]["all"].classifiers[classifier].confusion
    rows = zip(report.emotions, confusion, strict=True)
    yield from grid([["", *report.emotions], *([name, *row] for name, row in rows)])


def main_system(report: ConversionReport) -> str:
    """Names the system that was evaluated: the network, or the rules where there is none."""
    rows = [name for name in report.systems if name not in ("source", "real")]
    return rows[-1]


def csv_rows(report: ConversionReport, facts: Mapping[str, str]) -> Iterator[list[object]]:
    """Gives all figures as rows of a CSV file."""
    yield ["system", "targets", "judge", "emotion", "figure", "value", "low", "high", "protocol"]
    protocol = facts["protocol"]
    for system, groups in report.systems.items():
        for strength, group in groups.items():
            for name in ("speaker", "words", "pitch", "duration", "envelope"):
                yield [system, strength, "", "", name, *_ends(getattr(group, name)), protocol]
            for classifier, accuracy in group.classifiers.items():
                start = [system, strength, classifier]
                yield [*start, "", "accuracy", *_ends(accuracy.macro), protocol]
                for emotion, value in accuracy.emotions.items():
                    yield [*start, emotion, "accuracy", value, "", "", protocol]


def draw(target: Path, report: ConversionReport, facts: Mapping[str, str]) -> None:
    """Draws the confusion matrix of the first classifier over all conversions."""
    from ser.viz.confusion import draw_confusion

    system = main_system(report)
    classifier, accuracy = next(iter(report.systems[system]["all"].classifiers.items()))
    draw_confusion(
        target,
        accuracy.confusion,
        report.emotions,
        f"{system}: {_short(accuracy.macro)} by {classifier}",
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
    classifiers = list(next(iter(report.systems.values()))[strength].classifiers)
    rows: list[list[object]] = [
        ["", *classifiers, "speaker", "words", "F0 st", "duration s", "MCD dB", "outputs"]
    ]
    for system, groups in report.systems.items():
        if strength not in groups:
            continue
        group = groups[strength]
        rows.append(
            [
                system,
                *(_short(group.classifiers[name].macro) for name in classifiers),
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


def _by_emotion(report: ConversionReport, strength: str, classifier: str) -> list[str]:
    rows: list[list[object]] = [["", *report.emotions]]
    for system, groups in report.systems.items():
        if strength in groups:
            found = groups[strength].classifiers[classifier].emotions
            cells = [f"{found[e]:.2f}" if e in found else "-" for e in report.emotions]
            rows.append([system, *cells])
    return grid(rows)


def _short(figure: Estimate) -> str:
    return f"{figure.value:.3f} [{figure.low:.2f}, {figure.high:.2f}]"


def _ends(figure: Estimate | None) -> list[object]:
    return ["", "", ""] if figure is None else [figure.value, figure.low, figure.high]
