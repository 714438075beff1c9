"""The results of the conversion benchmark as tables in Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.conversion.benchmark import SYSTEMS
from benchmarks.conversion.quality import SpeechQuality
from ser.conversion.evaluation.classifiers import CLASSIFIERS
from ser.conversion.evaluation.report import ALL, NORMAL, STRONG, ConversionReport, Estimate

AIM_EMOTIONS = ("angry", "happy", "sad", "surprised", "neutral")
"""The emotions whose accuracy has an aim of its own."""

Qualities = Mapping[str, Mapping[str, Sequence[SpeechQuality]]]
"""`ConversionBenchmark.qualities`."""


def report_tables(report: ConversionReport, qualities: Qualities | None = None) -> str:
    """Formats a report.

    Args:
        report: The figures.
        qualities: Quality of conversions that should equal their source.
    """
    lines = []
    for strength, title in ((STRONG, "Strong targets"), (NORMAL, "Normal targets"), (ALL, "Both")):
        if not any(strength in groups for groups in report.systems.values()):
            continue
        lines += ["", f"## {title}", "", *_overview(report, strength)]
        if strength != ALL:
            for name, kind in CLASSIFIERS.items():
                lines += ["", f"{name}: {kind.description}", ""]
                lines += _by_emotion(report, strength, name)
    if qualities and any(kinds["own"] for kinds in qualities.values()):
        lines += ["", "## What should stay as it is", "", *_quality_table(qualities)]
    lines += ["", "## How to read this", "", *(f"- {note}" for note in report.notes)]
    return "\n".join(lines[1:]) + "\n"


def aims_table(
    report: ConversionReport,
    system: str,
    qualities: Qualities,
    speed: Sequence[Mapping[str, Any]] = (),
) -> list[str]:
    """Compares a system with its aims; strong targets where nothing else is said.

    Args:
        report: Has the system, rules and real targets.
        system: Its name.
        qualities: Quality of conversions that should equal their source.
        speed: Of `ConversionBenchmark.speed`.
    """
    own, real = report.systems[system], report.systems["real"]
    strong, both = own[STRONG], own[ALL]
    rows: list[tuple[str, str, str, bool]] = []
    for name, accuracy in strong.classifiers.items():
        over, above = accuracy.over_real, accuracy.above_rules
        if over is not None:
            least = min(
                ((v, e) for e, v in accuracy.emotions_over_real.items() if v is not None),
                default=(0.0, "none"),
            )
            rows += [
                (f"{name}: macro over real targets", "1.0", f"{over.value:.2f}", over.value >= 1),
                (f"{name}: least emotion", "0.6", f"{least[0]:.2f} {least[1]}", least[0] >= 0.6),
            ]
        if above is not None:
            reached = above.value >= 0.15 and above.low > 0
            rows.append((f"{name}: above the rules", "0.15, without 0", _signed(above), reached))
        least = min((accuracy.emotions.get(emotion, 0.0), emotion) for emotion in AIM_EMOTIONS)
        diagonal = accuracy.diagonal, both.classifiers[name].diagonal
        rows += [
            (f"{name}: least of five", "0.70", f"{least[0]:.2f} {least[1]}", least[0] >= 0.7),
            (
                f"{name}: largest on the diagonal, strong and both",
                "all rows",
                ", ".join(map(_yes, diagonal)),
                all(diagonal),
            ),
        ]
    speaker, real_speaker = strong.speaker.value, real[STRONG].speaker.value
    rows.append(
        ("speaker", f"{real_speaker:.3f}, the real", f"{speaker:.3f}", speaker >= real_speaker)
    )
    words, aim = both.words.value, real[ALL].words.value - 0.01
    rows.append(("words, both", f"{aim:.3f}", f"{words:.3f}", words >= aim))
    for name, figure, most in (
        ("F0 error, semitones", strong.pitch, 4.5),
        ("duration error, s", strong.duration, 0.35),
    ):
        if figure is not None:
            rows.append((name, f"{most}", f"{figure.value:.2f}", figure.value <= most))
    for key, title in (("own", "own emotion"), ("zero", "intensity 0")):
        group = qualities.get(system, {}).get(key)
        if group:
            pesq, stoi = np.array([(one.pesq, one.stoi) for one in group]).mean(axis=0)
            rows += [
                (f"{title}: PESQ-WB", "4.0", f"{pesq:.2f}", bool(pesq >= 4)),
                (f"{title}: STOI", "0.98", f"{stoi:.3f}", bool(stoi >= 0.98)),
            ]
    for row in speed:
        if row["system"] == system:
            factor = row["wall"] / row["seconds"]
            rows.append(("real-time factor", "0.3", f"{factor:.2f}", factor <= 0.3))
    return [
        f"| {SYSTEMS.get(system, system)} | to reach | found | reached |",
        "| --- | --- | --- | --- |",
        *(f"| {axis} | {aim} | {found} | {_yes(reached)} |" for axis, aim, found, reached in rows),
    ]


def intelligibility_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Formats the rows of `ConversionBenchmark.intelligibility`."""
    lines = [
        "| system | corpus | sentences to choose from | clips | translated | real recordings |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {SYSTEMS.get(row['system'], row['system'])} | {row['corpus']} | {row['sentences']} | "
        f"{row['clips']} | {row['made']:.3f} | {row['real']:.3f} |"
        for row in rows
    ]
    return lines


