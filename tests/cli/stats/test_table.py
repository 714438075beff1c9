"""The statistics of a table as text."""

from __future__ import annotations

from spoken import PROSODIC, SPEC
from tables import make_table

from ser.cli.stats.table import spec_text, statistics_lines
from ser.dataset.stats import table_statistics
from ser.dataset.table import spec_of


def test_only_what_differs_from_the_defaults_is_named() -> None:
    text = spec_text(SPEC)
    assert text.startswith("logmel, 16000 Hz, ")
    assert "n_mels 24" in text
    assert "functionals" not in text
    assert "functionals prosody" in spec_text(PROSODIC)
    # Not written where it is the default.
    assert "highpass 60" in spec_text(SPEC.with_changes(highpass=60.0))


def test_lists_are_shortened_unless_everything_is_wanted() -> None:
    table = make_table(24)
    table["x"][:, 0, 0] = float("nan")
    statistics = table_statistics(table)
    lines = list(statistics_lines(statistics, spec_of(table), "t.npy"))
    assert lines[0] == "t.npy: 24 records of 4 frames x 3 coefficients"
    assert "not finite: 24" in lines
    assert lines[-1] == "  ... and 14 more (--verbose shows all)"
    full = list(statistics_lines(statistics, spec_of(table), "t.npy", everything=True))
    assert len(full) == len(lines) + 13
