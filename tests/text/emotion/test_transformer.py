"""Text models of transformers, with random weights on disk."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tinymodels

from ser.errors import ArtifactError
from ser.io.hub import MissingModelError
from ser.text.emotion.registry import open_text_classifier
from ser.text.emotion.transformer import TransformerClassifier

pytest.importorskip("transformers", reason="the extra [text] is not installed")
pytest.importorskip("torch", reason="PyTorch is not installed: make test does where it is small")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tinymodels.text_model(tmp_path_factory.mktemp("text") / "model")


def test_all_labels_with_our_names(model: Path) -> None:
    reader = TransformerClassifier(str(model), offline=True)
    assert reader.labels == (
        "neutral", "happy", "sad", "angry", "fearful", "disgust", "surprised",
    )  # fmt: skip
    found = reader.classify(["we are so happy today", "the door"])
    assert len(found) == 2
    for shares in found:
        assert tuple(shares) == reader.labels
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
        assert max(shares, key=shares.__getitem__) == "happy"
    assert found[0] != found[1]


def test_a_text_does_not_depend_on_its_neighbours(model: Path) -> None:
    reader = open_text_classifier(str(model))
    texts = ["so", "we are so happy today and the door", "sad"]
    together = reader.classify(texts)
    for text, shares in zip(texts, together, strict=True):
        (alone,) = reader.classify([text])
        assert alone == pytest.approx(shares, abs=1e-5)


def test_long_texts_are_cut(model: Path) -> None:
    (found,) = TransformerClassifier(str(model)).classify(["so happy " * 500])
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)


def test_several_labels_at_once(tmp_path: Path) -> None:
    folder = tinymodels.text_model(
        tmp_path / "several", ("love", "joy", "happiness"), favourite="love", several=True
    )
    reader = TransformerClassifier(str(folder))
    assert reader.labels == ("happy", "love")
    (found,) = reader.classify(["so"])
    assert sum(found.values()) == pytest.approx(1)


def test_weights_in_pytorchs_format(tmp_path: Path) -> None:
    folder = tinymodels.text_model(tmp_path / "old", pickled=True)
    (found,) = TransformerClassifier(str(folder)).classify(["so happy"])
    assert max(found, key=found.__getitem__) == "happy"


def test_labels_without_names(tmp_path: Path) -> None:
    folder = tinymodels.text_model(
        tmp_path / "numbered", ("LABEL_0", "LABEL_1"), favourite="LABEL_0"
    )
    with pytest.raises(ArtifactError, match="labels without names; name them in id2label"):
        TransformerClassifier(str(folder))


def test_a_damaged_model(model: Path, tmp_path: Path) -> None:
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ArtifactError, match="cannot be loaded by transformers"):
        TransformerClassifier(str(tmp_path))
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(MissingModelError, match=r"model\.safetensors .* is missing"):
        TransformerClassifier(str(tmp_path))


def test_no_code_of_the_model_is_run(model: Path, tmp_path: Path) -> None:
    for path in model.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config["model_type"] = "evil"
    config["auto_map"] = {
        "AutoConfig": "evil.Config",
        "AutoModelForSequenceClassification": "evil.Model",
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n", encoding="utf-8")
    with pytest.raises(ArtifactError):
        TransformerClassifier(str(tmp_path))
    assert not (tmp_path / "ran").exists()
