"""The model artifact: what goes in comes out, and everything else is named."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import rewrite, with_card
from spoken import SPEC, Small

from ser.errors import ArtifactError
from ser.features import banks
from ser.features.spec import FeatureSpec
from ser.models.artifact import (
    CARD_MEMBER,
    LITERT_MEMBER,
    MEL_MEMBER,
    VOICE_MEMBER,
    check_spec,
    read_card,
    read_litert,
    read_mel_bank,
    read_voice,
    write_artifact,
)
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.registry import make_architecture

CARD: dict[str, Any] = {
    "kind": "classifier",
    "labels": ["neutral", "sad", "angry"],
    "spec": SPEC.to_dict(),
    "temperature": 1.25,
    "frames": 34,
    "coefficients": 24,
    "protocol": "made for a test",
    "metrics": {"uar": 0.5},
}


@pytest.fixture(scope="module")
def network() -> Any:
    return Small().build(load_keras("cpu"), Problem(34, 24, 3))


@pytest.fixture(scope="module")
def written(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("artifact") / "m.keras"
    assert write_artifact(path, network, CARD)
    return path


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(written, tmp_path / "copy.keras"))


def test_the_card_comes_back_with_what_was_added(written: Path, network: Any) -> None:
    card = read_card(written)
    assert {key: card[key] for key in CARD} == CARD
    assert card["parameters"] == network.count_params()
    assert card["litert"] is True
    assert card["litert_bits"] == 32
    assert set(card["versions"]) == {"ser", "python", "keras", "tensorflow", "numpy"}
    assert len(card["created"].split("-")) == 3


def test_the_filter_bank_and_the_network_are_in_it(written: Path) -> None:
    bank = read_mel_bank(written)
    assert bank is not None
    assert np.array_equal(bank, banks.mel_bank(SPEC))
    litert = read_litert(written)
    assert litert is not None
    assert litert[4:8] == b"TFL3"


def test_features_without_mel_bands_need_no_bank(network: Any, tmp_path: Path) -> None:
    spec = FeatureSpec(families=("rms", "zcr"))
    write_artifact(tmp_path / "m.keras", network, {**CARD, "spec": spec.to_dict()})
    assert read_mel_bank(tmp_path / "m.keras") is None


def test_a_card_is_read_without_keras(written: Path) -> None:
    code = (
        "import sys; from ser.models.artifact import read_card\n"
        f"assert read_card({str(written)!r})['temperature'] == 1.25\n"
        "heavy = {'keras', 'tensorflow', 'h5py', 'librosa', 'ai_edge_litert'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_keras_alone_opens_it(written: Path, network: Any) -> None:
    keras = load_keras("cpu")
    model = keras.saving.load_model(written, safe_mode=True)
    pairs = zip(model.get_weights(), network.get_weights(), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_equal_models_make_equal_members(network: Any, tmp_path: Path) -> None:
    contents = []
    for name in ("a.keras", "b.keras"):
        write_artifact(tmp_path / name, network, CARD)
        with zipfile.ZipFile(tmp_path / name) as archive:
            contents.append({n: archive.read(n) for n in archive.namelist()})
    for content in contents:
        # Keras writes the time, and ser the day.
        del content["metadata.json"]
        card = json.loads(content[CARD_MEMBER])
        del card["created"]
        content[CARD_MEMBER] = json.dumps(card).encode()
    assert contents[0] == contents[1]


def test_the_default_network_is_small_and_has_no_optimiser(tmp_path: Path) -> None:
    keras = load_keras("cpu")
    # Three seconds of 64 log-mels, eight emotions: what the shipped model looks like.
    model = make_architecture("cnn").build(keras, Problem(301, 64, 8))
    path = tmp_path / "m.keras"
    write_artifact(path, model, {**CARD, "frames": 301, "coefficients": 64})
    assert path.stat().st_size < 5e6
    with zipfile.ZipFile(path) as archive:
        weights = archive.read("model.weights.h5")
        config = archive.read("config.json")
    assert b"optimizer" not in weights
    assert b"Lambda" not in config
    # Four bytes per parameter and little beside them.
    assert len(weights) < 4 * model.count_params() * 1.3 + 50_000


def test_a_folder_is_made_and_an_old_file_replaced(network: Any, tmp_path: Path) -> None:
    target = tmp_path / "new" / "m.keras"
    write_artifact(target, network, CARD)
    write_artifact(target, network, {**CARD, "temperature": 2.0})
    assert read_card(target)["temperature"] == 2.0
    assert [path.name for path in target.parent.iterdir()] == ["m.keras"]


def test_a_target_that_cannot_be_written(network: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match=r"m\.keras: cannot be written"):
        write_artifact(tmp_path / "file" / "m.keras", network, CARD)


def test_what_is_no_artifact(copy: Path, tmp_path: Path) -> None:
    for content in (b"", b"hello", b"PK\x03\x04", copy.read_bytes()[:3000]):
        (tmp_path / "bad.keras").write_bytes(content)
        with pytest.raises(ArtifactError, match=r"bad\.keras: is not a \.keras model"):
            read_card(tmp_path / "bad.keras")
    with pytest.raises(ArtifactError, match=r"none\.keras: does not exist"):
        read_card(tmp_path / "none.keras")
    with pytest.raises(ArtifactError, match=r"is not a \.keras model"):
        read_card(tmp_path)
    with zipfile.ZipFile(tmp_path / "photos.keras", "w") as archive:
        archive.writestr("a.jpg", b"x")
    with pytest.raises(ArtifactError, match="without ser's card; train one with ser-train"):
        read_card(tmp_path / "photos.keras")


def test_a_model_of_keras_without_a_card(network: Any, tmp_path: Path) -> None:
    network.save(tmp_path / "plain.keras")
    with pytest.raises(ArtifactError, match="without ser's card"):
        read_card(tmp_path / "plain.keras")


def test_a_bit_flipped_in_a_compressed_member(copy: Path) -> None:
    with zipfile.ZipFile(copy) as archive:
        place = {info.filename: info for info in archive.infolist()}
    content = bytearray(copy.read_bytes())
    for name, read in (
        (CARD_MEMBER, read_card),
        (LITERT_MEMBER, read_litert),
        (MEL_MEMBER, read_mel_bank),
    ):
        info = place[name]
        start = info.header_offset + 30 + len(name)
        # The last bytes only say that the end is there; without them the content is the same.
        for offset in range(0, info.compress_size - 8, max(1, info.compress_size // 40)):
            damaged = bytearray(content)
            damaged[start + offset] ^= 0xFF
            copy.write_bytes(damaged)
            with pytest.raises(ArtifactError, match=r"copy\.keras"):
                read(copy)


@pytest.mark.parametrize(
    ("card", "words"),
    [
        (b"{", "has a damaged card"),
        (b"\xff\xfe", "has a damaged card"),
        (b"[]", "has a card without"),
        (b'{"kind": "classifier"}', "has a card without labels, spec, temperature"),
    ],
)
def test_a_card_that_is_none(copy: Path, card: bytes, words: str) -> None:
    rewrite(copy, lambda name, data: card if name == CARD_MEMBER else data)
    with pytest.raises(ArtifactError, match=words):
        read_card(copy)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"spec": {**SPEC.to_dict(), "warp": 1}}, "unknown fields: warp; .*newer ser: upgrade"),
        ({"spec": {**SPEC.to_dict(), "families": ["aura"]}}, "aura.* is no feature family"),
        ({"spec": {**SPEC.to_dict(), "n_mels": "many"}}, "n_mels is no whole number"),
        ({"spec": []}, "malformed"),
        ({"labels": []}, "impossible labels"),
        ({"labels": "angry"}, "impossible labels"),
        ({"labels": [1, 2, 3]}, "impossible labels"),
        ({"frames": 0}, "impossible sizes"),
        ({"coefficients": "24"}, "impossible sizes"),
        ({"temperature": 0}, "impossible temperature"),
        ({"temperature": None}, "impossible temperature"),
        ({"temperature": float("nan")}, "impossible temperature"),
    ],
)
def test_a_card_that_cannot_be_used(copy: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ArtifactError, match=rf"copy\.keras: .*{words}"):
        read_card(with_card(copy, **changes))


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY", b"text"])
def test_a_damaged_filter_bank(copy: Path, content: bytes) -> None:
    rewrite(copy, lambda name, data: content if name == MEL_MEMBER else data)
    with pytest.raises(ArtifactError, match=r"damaged mel\.npy"):
        read_mel_bank(copy)


def test_pickles_are_not_loaded(copy: Path) -> None:
    stream = io.BytesIO()
    np.save(stream, np.array([print], dtype=object), allow_pickle=True)
    rewrite(copy, lambda name, data: stream.getvalue() if name == MEL_MEMBER else data)
    with pytest.raises(ArtifactError, match=r"damaged mel\.npy"):
        read_mel_bank(copy)


def test_features_are_compared() -> None:
    check_spec("m.keras", CARD, SPEC, "t.npy")
    other = SPEC.with_changes(n_mels=40, normalise="none")
    with pytest.raises(ArtifactError) as caught:
        check_spec("m.keras", CARD, other, "t.npy")
    message = str(caught.value)
    assert message.startswith("t.npy: has other features than m.keras was trained on")
    assert "n_mels 40 against 24, normalise none against utterance" in message
    assert "ser-extract --like m.keras" in message


def test_the_voice_comes_back(network: Any, written: Path, tmp_path: Path) -> None:
    assert read_voice(written) is None
    voice = np.random.default_rng(0).normal(size=(2, 7)).astype(np.float32)
    write_artifact(tmp_path / "m.keras", network, CARD, voice)
    found = read_voice(tmp_path / "m.keras")
    assert found is not None
    assert np.array_equal(found, voice)


@pytest.mark.parametrize(
    "voice", [np.zeros(7), np.zeros((3, 7)), np.full((2, 7), np.nan), np.zeros((2, 7, 1))]
)
def test_a_voice_that_is_none(copy: Path, voice: Any) -> None:
    stream = io.BytesIO()
    np.save(stream, voice.astype(np.float32))
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr(VOICE_MEMBER, stream.getvalue())
    with pytest.raises(ArtifactError, match=r"copy\.keras: has a damaged voice\.npy"):
        read_voice(copy)


def bomb(path: Path, member: str, size: int) -> Path:
    """Adds zeros that compress to a thousandth, in the place of a member."""
    rewrite(path, lambda name, data: None if name == member else data)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, b" " * size)
    return path


@pytest.mark.parametrize("member", [CARD_MEMBER, LITERT_MEMBER, "config.json", "anything"])
def test_a_zip_bomb_is_not_unpacked(written: Path, tmp_path: Path, member: str) -> None:
    path = bomb(Path(shutil.copy(written, tmp_path)), member, 400 << 20)
    tracemalloc.start()
    with pytest.raises(ArtifactError, match=r"is not a .keras model \(.* claim to hold"):
        read_card(path)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_card_of_megabytes_is_none(written: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(written, tmp_path))
    rewrite(path, lambda name, data: data + b" " * (5 << 20) if name == CARD_MEMBER else data)
    with pytest.raises(ArtifactError, match=r"its ser.json has \d+ bytes, and at most"):
        read_card(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": True},
        {"temperature": 1e300},
        {"temperature": [1.0]},
        {"frames": True},
        {"frames": 2**31},
        {"coefficients": "24"},
        {"frames": 100_000, "coefficients": 100_000},
        {"labels": ["sad", "sad"]},
        {"labels": [""]},
        {"labels": ["x" * 1000]},
        {"kind": ["classifier"]},
        {"spec": {**SPEC.to_dict(), "n_fft": 2**31, "win_length": 400}},
        {"spec": {**SPEC.to_dict(), "hop_length": True}},
        {"spec": {**SPEC.to_dict(), "duration": [3.0]}},
        {"spec": [1]},
    ],
    ids=str,
)
def test_numbers_that_cannot_be_are_refused(
    written: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = with_card(Path(shutil.copy(written, tmp_path)), **changes)
    with pytest.raises(ArtifactError) as caught:
        read_card(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_deep_card_and_structured_arrays_are_damaged(written: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(written, tmp_path))
    rewrite(path, lambda name, data: b"[" * 100_000 if name == CARD_MEMBER else data)
    with pytest.raises(ArtifactError, match="has a damaged card"):
        read_card(path)
    stream = io.BytesIO()
    np.save(stream, np.zeros(2, [("a", "<f4"), ("b", "<U3")]))
    for data in (stream.getvalue(), b"\x93NUMPY\x01\x00", b""):
        path = Path(shutil.copy(written, tmp_path))
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(VOICE_MEMBER, data)
        with pytest.raises(ArtifactError, match=r"has a damaged voice\.npy"):
            read_voice(path)


def test_another_network_than_was_written_is_refused(copy: Path) -> None:
    card = read_card(copy)
    assert set(card["digests"]) == {"model.tflite"}
    network = read_litert(copy)
    assert network is not None
    changed = bytearray(network)
    changed[len(changed) // 2] ^= 1
    # Its checksum in the archive is right again.
    rewrite(copy, lambda name, data: bytes(changed) if name == "model.tflite" else data)
    with pytest.raises(ArtifactError, match=r"has another model\.tflite than was written"):
        read_litert(copy)
    # Models of before have no digests.
    with_card(copy, digests={})
    assert read_litert(copy) == bytes(changed)
    with_card(copy, digests=[1])
    with pytest.raises(ArtifactError, match="has a damaged card"):
        read_litert(copy)
