"""ser-train with networks that train against each other: what they share, on the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from conftest import Run
from sentences import sentence_table

from ser.conversion.converter import open_network_converter
from ser.dataset.table import write_table
from ser.models.artifact import read_card


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pairs") / "pairs.npy"
    write_table(path, sentence_table(speakers=(1, 2), takes=1))
    return path


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--two-sided",), 2, "--two-sided means nothing with --arch cnn; it is for acgan, "),
        (("--d-steps", "2"), 2, "--d-steps means nothing with --arch cnn; it is for acgan, "),
        (("--g-steps", "2"), 2, "--g-steps means nothing with --arch cnn; it is for acgan, "),
        (("--balance", "loss"), 2, "--balance means nothing with --arch cnn; it is for acgan, "),
        (("--arch", "pix2pix-mel", "--g-steps", "0"), 2, "0 is not in the range x>=1"),
        (("--arch", "acgan", "--balance", "both"), 2, "'both' is not one of 'epochs', 'loss'"),
        (
            ("--arch", "acgan", "--balance", "loss", "--set", "balance=epochs"),
            2,
            "--balance and --set balance=… say the same",
        ),
        (("--arch", "pix2pix-mel", "--set", "crop=50"), 1, "crop=50: is not a choice; use 32,"),
    ],
)
def test_options_that_do_not_fit(
    run: Run, pairs: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    chosen = arguments if "--arch" in arguments else ("--arch", "cnn", *arguments)
    done = run("ser-train", pairs, "-o", "m.keras", *chosen)
    assert done.returncode == code
    assert message in " ".join(done.err.split())
    assert not (tmp_path / "m.keras").exists()


def test_pix2pix_with_all_of_them(run: Run, pairs: Path, tmp_path: Path) -> None:
    done = run(
        "ser-train", pairs, "-o", "m.keras", "--arch", "pix2pix-mel", "--set", "width=0.2",
        "--set", "crop=32", "--epochs", "1", "--label-smoothing", "0.2", "--two-sided",
        "--d-steps", "2", "--g-steps", "3", "--balance", "loss", "--history", "h.csv",
        "--device", "cpu",
    )  # fmt: skip
    assert done.returncode == 0, done.err
    card = read_card(tmp_path / "m.keras")
    assert card["training"]["options"] == {
        "width": 0.2, "crop": 32, "two_sided": True, "d_steps": 2, "g_steps": 3, "balance": "loss",
    }  # fmt: skip
    assert card["training"]["label_smoothing"] == 0.2
    # The architecture's own preferences, for they were not given.
    assert (card["training"]["batch_size"], card["training"]["lr"]) == (8, 5e-4)
    with (tmp_path / "h.csv").open(newline="") as stream:
        [row] = csv.DictReader(stream)
    terms = [
        "epoch",
        "d_loss",
        "d_real",
        "d_fake",
        "d_waits",
        "g_loss",
        "g_l1",
        "g_adversarial",
        "g_waits",
    ]
    assert list(row) == terms
    assert open_network_converter(tmp_path / "m.keras").emotions == ("neutral", "sad", "angry")
