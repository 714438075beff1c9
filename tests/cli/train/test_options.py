"""From the options of ser-train to a configuration, and the list of architectures."""

from __future__ import annotations

import pytest
from conftest import Run
from tables import make_table

from ser.cli.train.options import ALL, check_support
from ser.errors import SerError


def test_every_hyperparameter_is_listed_with_its_default_and_meaning(run: Run) -> None:
    done = run("ser-train", "--list-archs")
    assert (done.returncode, done.err) == (0, "")
    lines = done.out.splitlines()
    for name, kind in ALL.items():
        assert f"{name}: {kind.summary}" in lines
        for option, value in kind().hyperparameters().items():
            assert any(
                line.startswith(f"  {option}={value}  {kind.options()[option].help}")
                for line in lines
            ), (name, option)
    # What used to be options of the command.
    for words in (
        "weights=imagenet  initial weights of the base: imagenet (published, downloaded once), ",
        "fine_tune=1  last blocks of the base that are trained in the second phase; 0 for the head",
        "two_sided=False  generated clips count as adversarial_smoothing real, instead of 0",
        "d_steps=1  updates of the discriminator, then g_steps of the generator",
        "g_steps=1  updates of the generator after d_steps of the discriminator",
        "balance=epochs  epochs: both train all the time; loss: the side with the much lower loss ",
        "dropout=0.3  share dropped around the last dense layer (at least 0 and less than 1; tuned "
        "from 0.1 to 0.6)",
        "crop=96  frames of 10 ms that a training example has (32, 64, 96, 128, 192)",
        "classifier_epochs=25  epochs of the classifiers of emotion and speaker, trained first (1 "
        "to 65536)",
    ):
        assert any(line.strip().startswith(words) for line in lines), words


@pytest.mark.parametrize("name", ["weights", "fine-tune", "two-sided", "d-steps", "balance"])
def test_former_options_are_not_in_the_help(run: Run, name: str) -> None:
    assert f"--{name}" not in run("ser-train", "--help").out


@pytest.mark.parametrize("name", ["weights", "g-steps"])
def test_former_options_are_answered_with_what_works(run: Run, name: str) -> None:
    done = run("ser-train", "t.npy", f"--{name}", "1", "-o", "m.keras")
    assert done.returncode == 2
    option = name.replace("-", "_")
    hint, _, named = done.err.strip().partition(" with --arch ")
    assert hint.endswith(f"--{name}; use --set {option}=…")
    able = [arch for arch, kind in ALL.items() if option in kind.options()]
    assert named.replace(" or ", ", ").split(", ") == able


def test_unknown_options_are_answered_as_ever(run: Run) -> None:
    done = run("ser-train", "t.npy", "-o", "m.keras", "--epoch", "3")
    assert done.returncode == 2
    assert "No such option '--epoch'" in done.err.replace(":", "") or "--epochs" in done.err
    assert "--set" not in done.err


def test_supporting_corpora_have_to_be_in_the_table() -> None:
    table = make_table(corpus=["a", "b"] * 3)
    check_support((), table)
    check_support(("a", "b"), table)
    with pytest.raises(SerError, match=r"c.*: is no corpus of the table; use one of a, b"):
        check_support(("a", "c"), table)
