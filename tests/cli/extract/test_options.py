"""What the options of ser-extract come to: a specification, and copies."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from tables import make_table

from ser.cli.extract.options import make_copies, make_spec
from ser.dataset.table import write_table
from ser.errors import AudioError, ParameterError, TableError
from ser.features.encoder_spec import EncoderSpec
from ser.features.spec import PRESETS, FeatureSpec


def test_what_is_given_changes_the_preset() -> None:
    assert make_spec("emotion", None, {"n_mels": None, "families": None}) == PRESETS["emotion"]
    changes = {"families": "mfcc, rms,", "clean": "denoise,trim:30", "n_mels": 80, "fmax": None}
    expected = PRESETS["librosa"].with_changes(
        families=("mfcc", "rms"), clean=("denoise", "trim:30"), n_mels=80
    )
    assert make_spec("librosa", None, changes) == expected
    with pytest.raises(ParameterError) as caught:
        make_spec("speech", None, {"hop_length": 0})
    assert caught.value.parameter == "hop_length"


def test_the_specification_of_a_table(tmp_path: Path) -> None:
    spec = FeatureSpec(n_mels=80, pool="mean")
    write_table(tmp_path / "t.npy", make_table(2, spec=spec))
    like = str(tmp_path / "t.npy")
    assert make_spec("emotion", like, {}) == spec
    assert make_spec("emotion", like, {"n_mels": 20}) == spec.with_changes(n_mels=20)
    with pytest.raises(TableError, match="does not exist"):
        make_spec("speech", str(tmp_path / "none.npy"), {})


def test_copies(tmp_path: Path) -> None:
    assert make_copies(None, None, False, None, 0) is None
    copies = make_copies("noise,stretch+gain", None, True, None, 5)
    assert copies is not None
    assert (copies.number, copies.balance, copies.seed) == (1, True, 5)
    assert [len(chain) for chain in copies.recipe.chains] == [1, 2]
    # None but those that balance.
    none = make_copies("noise", 0, True, None, 0)
    assert none is not None and none.number == 0
    with pytest.raises(click.UsageError, match="there would be no copies"):
        make_copies("noise", 0, False, None, 0)
    with pytest.raises(AudioError, match="is not a folder"):
        make_copies("noise", 1, False, tmp_path / "none", 0)


def test_an_encoder_alone_makes_embeddings_the_features() -> None:
    encoder = EncoderSpec("tiny", (1, 2), 4, 80, 300, "0" * 64)
    spec = make_spec("emotion", None, {"encoder": encoder, "functionals": "none"})
    assert (spec.families, spec.hop_length, spec.normalise) == (("encoder",), 320, "none")
    spec = make_spec("emotion", None, {"encoder": encoder, "functionals": "contours+encoder"})
    assert (spec.families, spec.encoder) == (("mel",), encoder)
    assert make_spec("emotion", None, {"encoder": None}) == PRESETS["emotion"]
    with pytest.raises(ParameterError, match="encoder: is read by nothing"):
        make_spec("speech", None, {"encoder": encoder, "families": "mel"})
