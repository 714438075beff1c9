"""ser-train with adversarial networks: the options that they have in common."""

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
        (("--two-sided",), 2, "No such option: --two-sided; use --set two_sided=…"),
        (("--d-steps", "2"), 2, "No such option: --d-steps; use --set d_steps=…"),
        (("--g-steps=2",), 2, "No such option: --g-steps; use --set g_steps=…"),
        (("--balance", "loss"), 2, "No such option: --balance; use --set balance=…"),
        (("--set", "two_sided=yes"), 2, "--set two_sided=yes: is not an option of cnn; "),
        (("--set", "d_steps=2"), 2, "--set d_steps=2: is not an option of cnn; "),
        (("--set", "g_steps=2"), 2, "--set g_steps=2: is not an option of cnn; "),
        (("--set", "balance=loss"), 2, "--set balance=loss: is not an option of cnn; "),
        (("--arch", "pix2pix-mel", "--set", "g_steps=0"), 2, "--set g_steps=0: must be 1 to 65536"),
        (("--arch", "acgan", "--set", "d_steps=0"), 2, "--set d_steps=0: must be 1 to 65536"),
        (
            ("--arch", "acgan", "--set", "balance=both"),
            2,
            "--set balance=both: is not a choice; use one of epochs, loss",
        ),
        (("--arch", "pix2pix-mel", "--set", "crop=50"), 2, "--set crop=50: is not a choice; use"),
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
        "--set", "crop=32", "--epochs", "1", "--label-smoothing", "0.2",
        "--set", "two_sided=yes", "--set", "d_steps=2", "--set", "g_steps=3",
        "--set", "balance=loss", "--history", "h.csv", "--device", "cpu",
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
