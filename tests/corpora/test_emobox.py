"""Lists of EmoBox, as its folders have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ser.corpora.base import Clip
from ser.corpora.emobox import read_emobox
from ser.corpora.registry import find_clips
from ser.errors import CorpusError

LINE = {
    "key": "casia-239-wangzhe-angry",
    "dataset": "casia",
    "wav": "downloads/casia/wangzhe/angry/239.wav",
    "type": "raw",
    "sample_rate": 16000,
    "num_frame": 32000.0,
    "task": "category",
    "length": 2.0,
    "emo": "angry",
    "channel": 1,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder of EmoBox with two corpora."""
    for name in ("casia/wangzhe/angry/239.wav", "emodb/wav/03a01Wa.wav", "iemocap/Ses01.wav"):
        path = tmp_path / "downloads" / name
        path.parent.mkdir(parents=True)
        path.touch()
    return tmp_path


def listing(root: Path, *lines: Any, name: str = "casia") -> Path:
    path = root / "data" / name / "fold_1" / f"{name}_train_fold_1.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def test_a_line_is_a_clip(root: Path) -> None:
    wav = root / LINE["wav"]  # type: ignore[operator]
    path = listing(root, LINE, "", {**LINE, "start_time": 0.5, "end_time": 2})
    found = read_emobox(path)
    assert found.errors == ()
    assert found.clips == (
        Clip(wav, emotion="angry", corpus="casia"),
        Clip(wav, emotion="angry", corpus="casia", start=0.5, duration=1.5),
    )


@pytest.mark.parametrize("folder", ["data/casia", "data/casia/fold_1"])
def test_labels_are_looked_up(root: Path, folder: str) -> None:
    path = listing(root, {**LINE, "emo": "A"}, {**LINE, "emo": "x"})
    (root / folder / "label_map.json").write_text('{"A": "Anger", "h": 3}', encoding="utf-8")
    assert [clip.emotion for clip in read_emobox(path).clips] == ["angry", "x"]


def test_a_known_corpus_says_who_speaks(root: Path) -> None:
    line = {**LINE, "dataset": "emodb", "wav": "downloads/emodb/wav/03a01Wa.wav", "emo": "anger"}
    path = listing(root, line, name="emodb")
    (clip,) = find_clips([path]).clips
    assert (clip.corpus, clip.speaker, clip.emotion, clip.text) == ("emodb", "03", "angry", "a01")
    assert clip.gender == "male"
    (clip,) = find_clips([path], "none").clips
    assert clip == Clip(root / "downloads/emodb/wav/03a01Wa.wav")


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[1]", "has no wav"),
        ({"emo": "sad"}, "has no wav"),
        ({**LINE, "wav": 3}, "has no wav"),
        ({**LINE, "emo": 3}, "is no text"),
        ({**LINE, "wav": "downloads/none.wav"}, "names downloads/none.wav, which does not exist"),
        ({**LINE, "wav": "x" * 5000}, "does not exist"),
        ({**LINE, "wav": "a\0b"}, "does not exist"),
        ({**LINE, "start_time": "1"}, "start_time that is no number"),
        ({**LINE, "start_time": True}, "start_time that is no number"),
        ({**LINE, "end_time": -1}, "has the end_time -1"),
        ({**LINE, "start_time": 2, "end_time": 1}, "ends before it begins"),
    ],
)
def test_bad_lines_do_not_touch_the_others(root: Path, line: Any, part: str) -> None:
    found = read_emobox(listing(root, LINE, line, LINE))
    assert len(found.clips) == 2
    (error,) = found.errors
    assert part in error.cause
    assert str(error).split(":")[0].endswith(".jsonl, line 2")


def test_bad_lists(root: Path) -> None:
    path = listing(root, LINE)
    labels = path.parent / "label_map.json"
    for text, part in (("{", "is no JSON"), ("[]", "is no JSON object")):
        labels.write_text(text, encoding="utf-8")
        with pytest.raises(CorpusError, match=part):
            read_emobox(path)
    labels.unlink()
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CorpusError, match="is not UTF-8"):
        read_emobox(path)
    (error,) = find_clips([path]).missing
    assert "is not UTF-8" in str(error)
