"""``ser-listen`` as a user runs it; nothing is simulated but the microphone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tinymodels
from conftest import Run, RunPython

RATE = 16_000
# No cache of this machine, and no hub that could be reached.
ALONE = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_DISABLE_XET": "1"}
BUILT_IN = ("--asr-model", "sphinx", "--text-model", "lexicon")


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    return {**ALONE, "HF_HOME": str(tmp_path / "hub")}


def test_texts_from_standard_input(run: Run) -> None:
    done = run(
        "ser-listen", "--text", "-", "--text-model", "lexicon", "-f", "jsonl",
        stdin=b"I am so happy\n\n  this is disgusting \n",
    )  # fmt: skip
    assert (done.returncode, done.err) == (0, "")
    first, second = map(json.loads, done.out.splitlines())
    assert (first["text"], first["emotion"]) == ("I am so happy", "happy")
    assert (second["text"], second["emotion"]) == ("this is disgusting", "disgust")
    assert sum(first["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_texts_for_people_and_tables(run: Run, tmp_path: Path) -> None:
    (tmp_path / "texts.txt").write_text("I am so happy\n", encoding="utf-8")
    done = run("ser-listen", "--text", "texts.txt", "--text-model", "lexicon")
    lines = done.out.splitlines()
    assert lines[0] == "I am so happy"
    assert lines[1].split()[:2] == ["happy", "0.78"]
    assert len(lines) == 8
    run("ser-listen", "--text", "texts.txt", "--text-model", "lexicon", "-o", "out.tsv")
    header, row = (tmp_path / "out.tsv").read_text(encoding="utf-8").splitlines()
    cells = dict(zip(header.split("\t"), row.split("\t"), strict=True))
    assert (cells["emotion"], cells["text"]) == ("happy", "I am so happy")


def test_no_network_no_packages_needed(run: Run, talk: Path, alone: dict[str, str]) -> None:
    done = run("ser-listen", talk, "-f", "jsonl", env=alone)
    assert done.returncode == 0, done.err
    (record,) = map(json.loads, done.out.splitlines())
    assert record["text"]
    assert set(record["probabilities"]) >= {"calm", "angry"}
    assert set(record["words"]["probabilities"]) < set(record["fused"]["probabilities"])
    # Each stand-in says so on one line, with how to get the better one.
    notes = done.err.splitlines()
    assert len(notes) == 2
    assert "PocketSphinx" in notes[0]
    assert "word list" in notes[1]
    assert all(note.startswith("ser-listen: note: ") for note in notes)


def test_what_cannot_be_downloaded(run: Run, talk: Path, alone: dict[str, str]) -> None:
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    for options, reason in (((), "cannot be downloaded ("), (("--offline",), "may not be used")):
        done = run("ser-listen", talk, "--asr-model", "small", *options, env=alone)
        assert (done.returncode, done.out) == (1, "")
        assert done.err.startswith("ser-listen: error: Systran/faster-whisper-small: ")
        assert reason in done.err
        assert "download config.json, model.bin, tokenizer.json, vocabulary.json" in done.err
        assert "Traceback" not in done.err


def test_whisper_from_a_folder(run: Run, talk: Path, tmp_path: Path, alone: dict[str, str]) -> None:
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    folder = tinymodels.whisper(tmp_path / "whisper", language="pl", seed=1)
    models = ("--asr-model", folder, "--text-model", "lexicon")
    done = run("ser-listen", talk, *models, "-f", "jsonl", env=alone)
    assert done.returncode == 0, done.err
    records = [json.loads(line) for line in done.out.splitlines()]
    assert records
    assert {record["language"] for record in records} == {"pl"}
    assert any(record["translation"] for record in records)
    done = run("ser-listen", talk, *models, "--no-translate", "-f", "jsonl", env=alone)
    records = [json.loads(line) for line in done.out.splitlines()]
    assert not any(record["translation"] or record["words"]["emotion"] for record in records)


def test_a_recogniser_that_cannot_translate(
    run: Run, talk: Path, tmp_path: Path, alone: dict[str, str]
) -> None:
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    turbo = tinymodels.whisper(tmp_path / "turbo", language="pl", seed=1)
    other = tinymodels.whisper(tmp_path / "other", seed=1)
    models = ("--asr-model", turbo, "--text-model", "lexicon")
    done = run("ser-listen", talk, *models, "--offline", env=alone)
    assert done.returncode == 1
    assert "Systran/faster-whisper-small" in done.err
    assert "give --translate-model FOLDER" in done.err
    done = run("ser-listen", talk, *models, "--translate-model", other, "-f", "jsonl", env=alone)
    assert done.returncode == 0, done.err
    assert any(json.loads(line)["translation"] for line in done.out.splitlines())


def test_transcripts(run: Run, talk: Path, tmp_path: Path) -> None:
    options = ("--transcript-only", "--asr-model", "sphinx")
    done = run("ser-listen", talk, *options, "-o", "talk.srt")
    assert (done.returncode, done.out, done.err) == (0, "", "")
    number, times, text, empty = (tmp_path / "talk.srt").read_text(encoding="utf-8").split("\n")[:4]
    assert (number, empty) == ("1", "")
    assert times.startswith("00:00:0")
    assert text
    done = run("ser-listen", "-", *options, stdin=talk.read_bytes())
    assert done.out.split("  ")[-1].strip() == text


def test_several_recordings_one_of_them_broken(run: Run, talk: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    done = run("ser-listen", talk, "broken.wav", talk, *BUILT_IN, "-f", "jsonl")
    assert done.returncode == 1
    assert len(done.out.splitlines()) == 2
    assert len(done.err.splitlines()) == 1
    assert "broken.wav" in done.err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("a.wav", "--save", "b.wav"), "--save and AUDIO exclude each other"),
        (("a.wav", "--seconds", "3"), "--seconds and AUDIO exclude each other"),
        (("--save", "b.mp3"), "name it .wav or .flac"),
        (("a.wav", "--text", "-"), "--text reads texts"),
        (("--text", "-", "-f", "vtt"), "--text writes one output, as text, jsonl, tsv"),
        (("a.wav", "--transcript-only", "-f", "rttm"), "--transcript-only writes one output"),
        (("a.wav", "b.wav", "--transcript-only", "-f", "srt"), "srt holds one recording"),
        (("a.wav", "--weights", "voice=2,text=-1"), "give two numbers of 0 or more"),
        (("a.wav", "-f", "nothing"), "'nothing' is unknown; use one of text"),
    ],
)
def test_wrong_usage(run: Run, arguments: tuple[str, ...], reason: str) -> None:
    done = run("ser-listen", *arguments)
    assert (done.returncode, done.out) == (2, "")
    assert reason in " ".join(done.err.split())


def test_listening_loads_nothing_heavy(talk: Path, run_python: RunPython) -> None:
    done = run_python(
        "import sys\nfrom ser.cli.listen.command import main\n"
        "main.main(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'transformers', 'faster_whisper', 'librosa',\n"
        "         'huggingface_hub', 'sklearn', 'scipy', 'matplotlib', 'av'}\n"
        "print(sorted(heavy & set(sys.modules)))",
        talk, *BUILT_IN,
    )  # fmt: skip
    assert done.out.splitlines()[-1] == "[]"
