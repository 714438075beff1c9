"""Files of segments as other programs write them."""

from __future__ import annotations

from pathlib import Path

TURNS = [(0.0, 2.0, "Anna"), (2.5, 4.0, "Ben"), (4.25, 6.0, "Anna")]
"""Start, end and speaker of the turns in every file here."""


def write_rttm(path: Path, recording: str = "talk") -> Path:
    lines = [";; a comment", f"SPKR-INFO {recording} 1 <NA> <NA> <NA> unknown Anna <NA> <NA>"]
    lines += [f"SPEAKER {recording} 1 {a} {b - a} <NA> <NA> {s} <NA> <NA>" for a, b, s in TURNS]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_csv(path: Path, recording: str = "talk.wav") -> Path:
    rows = [f"{recording},{a},{b},{s}" for a, b, s in TURNS]
    path.write_text("\n".join(["file,start,end,speaker", *rows]) + "\n")
    return path


def write_textgrid(path: Path, *, short: bool = False, encoding: str = "utf-8") -> Path:
    """Writes two interval tiers, and one of points."""
    from praatio import textgrid
    from praatio.data_classes.interval_tier import IntervalTier
    from praatio.data_classes.point_tier import PointTier

    grid = textgrid.Textgrid()
    for name in ("Anna", "Ben"):
        own = [(a, b, 'sagt "grün"') for a, b, speaker in TURNS if speaker == name]
        grid.addTier(IntervalTier(name, own, 0, 7))
    grid.addTier(PointTier("clicks", [(1.5, "click")], 0, 7))
    kind = "short_textgrid" if short else "long_textgrid"
    grid.save(str(path), kind, includeBlankSpaces=True)
    path.write_text(path.read_text(encoding="utf-8"), encoding=encoding)
    return path


def write_eaf(path: Path, recording: Path | None = None) -> Path:
    """Writes a tier for each speaker, and one of words that refers to another."""
    from pympi import Elan

    eaf = Elan.Eaf()
    eaf.remove_tier("default")
    for name in ("Anna", "Ben"):
        eaf.add_tier(name)
    for start, end, speaker in TURNS:
        eaf.add_annotation(speaker, int(start * 1000), int(end * 1000), "says & means")
    eaf.add_linguistic_type("words", "Symbolic_Association", timealignable=False)
    eaf.add_tier("words", ling="words", parent="Anna")
    eaf.add_ref_annotation("words", "Anna", 1000, "means")
    if recording is not None:
        eaf.add_linked_file(
            str(recording.absolute()), relpath=recording.name, mimetype="audio/x-wav"
        )
    eaf.to_file(str(path))
    return path
