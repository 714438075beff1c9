"""What is counted in a table."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from records import labelled_table

from ser.dataset.stats import Durations, table_statistics
from ser.dataset.table import read_table, write_table


def test_counts_durations_and_faults() -> None:
    table = labelled_table(
        ["sad", "neutral", "sad", "", "angry", "sad"], ["1", "1", "2", "", "2", "2"]
    )
    table["corpus"][2:] = "tess"
    table["gender"] = ["male", "male", "", "", "female", "female"]
    table["augment"][5] = "noise"
    table["x"][4] = table["x"][1]
    table["start"][4] = 2.5
    table["x"][2, 3, 4] = np.nan
    table["x"][5, 0, 0] = np.inf
    result = table_statistics(table)
    assert result.records == 6
    assert (result.frames, result.coefficients) == (20, 16)
    assert list(result.emotions.items()) == [("neutral", 1), ("sad", 3), ("angry", 1), ("", 1)]
    assert result.corpora == {
        "ravdess": {"neutral": 1, "sad": 1},
        "tess": {"sad": 2, "angry": 1, "": 1},
    }
    assert result.speakers == {"": 1, "ravdess/1": 2, "tess/2": 3}
    assert result.genders == {"": 2, "female": 2, "male": 2}
    assert result.augmented == {"noise": 1}
    # The augmented copy's length is not counted again.
    assert result.durations == Durations(total=15, min=1, median=3, max=5)
    assert result.duplicates == (("ravdess/1.wav", "ravdess/4.wav@2.5"),)
    assert result.non_finite == ("ravdess/2.wav", "ravdess/5.wav (noise)")
    json.dumps(result.to_dict(), allow_nan=False)


def test_blocks_do_not_show(tmp_path: Path) -> None:
    table = labelled_table(["sad", "angry"] * 300)
    table["x"][599] = table["x"][0]
    write_table(tmp_path / "t.npy", table)
    result = table_statistics(read_table(tmp_path / "t.npy"))
    assert result.emotions == {"sad": 300, "angry": 300}
    assert result.duplicates == (("ravdess/0.wav", "ravdess/599.wav"),)


def test_records_in_which_nothing_changes_are_listed() -> None:
    table = labelled_table(["sad"] * 4)
    table["frames"] = [20, 5, 20, 5]
    # Behind the end of a clip lies what fills the table.
    table["x"][1, :5], table["x"][1, 5:] = -23, 0
    table["x"][2] = 0
    assert table_statistics(table).silent == ("ravdess/1.wav", "ravdess/2.wav")


def test_pooled_records_in_which_nothing_changes() -> None:
    table = labelled_table(["sad"] * 2, frames=1)
    table["frames"] = 1
    table["x"][1, 0, 8:] = 0
    assert table_statistics(table).silent == ("ravdess/1.wav",)


def test_an_empty_table() -> None:
    result = table_statistics(labelled_table([]))
    assert (result.records, result.durations, result.emotions) == (0, None, {})


@pytest.mark.corpora
def test_the_known_pair_of_ravdess_is_found(corpora: Path, tmp_path: Path) -> None:
    """Actor 07's two takes of one sentence are the same recording."""
    import soundfile

    names = ["03-01-03-01-02-01-07", "03-01-03-01-02-02-07", "03-01-03-01-01-01-07"]
    table = labelled_table(["happy"] * 3)
    table["path"] = names
    for i, name in enumerate(names):
        samples, _ = soundfile.read(next((corpora / "ravdess" / "Actor_07").glob(f"{name}.*")))
        table["x"][i] = np.abs(np.fft.rfft(samples[:64_000], 1000))[: 20 * 16].reshape(20, 16)
    assert table_statistics(table).duplicates == ((names[0], names[1]),)
