"""ser-train with published networks: weights, fine-tuning, and downloads that fail."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path

import pytest
from conftest import Run
from spoken import of_speakers
from trainings import train_within
from transfer_networks import Tiny, tiny_weights

from ser.dataset.table import Table, write_table
from ser.models.artifact import read_card
from ser.models.backend import load_keras


@pytest.fixture
def table(spoken: Table, tmp_path: Path) -> Path:
    path = tmp_path / "t.npy"
    write_table(path, spoken[of_speakers(spoken, "01", "02", "03")])
    return path


@pytest.mark.parametrize("arch", ["vgg16", "vgg19", "inception"])
def test_weights_that_cannot_be_fetched(run: Run, table: Path, tmp_path: Path, arch: str) -> None:
    env = {"https_proxy": "http://127.0.0.1:9", "no_proxy": "", "KERAS_HOME": str(tmp_path / "k")}
    (tmp_path / "m.keras.ckpt").mkdir()
    done = run("ser-train", table, "-o", "m.keras", "--arch", arch, env=env)
    assert (done.returncode, done.out) == (1, "")
    note, error = done.err.splitlines()
    assert note.startswith("ser-train: note: fetching https://storage.googleapis.com/tensorflow/")
    assert error.startswith("ser-train: error: ")
    for part in (
        "_notop.h5: is not in ",
        f"{tmp_path / 'k' / 'models'} and cannot be downloaded (Connection refused); get https://",
        "--set weights=PATH; --set weights=none trains from random weights",
    ):
        assert part in error
    assert list((tmp_path / "k" / "models").iterdir()) == []
    # What an older training left for --resume is still there.
    assert (tmp_path / "m.keras.ckpt").is_dir()


def test_a_download_is_tried_once(run: Run, table: Path, tmp_path: Path) -> None:
    """Who is offline learns it at once: a proxy that hangs up is asked a single time."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        asked: list[bytes] = []

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1024))

        thread = threading.Thread(target=hang_up)
        thread.start()
        env = {"https_proxy": f"http://127.0.0.1:{port}", "no_proxy": "", "KERAS_HOME": "k"}
        done = run("ser-train", table, "-o", "m.keras", "--arch", "vgg16", env=env)
        server.shutdown(socket.SHUT_RDWR)
    thread.join()
    assert done.returncode == 1
    assert "cannot be downloaded (" in done.err
    assert [line.split()[0] for line in asked] == [b"CONNECT"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--weights", "none"), 2, "No such option: --weights; use --set weights=…"),
        (("--fine-tune", "2"), 2, "No such option: --fine-tune; use --set fine_tune=…"),
        (("--set", "weights=none"), 2, "--set weights=none: is not an option of cnn; "),
        (("--set", "fine_tune=2"), 2, "--set fine_tune=2: is not an option of cnn; "),
        (
            ("--arch", "vgg16", "--set", "weights=none", "--set", "fine_tune=2"),
            2,
            "--set fine_tune=… means nothing with --set weights=none: all layers are trained",
        ),
        (
            ("--arch", "vgg16", "--set", "fine_tune=-1"),
            2,
            "--set fine_tune=-1: must be 0 to 5",
        ),
        (
            ("--arch", "vgg19", "--set", "fine_tune=6"),
            2,
            "--set fine_tune=6: must be 0 to 5",
        ),
        (
            ("--arch", "vgg19", "--set", "weights=no.h5"),
            1,
            "no.h5: cannot be read (No such file or directory); weights takes imagenet, none or",
        ),
    ],
)
def test_options_that_do_not_fit(
    run: Run, table: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    chosen = arguments if "--arch" in arguments else ("--arch", "cnn", *arguments)
    done = run("ser-train", table, "-o", "m.keras", *chosen)
    assert done.returncode == code
    assert message in " ".join(done.err.split())
    assert not (tmp_path / "m.keras").exists()


def test_trained_on_weights_from_a_file(run: Run, table: Path, tmp_path: Path) -> None:
    tiny_weights(load_keras("cpu"), tmp_path / "tiny.weights.h5")
    done = train_within(
        tmp_path, "t.npy", "-o", "m.keras", "--arch", "tiny",
        "--set", "weights=tiny.weights.h5", "--set", "fine_tune=2", "--set", "size=8",
        "--epochs", "3", "--batch-size", "12", "--device", "cpu",
        kind=Tiny,
    )  # fmt: skip
    assert "Warning" not in done.err
    card = read_card(tmp_path / "m.keras")
    assert card["training"]["options"] == {
        "weights": "tiny.weights.h5", "fine_tune": 2, "size": 8,
    }  # fmt: skip
    # The architecture's own preference, for it was not given.
    assert card["training"]["lr"] == 1e-3
    assert card["litert"] is True
    stats = run("ser-stats", tmp_path / "m.keras", table, "--json")
    assert stats.returncode == 0, stats.err
    assert json.loads(stats.out)["scores"]["n"] == 36
