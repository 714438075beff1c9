"""An audit as text for people, and as rows for spreadsheets."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from ser.cli.stats.evaluation import interval_text
from ser.cli.stats.grid import grid
from ser.evaluation.audit import Audit, NearPair
from ser.evaluation.shortcuts import Shortcut
from ser.wording import counted

# Longer lists are for --json, or for --verbose.
_SHOWN = 10
_WIDTH = 100
_HEADINGS = {"length": "length (s)", "level": "level (dB)", "silence": "silent share"}
_FORMATS = {"length": ".2f", "level": ".1f", "silence": ".2f"}
_SHARED = {
    "speakers": ("speaker is on both sides", "speakers are on both sides"),
    "takes": (
        "test record is of a take that training has heard",
        "test records are of takes that training has heard",
    ),
    "duplicates": (
        "test record has an exact duplicate in training",
        "test records have an exact duplicate in training",
    ),
    "near": (
        "test record has a near duplicate in training",
        "test records have a near duplicate in training",
    ),
}


def audit_lines(audit: Audit, name: str, *, everything: bool = False) -> Iterator[str]:
    """Gives the lines about an audit: what was found first, then the figures.

    Args:
        audit: What was found.
        name: What to call the table.
        everything: Do not shorten lists.
    """
    found = list(findings(audit))
    yield f"{name}: {counted(audit.records, 'record')}, {counted(audit.clips, 'clip')} scored"
    yield f"findings: {len(found) or 'none'}"
    for finding in found:
        yield from textwrap.wrap(
            f"- {finding}", _WIDTH, initial_indent="  ", subsequent_indent="    "
        )
    for note in audit.notes:
        yield f"note: {note}"
    if audit.shortcuts:
        yield ""
        yield from textwrap.wrap(
            f"emotions told by one cue alone: UAR, 95 % interval, accuracy; guessing has UAR "
            f"{audit.shortcuts[0].chance:.3f}, the commonest emotion accuracy "
            f"{audit.majority:.3f} (seed {audit.seed})",
            _WIDTH,
            subsequent_indent="  ",
        )
        yield from _shortcut_grid(audit)
    yield ""
    yield "medians by emotion"
    yield from _emotion_grid(audit)
    yield ""
    if audit.sentences:
        single = [f"{key} {emotion}" for key, emotion in audit.single_label.items()]
        yield from _listed(
            "sentences in one emotion only", single, everything=everything, of=audit.sentences
        )
    else:
        yield "sentences in one emotion only: sentences are not known"
    takes = [" = ".join(paths) for paths in audit.takes]
    yield from _listed("takes in several files", takes, everything=everything)
    equal = [" = ".join(group) for group in audit.duplicates]
    yield from _listed("exact duplicates", equal, everything=everything)
    # First those that matter most.
    near = list(map(_pair_text, sorted(audit.near, key=_same)))
    yield from _listed("near duplicates", near, everything=everything)
    if audit.sides:
        yield ""
        yield f"on both sides of {audit.split}: speakers, and test records like a training record"
        yield from _side_grid(audit)


def findings(audit: Audit) -> Iterator[str]:
    """Gives a sentence for everything that makes figures better than a model is."""
    for protocol in dict.fromkeys(found.protocol for found in audit.shortcuts):
        told = [cue for cue in audit.shortcuts if cue.protocol == protocol and cue.tells]
        if told:
            cues = "; ".join(f"{cue.cue} {cue.uar:.2f}" for cue in told)
            yield (
                f"with {protocol}, one cue alone tells emotions better than guessing "
                f"({told[0].chance:.3f}), UAR: {cues}"
            )
    cut = [
        emotion
        for emotion, cues in audit.emotions.items()
        if sum(share for _, share in cues.lengths) > 0.5
    ]
    if cut and len({audit.emotions[emotion].lengths for emotion in cut}) > 1:
        yield f"clips are cut to a few lengths, which differ by emotion: {', '.join(cut)}"
    if audit.single_label:
        share = audit.single_label_clips / max(audit.clips, 1)
        yield (
            f"{counted(len(audit.single_label), 'sentence')} of {audit.sentences} in one emotion "
            f"only, with {share:.0%} of the clips"
        )
    if audit.takes:
        yield (
            f"{counted(len(audit.takes), 'take')} in several files, which ser-split and ser-train "
            "keep on one side"
        )
    if audit.duplicates:
        groups = counted(len(audit.duplicates), "group")
        yield f"{groups} of exact duplicates, which ser-merge leaves out"
    if audit.near:
        yield f"{counted(len(audit.near), 'pair')} of near duplicates" + _kinds(audit.near)
    for what, (one, several) in _SHARED.items():
        counts = [len(getattr(side, what)) for side in audit.sides]
        if any(counts):
            folds = f" in {sum(map(bool, counts))} of {len(counts)} folds" if counts[1:] else ""
            most = "up to " if len(set(filter(None, counts))) > 1 else ""
            yield f"{most}{max(counts)} {one if max(counts) == 1 else several}{folds}"


def csv_rows(audit: Audit, name: str) -> Iterator[list[object]]:
    """Gives every figure as a row, and every pair of records.

    Args:
        audit: What was found.
        name: What to call the table.
    """
    yield ["scope", "name", "figure", "value", "low", "high", "clips", "table", "seed"]
    told = [name, audit.seed]
    yield ["all", "commonest emotion", "accuracy", audit.majority, "", "", audit.clips, *told]
    for cue in audit.shortcuts:
        ends = [cue.interval.low, cue.interval.high]
        yield [cue.protocol, cue.cue, "uar", cue.uar, *ends, cue.clips, *told]
        yield [cue.protocol, cue.cue, "accuracy", cue.accuracy, "", "", cue.clips, *told]
        yield [cue.protocol, cue.cue, "chance", cue.chance, "", "", cue.clips, *told]
    for emotion, cues in audit.emotions.items():
        for cue_name, median in cues.medians.items():
            yield ["median", emotion, cue_name, median, "", "", cues.clips, *told]
        for length, share in cues.lengths:
            yield ["share of length", emotion, length, share, "", "", cues.clips, *told]
    for sentence, emotion in audit.single_label.items():
        yield ["sentence in one emotion", sentence, emotion, "", "", "", "", *told]
    for scope, groups in (("take", audit.takes), ("duplicate", audit.duplicates)):
        for first, *others in groups:
            for other in others:
                yield [scope, first, other, "", "", "", "", *told]
    for pair in audit.near:
        yield ["near duplicate", pair.first, pair.second, pair.similarity, "", "", "", *told]
    for number, side in enumerate(audit.sides, start=1):
        for what in ("speakers", "takes", "duplicates", "near"):
            count = len(getattr(side, what))
            yield [f"fold {number}", "on both sides", what, count, "", "", side.test, *told]


def _kinds(pairs: Sequence[NearPair]) -> str:
    speakers = sum(pair.speakers[0] != pair.speakers[1] for pair in pairs)
    emotions = sum(pair.emotions[0] != pair.emotions[1] for pair in pairs)
    parts = []
    if speakers:
        parts.append(f"{speakers} of two speakers")
    if emotions:
        parts.append(f"{emotions} of two emotions")
    return f", {' and '.join(parts)}" if parts else ""


def _same(pair: NearPair) -> int:
    return (pair.speakers[0] == pair.speakers[1]) + (pair.emotions[0] == pair.emotions[1])


def _pair_text(pair: NearPair) -> str:
    differ = [" and ".join(both) for both in (pair.speakers, pair.emotions) if both[0] != both[1]]
    return f"{pair.first} = {pair.second} ({', '.join([f'{pair.similarity:.3f}', *differ])})"


def _shortcut_grid(audit: Audit) -> list[str]:
    protocols = list(dict.fromkeys(cue.protocol for cue in audit.shortcuts))
    cells: dict[tuple[str, str], Shortcut] = {
        (cue.cue, cue.protocol): cue for cue in audit.shortcuts
    }
    rows: list[list[object]] = [["cue", *protocols]]
    for name in dict.fromkeys(cue.cue for cue in audit.shortcuts):
        found = [cells[name, protocol] for protocol in protocols]
        figures = (
            f"{cue.uar:.3f} {interval_text(cue.interval)} {cue.accuracy:.3f}" for cue in found
        )
        rows.append([name, *figures])
    return grid(rows)


def _emotion_grid(audit: Audit) -> list[str]:
    known = [
        cue for cue in _HEADINGS if any(cue in found.medians for found in audit.emotions.values())
    ]
    rows: list[list[object]] = [
        ["emotion", "clips", *(_HEADINGS[cue] for cue in known), "commonest lengths"]
    ]
    for emotion, found in audit.emotions.items():
        lengths = ", ".join(f"{length:.2f} s {share:.0%}" for length, share in found.lengths)
        values = [f"{found.medians[cue]:{_FORMATS[cue]}}" for cue in known]
        rows.append([emotion, found.clips, *values, lengths or "-"])
    return grid(rows)


def _side_grid(audit: Audit) -> list[str]:
    rows: list[list[object]] = [
        ["fold", "train", "test", "speakers", "takes", "exact duplicates", "near duplicates"]
    ]
    for number, side in enumerate(audit.sides, start=1):
        shared = (side.speakers, side.takes, side.duplicates, side.near)
        rows.append([number, side.train, side.test, *map(len, shared)])
    return grid(rows)


def _listed(
    title: str, names: Sequence[str], *, everything: bool, of: int | None = None
) -> Iterator[str]:
    yield f"{title}: {len(names) or 'none'}" + (f" of {of}" if of else "")
    shown = names if everything else names[:_SHOWN]
    yield from (f"  {name}" for name in shown)
    if len(shown) < len(names):
        yield f"  ... and {len(names) - len(shown)} more (--verbose shows all)"
