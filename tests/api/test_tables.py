"""`ser.extract`, `merge`, `split` and `read_table`: the commands' tables, in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run

import ser
from ser.errors import ParameterError, TableError
from ser.features.spec import PRESETS


@pytest.fixture(scope="module")
def table(ravdess_like: Path) -> ser.FeatureTable:
    return ser.extract(ravdess_like, preset="emotion")


def test_the_command_makes_the_same(
    table: ser.FeatureTable, ravdess_like: Path, run: Run, tmp_path: Path
) -> None:
    done = run("ser-extract", ravdess_like, "--preset", "emotion", "-o", tmp_path / "t.npy")
    assert done.returncode == 0, done.err
    made = ser.read_table(tmp_path / "t.npy")
    assert made.dtype == table.dtype
    assert np.array_equal(made["y"], table["y"])
    assert np.array_equal(made["x"], table["x"])
    table.save(tmp_path / "again.npy")
    assert np.array_equal(ser.read_table(tmp_path / "again.npy")["x"], table["x"])


def test_specifications(table: ser.FeatureTable, ravdess_like: Path, tiny_model: Path) -> None:
    some = sorted(ravdess_like.rglob("*.wav"))[:3]
    assert ser.extract(some, preset="emotion", n_mels=32).spec.n_mels == 32
    assert ser.extract(some, preset=PRESETS["speech"]).spec == ser.extract(some).spec
    assert ser.extract(some, like=table).spec == table.spec
    model = ser.load_model(tiny_model)
    assert ser.extract(some, like=model).spec == model.classifier.spec
    assert ser.extract(some, like=tiny_model).spec == model.classifier.spec
    with pytest.raises(ParameterError, match="emotion"):
        ser.extract(some, preset="emotoin")


def test_one_name_is_as_good_as_a_list(table: ser.FeatureTable, ravdess_like: Path) -> None:
    some = sorted(ravdess_like.rglob("*.wav"))[:1]
    one = ser.extract(some, families="mel", clean="trim")
    assert one.spec == ser.extract(some, families=["mel"], clean=["trim"]).spec
    assert one.spec.families == ("mel",)
    speaker = str(table["speaker"][0])
    _, test = ser.split(table, test=speaker)
    assert set(test["speaker"].tolist()) == {speaker}
    emotion = str(table["y"][0])
    assert set(ser.merge(table, keep=emotion)["y"].tolist()) == {emotion}
    assert emotion not in ser.merge([table], drop=emotion)["y"].tolist()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"channel": "spech"}, "channel=spech: is unknown; did you mean speech"),
        ({"corpus": "ravdes"}, "corpus=ravdes: is unknown; did you mean ravdess"),
        ({"preset": "emotoin"}, "preset=emotoin: is unknown; did you mean emotion"),
        ({"n_mels": 0}, "n_mels=0: is not positive"),
    ],
)
def test_wrong_values(ravdess_like: Path, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=f"^{message}"):
        ser.extract(ravdess_like, **arguments)


def test_unknown_arguments(table: ser.FeatureTable, ravdess_like: Path) -> None:
    with pytest.raises(TypeError, match="did you mean n_mels"):
        ser.extract(ravdess_like, nmels=40)
    with pytest.raises(ParameterError, match=r"^by=speker: is unknown; did you mean speaker"):
        ser.split(table, by="speker")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"^test=zz: table has none of this name"):
        ser.split(table, test="zz")


def test_windows_and_copies(ravdess_like: Path) -> None:
    some = sorted(ravdess_like.rglob("*.wav"))[:2]
    plain = ser.extract(some)
    assert len(plain) == 2
    assert len(ser.extract(some, augment="noise", copies=2)) == 6
    assert len(ser.extract(some, window=0.5, hop=0.25)) > 4
    with pytest.raises(ParameterError, match="window"):
        ser.extract(some, hop=0.5)


def test_what_cannot_be_read(ravdess_like: Path, tmp_path: Path) -> None:
    bad = tmp_path / "03-01-04-01-01-01-07.wav"
    bad.write_bytes(b"nothing")
    good = sorted(ravdess_like.rglob("*.wav"))[0]
    with pytest.raises(ser.SerError, match="03-01-04"):
        ser.extract([bad, good])
    failures: list[ser.SerError] = []
    assert len(ser.extract([bad, good], on_error=failures.append)) == 1
    assert len(failures) == 1


def test_a_split_shares_no_speaker(table: ser.FeatureTable) -> None:
    train, test = ser.split(table, test=0.3, seed=1)
    assert len(train) + len(test) == len(table)
    assert not set(train["speaker"].tolist()) & set(test["speaker"].tolist())
    speaker = str(table["speaker"][0])
    _, named = ser.split(table, test=[speaker])
    assert set(named["speaker"].tolist()) == {speaker}


def test_a_merge(table: ser.FeatureTable, tmp_path: Path) -> None:
    half = len(table) // 2
    table[:half].save(tmp_path / "a.npy")
    again = ser.merge([tmp_path / "a.npy", table[half:]])
    assert np.array_equal(again["y"], table["y"])
    assert len(ser.merge([table, table])) == len(table)
    assert len(ser.merge([table, table], duplicates=True)) == 2 * len(table)
    sad = ser.merge([table], mapping={"angry": "sad"}, keep=["sad"])
    assert set(sad["y"].tolist()) == {"sad"}
    assert len(sad) > (table["y"] == "sad").sum()
    with pytest.warns(
        UserWarning, match="no record is labelled angri; did you mean angry?"
    ) as told:
        ser.merge([table], mapping={"angri": "sad"})
    assert told[0].filename == __file__
    with pytest.raises(TableError):
        ser.merge([])
