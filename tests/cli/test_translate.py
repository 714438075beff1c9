"""``ser-translate`` as a user runs it, with rules that are learned from the tests' own speech."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
import soundfile
from artifacts import with_card
from conftest import ROOT, Run, RunPython
from sentences import sentence_table
from speech import render

from ser.cli.translate import main
from ser.conversion.artifact import write_rules_artifact
from ser.conversion.contours import extract_contours
from ser.conversion.rules import learn_rules
from ser.dataset.table import read_table
from ser.preprocess.loudness import integrated_loudness
from ser.pretrained import SMALL_MODEL

RATE = 16_000
MADE = ("neutral", "sad", "angry")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rules for three emotions, of two voices."""
    path = tmp_path_factory.mktemp("model") / "rules.keras"
    write_rules_artifact(path, learn_rules(sentence_table(takes=1)))
    return path


@pytest.fixture(autouse=True)
def chosen(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_TRANSLATOR", str(model))


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of neutral speech."""
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    soundfile.write(path, render("neutral", 3, seed=4, seconds=2.0), RATE)
    return path


class Here(Protocol):
    def __call__(self, *arguments: object) -> tuple[int, str]: ...


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Here:
    """Runs the command in this process, in `tmp_path`; gives its exit code and messages."""

    def call(*arguments: object) -> tuple[int, str]:
        monkeypatch.chdir(tmp_path)
        code = main([*map(str, arguments), "--jobs", "1"], standalone_mode=False)
        return code, capsys.readouterr().err

    return call


def loudness(samples: np.ndarray) -> float:
    return float(10 * np.log10(np.mean(np.square(samples)) + 1e-12))


def pitch(path: Path) -> float:
    """Median, in semitones."""
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    found = extract_contours(samples)
    return float(np.median(found.pitch[found.voiced]))


def test_one_file_to_one_file(run: Run, talk: Path, tmp_path: Path) -> None:
    done = run("ser-translate", talk, "--to", "anger", "--loudness", "actor", "-o", "new/angry.wav")
    assert (done.returncode, done.out, done.err) == (0, "", "")
    target = tmp_path / "new" / "angry.wav"
    info = soundfile.info(target)
    assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16")
    assert soundfile.SoundFile(target).comment.startswith("synthetic speech")
    # What the voices of the tests do in anger: see tests/speech.py.
    assert pitch(target) - pitch(talk) == pytest.approx(9.9, abs=2.5)
    before, after = soundfile.read(talk)[0], soundfile.read(target)[0]
    assert loudness(after) > loudness(before) + 10
    assert [p.name for p in target.parent.iterdir()] == ["angry.wav"]


def test_the_loudness_of_results(run: Run, talk: Path, tmp_path: Path) -> None:
    before = integrated_loudness(soundfile.read(talk, dtype="float32")[0], RATE)
    for given, wanted in (((), before), (("--loudness", "-30"), -30.0)):
        done = run("ser-translate", talk, "--to", "anger", *given, "-o", "angry.flac")
        assert done.returncode == 0, done.err
        samples, rate = soundfile.read(tmp_path / "angry.flac", dtype="float32")
        assert integrated_loudness(samples, rate) == pytest.approx(wanted, abs=0.3)
    for wrong in ("loud", "5", "-90"):
        assert run("ser-translate", talk, "--to", "sad", "--loudness", wrong).returncode == 2


def test_a_voice_is_changed_by_numbers(run: Run, talk: Path, tmp_path: Path) -> None:
    done = run(
        "ser-translate", talk, "--pitch", "+3st", "--level", "-6dB", "--rate", "0.8",
        "--report", "-", "-o", "higher.wav",
    )  # fmt: skip
    assert (done.returncode, done.err) == (0, "")
    assert pitch(tmp_path / "higher.wav") - pitch(talk) == pytest.approx(3, abs=0.6)
    (result,) = json.loads(done.out)
    assert (result["file"], result["to"]) == (str(talk), None)
    assert {phrase["rate"] for phrase in result["phrases"]} == {0.8}
    assert soundfile.SoundFile(tmp_path / "higher.wav").comment.startswith("synthetic speech")
    both = run(
        "ser-translate", talk, "--to", "sad,angry", "--pitch", "2", "--report", "r.json",
        "-o", "out/",
    )  # fmt: skip
    assert both.returncode == 0, both.err
    written = json.loads((tmp_path / "r.json").read_text())
    assert [result["to"] for result in written] == ["sad", "angry"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--pitch", "0"),
        ("--pitch", "high"),
        ("--pitch", "2dB"),
        ("--rate", "0"),
        ("--range", "-1"),
        ("--pitch", "2", "--intensity", "0.5"),
        ("--pitch", "2", "--plot", "a.png"),
        ("--pitch", "2", "--report", "-", "-o", "-"),
    ],
)
def test_numbers_that_are_none(arguments: tuple[str, ...], run: Run, talk: Path) -> None:
    done = run("ser-translate", talk, "-o", "a.wav", *arguments)
    assert done.returncode == 2, done.err


def test_stereo_at_its_own_rate_into_a_folder(run: Run, tmp_path: Path) -> None:
    voice = render("neutral", 2, seed=1, seconds=1.5, sample_rate=44_100)
    both = np.stack([voice, 0.25 * voice], axis=1)
    soundfile.write(tmp_path / "two.flac", both, 44_100, subtype="PCM_24")
    done = run(
        "ser-translate", "two.flac", "--to", "all", "-o", "out", "--format", "flac",
        "--plot", "two.svg", "--spectrograms", "two.npy", "-v", "-j", 2,
    )  # fmt: skip
    assert done.returncode == 0, done.err
    lines = done.err.splitlines()
    assert set(lines[:3]) == {f"two.flac: {emotion}" for emotion in MADE}
    assert lines[3:] == ["two.npy: 3 records", "out: 3 files of synthetic speech"]
    names = {f"two.{emotion}.flac" for emotion in MADE}
    assert {p.name for p in (tmp_path / "out").iterdir()} == names
    for name in names:
        samples, rate = soundfile.read(tmp_path / "out" / name)
        assert (rate, samples.shape[1]) == (44_100, 2)
        assert soundfile.info(tmp_path / "out" / name).subtype == "PCM_24"
        # The sides are changed alike.
        left, right = samples.T
        assert loudness(left) - loudness(right) == pytest.approx(12.04, abs=0.2)
    picture = (tmp_path / "two.svg").read_text(encoding="utf-8")
    assert all(f">{word}<" in picture for word in (*MADE, "source", "two.flac"))
    table = read_table(tmp_path / "two.npy")
    assert table["y"].tolist() == list(MADE)
    assert set(table["path"]) == {"two.flac"}
    lengths = {y: soundfile.info(tmp_path / "out" / f"two.{y}.flac").duration for y in MADE}
    for record in table:
        assert record["duration"] == pytest.approx(lengths[record["y"]], abs=0.02)


def test_from_pipe_to_pipe(run: Run, talk: Path) -> None:
    sound = talk.read_bytes()
    done = run("ser-translate", "-", "--to", "sad", stdin=sound)
    assert (done.returncode, done.err) == (0, "")
    piped = run("ser-translate", "-", "--to", "sad", "-o", "-", "-f", "flac", stdin=sound)
    assert piped.stdout[:4] == b"fLaC"
    first, second = (soundfile.read(io.BytesIO(found.stdout)) for found in (done, piped))
    assert first[1] == second[1] == RATE
    np.testing.assert_array_equal(first[0], second[0])
    direct = run("ser-translate", talk, "--to", "sad")
    assert direct.stdout == done.stdout
    # One who has heard enough.
    command = f"{sys.executable} {ROOT}/bin/ser-translate {talk} --to sad | head -c 100"
    heard = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert (len(heard.stdout), heard.stderr) == (100, b"")


@pytest.mark.parametrize("options", [("--from", "sadness"), ("--intensity", "0")])
def test_what_is_to_stay_stays(here: Here, talk: Path, tmp_path: Path, options: tuple[str]) -> None:
    assert here(talk, "--to", "sad", *options, "-o", "same.wav") == (0, "")
    for kind in ("int16", "float32"):
        np.testing.assert_array_equal(
            soundfile.read(tmp_path / "same.wav", dtype=kind)[0],
            soundfile.read(talk, dtype=kind)[0],
        )
    assert soundfile.SoundFile(tmp_path / "same.wav").comment == ""


def test_intensity_and_source(here: Here, talk: Path, tmp_path: Path) -> None:
    here(talk, "--to", "angry", "--intensity", 0.5, "-o", "half.wav")
    here(talk, "--to", "angry", "-o", "whole.wav")
    plain, half, whole = (pitch(p) for p in (talk, tmp_path / "half.wav", tmp_path / "whole.wav"))
    assert plain + 2 < half < whole - 2
    back = here("whole.wav", "--from", "angry", "--to", "neutral", "-o", "back.wav")
    assert back == (0, "")
    assert plain - 3 < pitch(tmp_path / "back.wav") < whole - 4


def test_the_classifier_says_what_a_recording_is(
    here: Here, talk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It hears neutral speech, and calls it sad.
    order = ["sad", "calm", "happy", "neutral", "angry", "fearful", "disgust", "surprised"]
    classifier = with_card(Path(shutil.copy(SMALL_MODEL, tmp_path)), labels=order)
    monkeypatch.setenv("SER_MODEL", str(classifier))
    assert here(talk, "--from", "auto", "--to", "sad,angry", "-o", "auto")[0] == 0
    assert here(talk, "--from", "sad", "--to", "angry", "-o", "told.wav") == (0, "")
    results = tmp_path / "auto"
    for one, other in ((results / "talk.sad.wav", talk), (results / "talk.angry.wav", "told.wav")):
        np.testing.assert_array_equal(soundfile.read(one)[0], soundfile.read(tmp_path / other)[0])
    monkeypatch.setenv("SER_MODEL", str(tmp_path / "none.keras"))
    code, errors = here(talk, "--from", "auto", "--to", "sad", "-o", "x.wav")
    assert (code, errors.count("none.keras")) == (1, 1)


def test_folders_lists_and_what_fails(here: Here, talk: Path, tmp_path: Path) -> None:
    inside = tmp_path / "calls" / "monday"
    inside.mkdir(parents=True)
    for name in ("a.wav", "b.wav"):
        (inside / name).write_bytes(talk.read_bytes())
    (inside / "bad.wav").write_bytes(b"RIFF nothing of the kind")
    (inside / "cut.flac").write_bytes(b"")
    (tmp_path / "list.txt").write_text("calls\nmissing.wav\n", encoding="utf-8")
    code, errors = here("--files-from", "list.txt", "--to", "sad,angry", "-o", "out")
    assert code == 1
    *problems, summary = errors.splitlines()
    # Once each, whatever they were to become.
    assert sorted(line.split(": ")[2] for line in problems) == [
        "calls/monday/bad.wav",
        "calls/monday/cut.flac",
        "missing.wav",
    ]
    assert summary == "out: 4 files of synthetic speech"
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"monday"}
    assert {p.name for p in (tmp_path / "out" / "monday").iterdir()} == {
        f"{name}.{emotion}.wav" for name in "ab" for emotion in ("angry", "sad")
    }
    code, errors = here("calls", "--to", "sad", "-o", "calls", "-q")
    assert code == 1
    assert "synthetic" not in errors
    assert (inside / "a.sad.wav").exists()


def test_a_recording_that_breaks_off_leaves_no_result(here: Here, tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, render("neutral", 1, seed=0, seconds=4.0), RATE)
    path.write_bytes(path.read_bytes()[:-20_000])
    (tmp_path / "out.wav").write_bytes(b"old")
    code, errors = here(path, "--to", "sad", "-o", "out.wav")
    assert code == 1
    assert len(errors.splitlines()) == 1
    assert "long.flac: is incomplete: 2.0 of 4.0 s are there" in errors
    assert (tmp_path / "out.wav").read_bytes() == b"old"
    assert {p.name for p in tmp_path.iterdir()} == {"long.flac", "out.wav"}


USAGE = {
    "no recording": (["--to", "sad"], "No input is given"),
    "no emotion": (["talk.wav"], "Nothing is to be changed: give --to"),
    "an unknown emotion": (
        ["talk.wav", "--to", "angri"],
        "--to angri: is not an emotion that ser knows; did you mean angry? Known",
    ),
    "an unknown source": (["talk.wav", "--to", "sad", "--from", "glee"], "--from glee: is not an"),
    "another model's emotion": (
        ["talk.wav", "--to", "happy"],
        "--to happy: the model does not make this emotion; use one of neutral, sad, angry, all",
    ),
    "too strong": (["talk.wav", "--to", "sad", "--intensity", "1.6"], "1.6 is not in the range"),
    "another ending": (["talk.wav", "--to", "sad", "-o", "x.mp3"], "name it .wav or .flac"),
    "two endings": (["talk.wav", "--to", "sad", "-f", "flac", "-o", "x.wav"], "leave it out"),
    "a model's emotion, misspelt": (
        ["talk.wav", "--to", "neutral,sad,anger"],
        "Several results",
    ),
    "many to stdout": (["talk.wav", "--to", "all"], "Several results need a folder"),
    "many to a file": (["a", "b", "--to", "sad", "-o", "x.wav"], "several results need a folder"),
    "a picture of many": (["a", "b", "--to", "sad", "--plot", "x.png"], "draws one recording"),
    "a picture's ending": (["talk.wav", "--to", "sad", "--plot", "x.gif"], "end it in .png"),
    "two things to stdout": (
        ["talk.wav", "--to", "sad", "-o", "-", "--spectrograms", "-"],
        "--spectrograms - and --output - exclude each other",
    ),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage(case: str, here: Here, tmp_path: Path) -> None:
    arguments, message = USAGE[case]
    code, errors = here(*arguments)
    assert code == 2
    assert message in " ".join(errors.split())
    assert not list(tmp_path.iterdir())


def test_errors_before_any_work(talk: Path, here: Here, tmp_path: Path) -> None:
    def error(*arguments: object) -> str:
        code, errors = here(*arguments, "--to", "sad")
        assert code == 1
        return errors

    assert "is a classifier" in error(talk, "--model", SMALL_MODEL, "-o", "x.wav")
    assert "use --engine rules" in error(talk, "--engine", "network", "-o", "x.wav")
    code, errors = here(talk, "-o", talk, "--to", "sad")
    assert (code, "name another output" in errors) == (2, True)
    (tmp_path / "file").touch()
    assert "cannot be made" in error(talk, talk.parent, "-o", "file/out")
    copy = tmp_path / "other" / "talk.wav"
    copy.parent.mkdir()
    copy.write_bytes(talk.read_bytes())
    assert "would both have the result talk" in error(talk, copy, "-o", "out")
    assert {p.name for p in tmp_path.iterdir()} == {"file", "other"}


def test_only_a_table(run: Run, talk: Path, tmp_path: Path) -> None:
    done = run("ser-translate", talk, "--to", "sad", "--spectrograms", "-", "-q")
    assert (done.returncode, done.err) == (0, "")
    table = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    assert table["y"].tolist() == ["sad"]
    assert not list(tmp_path.iterdir())


def test_a_picture_that_fails_takes_no_sound_along(here: Here, talk: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, errors = here(
        talk, "--to", "sad", "-o", "x.wav", "--plot", "file/x.png", "--spectrograms", "file/x.npy"
    )
    assert code == 1
    assert len(errors.splitlines()) == 2
    assert errors.count("cannot be written") == 2
    assert soundfile.info(tmp_path / "x.wav").duration > 1


def test_sound_is_not_written_to_a_terminal(talk: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, str(ROOT / "bin" / "ser-translate"), str(talk), "--to", "sad"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert b"not written to a terminal" in done.stderr


def test_an_interruption_leaves_nothing(tmp_path: Path) -> None:
    long = np.tile(render("sad", 1, seed=0, seconds=3.0), 100)
    soundfile.write(tmp_path / "long.wav", long, RATE)
    process = subprocess.Popen(
        [
            sys.executable,
            str(ROOT / "bin" / "ser-translate"),
            "long.wav",
            "--to",
            "angry",
            "-o",
            "out.wav",
        ],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    # Once something is being written, it is under way.
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert error == b"ser-translate: interrupted\n"
    assert [p.name for p in tmp_path.iterdir()] == ["long.wav"]


def test_rules_need_nothing_heavy(talk: Path, run_python: RunPython, tmp_path: Path) -> None:
    done = run_python(
        "import sys; from ser.cli.translate import main\n"
        "code = main(sys.argv[1:], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'sklearn', 'matplotlib', 'av'} & set(sys.modules)\n"
        "print(code, sorted(heavy))",
        talk,
        "--to",
        "angry",
        "-o",
        tmp_path / "x.wav",
    )
    assert done.out == "0 []\n"
