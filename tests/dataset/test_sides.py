from __future__ import annotations

import numpy as np
from tables import make_table

from ser.dataset.near_duplicates import NearDuplicate
from ser.dataset.sides import compare_sides
from ser.dataset.table import clip_hashes


def test_sides_share_speakers_takes_and_sounds() -> None:
    table = make_table(
        6,
        corpus="ravdess",
        path=[
            "03-01-05-01-01-01-01.wav",
            "01-01-05-01-01-01-01.mp4",
            "c.wav",
            "d.wav",
            "e.wav",
            "f.wav",
        ],
        speaker=["01", "01", "02", "03", "", ""],
    )
    table["x"][2] = table["x"][3]
    near = [NearDuplicate(0, 5, 0.99), NearDuplicate(1, 3, 0.985)]
    side = compare_sides(table, np.array([1, 2, 4, 5]), clip_hashes(table), near)
    assert (side.train, side.test) == (2, 4)
    assert side.speakers == ("ravdess/01",)
    assert side.takes == (("01-01-05-01-01-01-01.mp4", "03-01-05-01-01-01-01.wav"),)
    assert side.duplicates == (("c.wav", "d.wav"),)
    assert side.near == (
        ("f.wav", "03-01-05-01-01-01-01.wav"),
        ("01-01-05-01-01-01-01.mp4", "d.wav"),
    )


def test_near_duplicates_on_one_side_are_left_alone() -> None:
    table = make_table(4, speaker=["1", "1", "2", "2"])
    pairs = [NearDuplicate(0, 1, 0.99), NearDuplicate(2, 3, 0.99)]
    side = compare_sides(table, np.array([2, 3]), clip_hashes(table), pairs)
    assert (side.speakers, side.takes, side.duplicates, side.near) == ((), (), (), ())