def speed_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Formats the rows of `ConversionBenchmark.speed`."""
    lines = [
        "| system | speech, s | by the clock, s | of work, s | real-time factor |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {SYSTEMS.get(row['system'], row['system'])} | {row['seconds']:.1f} | "
        f"{row['wall']:.2f} | {row['busy']:.2f} | {row['wall'] / row['seconds']:.2f} |"
        for row in rows
    ]
    return lines


def _overview(report: ConversionReport, strength: str) -> list[str]:
    lines = [
        "| system | judge | accuracy | over real | above the rules | diagonal | speaker | words | "
        "F0, semitones | duration, s | MCD, dB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for system, groups in report.systems.items():
        if strength not in groups:
            continue
        figures = groups[strength]
        speaker = figures.speaker
        for number, (name, accuracy) in enumerate(figures.classifiers.items()):
            over = f"{accuracy.over_real.value:.2f}" if accuracy.over_real else "–"
            above = _signed(accuracy.above_rules) if accuracy.above_rules else "–"
            cells = [name, str(accuracy.macro), over, above, _yes(accuracy.diagonal)]
            shared = [
                f"{speaker.value:.3f} ({speaker.low:.2f}–{speaker.high:.2f})",
                f"{figures.words.value:.3f}",
                *(
                    f"{one.value:.2f} ({one.low:.2f}–{one.high:.2f})" if one else "–"
                    for one in (figures.pitch, figures.duration, figures.envelope)
                ),
            ]
            title = SYSTEMS.get(system, system) if not number else ""
            cells = [title, *cells, *([""] * 5 if number else shared)]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def _by_emotion(report: ConversionReport, strength: str, classifier: str) -> list[str]:
    lines = [
        "| system | " + " | ".join(report.emotions) + " |",
        "| --- |" + " --- |" * len(report.emotions),
    ]
    for system, groups in report.systems.items():
        if strength not in groups:
            continue
        accuracy = groups[strength].classifiers[classifier]
        cells = [
            f"{accuracy.emotions[e]:.2f} ({accuracy.emotions_over_real[e]:.2f})"
            if accuracy.emotions_over_real.get(e) is not None and system != "real"
            else f"{accuracy.emotions[e]:.2f}"
            if e in accuracy.emotions
            else "–"
            for e in report.emotions
        ]
        lines.append(f"| {SYSTEMS.get(system, system)} | " + " | ".join(cells) + " |")
    return lines


def _quality_table(qualities: Qualities) -> list[str]:
    lines = [
        "| system | of which | recordings | PESQ-WB, mean (least) | STOI, mean (least) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for system, kinds in qualities.items():
        for key, title in (("own", "its own emotion, not told"), ("zero", "intensity 0")):
            group = kinds[key]
            if group:
                pesq, stoi = np.array([(one.pesq, one.stoi) for one in group]).T
                shown = "all that it has to do" if system == "rendered" else title
                lines.append(
                    f"| {SYSTEMS.get(system, system)} | {shown} | {len(group)} | {pesq.mean():.2f} "
                    f"({pesq.min():.2f}) | {stoi.mean():.3f} ({stoi.min():.3f}) |"
                )
    return lines


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def _signed(figure: Estimate) -> str:
    return f"{figure.value:+.3f} ({figure.low:+.3f} to {figure.high:+.3f})"
