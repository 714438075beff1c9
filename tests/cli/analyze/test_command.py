"""ser-analyze as a user runs it."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import select
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from analyzing import RATE, lines_of, six_seconds, speech
from artifacts import with_card
from conftest import ROOT, Run
from speech import render
from spoken import EMOTIONS

COMMAND = [sys.executable, str(ROOT / "bin" / "ser-analyze")]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return six_seconds(tmp_path_factory.mktemp("audio"))


def test_a_line_per_window(run: Run, recording: Path, tiny_model: Path) -> None:
    rows = lines_of(run, recording, "--model", tiny_model)
    assert [(row["start"], row["end"]) for row in rows] == [(i, i + 1) for i in range(6)]
    for row in rows:
        assert row["file"] == str(recording)
        assert list(row["probabilities"]) == ["neutral", "sad", "angry"]
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert row["emotion"] == max(row["probabilities"], key=row["probabilities"].get)
        assert row["confidence"] == row["probabilities"][row["emotion"]]
    assert sum(row["emotion"] == EMOTIONS[i % 3] for i, row in enumerate(rows)) >= 5


def test_text_for_people(run: Run, recording: Path, tiny_model: Path) -> None:
    done = run("ser-analyze", recording, "--model", tiny_model)
    assert (done.returncode, done.err) == (0, "")
    lines = done.out.splitlines()
    assert len(lines) == 6
    assert lines[0].startswith("0:00.0–0:01.0  neutral")
    assert "\x1b" not in done.out


def test_columns(run: Run, recording: Path, tiny_model: Path) -> None:
    for name, delimiter in (("csv", ","), ("tsv", "\t")):
        done = run("ser-analyze", recording, "--model", tiny_model, "-f", name)
        rows = list(csv.DictReader(io.StringIO(done.out), delimiter=delimiter))
        assert len(rows) == 6
        assert float(rows[3]["sad"]) + float(rows[3]["neutral"]) + float(
            rows[3]["angry"]
        ) == pytest.approx(1, abs=1e-4)


def test_both_engines_say_the_same(run: Run, recording: Path, tiny_model: Path) -> None:
    options = ("--model", tiny_model, "--hop", 0.5)
    litert = lines_of(run, recording, *options, "--engine", "litert")
    keras = lines_of(run, recording, *options, "--engine", "keras", "--device", "cpu")
    assert len(litert) == len(keras) == 11
    for one, other in zip(litert, keras, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=0.01)


def test_a_pooled_model(run: Run, recording: Path, pooled_model: Path) -> None:
    rows = lines_of(run, recording, "--model", pooled_model)
    assert [(row["start"], row["end"]) for row in rows] == [(0, 3), (3, 6)]


def test_stdin(run: Run, recording: Path, tiny_model: Path) -> None:
    from_file = lines_of(run, recording, "--model", tiny_model)
    piped = lines_of(run, "-", "--model", tiny_model, stdin=recording.read_bytes())
    assert [row["file"] for row in piped] == ["-"] * 6
    for one, other in zip(from_file, piped, strict=True):
        assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)


def wav_header(rate: int = RATE) -> bytes:
    """Of a stream whose length is not known, as sox and ffmpeg write it to a pipe."""
    form = struct.pack("<HHIIHH", 1, 1, rate, 2 * rate, 2, 16)
    unknown = b"\xff\xff\xff\xff"
    return b"RIFF" + unknown + b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + unknown


def test_a_live_pipe_gives_results_as_they_come(tiny_model: Path) -> None:
    pcm = (speech(8) * 32767).astype("<i2").tobytes()
    with subprocess.Popen(
        [*COMMAND, "-", "--model", str(tiny_model), "-f", "jsonl"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(wav_header() + pcm[: 5 * 2 * RATE])
        # Five seconds are written and the pipe is open: the first window must be there.
        ready, _, _ = select.select([process.stdout], [], [], 60)
        assert ready, "nothing before the end of the input"
        first = b""
        while not first.endswith(b"\n"):
            first += process.stdout.read(1)
        assert json.loads(first)["start"] == 0
        assert process.poll() is None
        process.stdin.write(pcm[5 * 2 * RATE :])
        process.stdin.close()
        rest = process.stdout.read()
        assert process.wait(60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert [json.loads(line)["start"] for line in rest.splitlines()] == [1, 2, 3, 4, 5, 6, 7]


def test_a_pipe_that_is_no_audio(run: Run, tiny_model: Path) -> None:
    for data in (b"", b"hello " * 100, wav_header()):
        done = run("ser-analyze", "-", "--model", tiny_model, stdin=data)
        assert (done.returncode, done.out) == (1, "")
        assert len(done.err.splitlines()) == 1
        assert done.err.startswith("ser-analyze: error: -: ")


def test_a_file_is_written_whole_or_not_at_all(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    done = run("ser-analyze", recording, "--model", tiny_model, "-o", "new/t.csv", "-f", "csv")
    assert (done.returncode, done.out) == (0, "")
    assert len((tmp_path / "new" / "t.csv").read_text().splitlines()) == 7
    before = (tmp_path / "new" / "t.csv").read_bytes()
    # A model that is not there: the old file stays.
    run("ser-analyze", recording, "--model", "none.keras", "-o", "new/t.csv")
    assert (tmp_path / "new" / "t.csv").read_bytes() == before
    # A kill in the middle leaves neither half a file nor an old one changed.
    with subprocess.Popen(
        [*COMMAND, "-", "--model", str(tiny_model), "-o", "new/t.csv"],
        stdin=subprocess.PIPE,
        cwd=tmp_path,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(wav_header() + (speech(4) * 32767).astype("<i2").tobytes())
        deadline = time.monotonic() + 60
        while len(list((tmp_path / "new").iterdir())) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
    assert (tmp_path / "new" / "t.csv").read_bytes() == before
    (tmp_path / "file").write_text("")
    done = run("ser-analyze", recording, "--model", tiny_model, "-o", "file/t.csv")
    assert done.returncode == 1
    assert len(done.err.splitlines()) == 1
    assert "file/t.csv: cannot be written" in done.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full to stand for a full disk")
def test_a_full_disk(run: Run, recording: Path, tiny_model: Path) -> None:
    done = run("ser-analyze", recording, "--model", tiny_model, "-o", "/dev/full")
    assert done.returncode == 1
    assert done.err.startswith("ser-analyze: error: /dev/full: cannot be written (No space left")
    with Path("/dev/full").open("wb") as full:
        piped = subprocess.run(
            [*COMMAND, recording, "--model", tiny_model],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert piped.returncode == 1
    assert len(piped.stderr.splitlines()) == 1
    assert b"No space left" in piped.stderr


def test_a_closed_pipe_ends_quietly(tiny_model: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "long.wav", np.tile(speech(6), 50), RATE)
    command = " ".join(map(str, [*COMMAND, "long.wav", "--model", tiny_model]))
    done = subprocess.run(
        f"{command} | head -1; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("0:00.0–0:01.0")
    assert lines[1] == "0"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.wav"], "none.wav: does not exist"),
        (["folder"], "folder: holds no audio files"),
        (["talk.wav", "--model", "none.keras"], "none.keras: does not exist"),
        (["talk.wav", "--model", "text.keras"], "text.keras: is not a .keras model"),
        (["talk.wav", "--model", "folder"], "folder: is not a .keras model"),
        (["talk.wav", "--model", "other.keras"], "other.keras: is a model of kind converter"),
        (["talk.wav", "--model", "new.keras"], "new.keras: cannot be used: "),
        (["talk.wav", "--device", "gpu", "--engine", "litert"], "use --engine keras"),
    ],
)
def test_one_line_per_error(
    arguments: list[str],
    words: str,
    run: Run,
    recording: Path,
    tiny_model: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.keras").write_text("hello")
    shutil.copy(recording, tmp_path / "talk.wav")
    with_card(Path(shutil.copy(tiny_model, tmp_path / "other.keras")), kind="converter")
    spec = {"families": ["logmel"], "aura": 3}
    with_card(Path(shutil.copy(tiny_model, tmp_path / "new.keras")), spec=spec)
    done = run("ser-analyze", *arguments, env={"SER_MODEL": str(tiny_model)})
    assert (done.returncode, done.out) == (1, "")
    assert words in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["talk.wav", "--format", "xml"],
        ["talk.wav", "--plot", "p.jpg"],
        ["-", "-"],
        ["a.wav", "b.wav", "--plot", "p.png"],
    ],
)
def test_wrong_usage(arguments: list[str], run: Run, tiny_model: Path) -> None:
    done = run("ser-analyze", *arguments, "--model", tiny_model)
    assert (done.returncode, done.out) == (2, "")
    assert done.err.startswith("Usage: ser-analyze")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hop", "0"], "--hop 0: is not a positive number; give seconds."),
        (["--hop", "-1"], "--hop -1: is not a positive number"),
        (["--hop", "inf"], "--hop inf: is not a positive number"),
        (["--hop", "1e-9"], "--hop 1e-09: is shorter than a sample"),
        (["--duration", "0"], "--duration 0: is not a positive number"),
        (["--start", "3", "--end", "2"], "--end: does not lie behind the start"),
        (["--engine", "literate"], "did you mean litert?"),
        (["--html-sound", "none"], "--html-sound needs --html."),
        (["--text", "--jobs", "2"], "--text and several recordings at a time exclude each other"),
    ],
)
def test_wrong_values(arguments: list[str], words: str, run: Run, tiny_model: Path) -> None:
    done = run("ser-analyze", "talk.wav", *arguments, "--model", tiny_model)
    assert (done.returncode, done.out) == (2, "")
    assert words in done.err


def test_the_model_of_the_environment(run: Run, recording: Path, tiny_model: Path) -> None:
    named = lines_of(run, recording, "--model", tiny_model)
    assert lines_of(run, recording, env={"SER_MODEL": str(tiny_model)}) == named
    # The option wins.
    done = run(
        "ser-analyze", recording, "--model", "none.keras", env={"SER_MODEL": str(tiny_model)}
    )
    assert done.returncode == 1


def test_pictures(run: Run, recording: Path, tiny_model: Path, tmp_path: Path) -> None:
    for name, begin in (("p.png", b"\x89PNG"), ("p.svg", b"<?xml")):
        done = run("ser-analyze", recording, "--model", tiny_model, "--plot", name)
        assert done.returncode == 0, done.err
        assert len(done.out.splitlines()) == 6
        content = (tmp_path / name).read_bytes()
        assert content.startswith(begin)
        assert len(content) > 10_000
    svg = (tmp_path / "p.svg").read_text()
    assert "talk.wav" in svg
    assert "neutral" in svg
    # A recording that is not read leaves no picture.
    done = run("ser-analyze", "none.wav", "--model", tiny_model, "--plot", "n.png")
    assert done.returncode == 1
    assert not (tmp_path / "n.png").exists()


def test_names_that_are_not_utf8(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    name = os.fsdecode(b"caf\xe9.wav")
    try:
        shutil.copy(recording, tmp_path / name)
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    for style in ("text", "jsonl", "csv", "tsv"):
        done = run("ser-analyze", tmp_path, recording, "--model", tiny_model, "-f", style)
        assert (done.returncode, done.err) == (0, ""), style
        assert "caf" in done.out


def test_the_name_of_the_model_does_not_matter(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copy(tiny_model, tmp_path / "model.zip")
    assert len(lines_of(run, recording, "--model", "model.zip")) == 6


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with recordings of one voice: each emotion for three seconds, and all of them."""
    folder = tmp_path_factory.mktemp("voice")
    parts = [
        np.concatenate([render(e, 2, seed=20 + k, seconds=1.0, intensity="strong") for k in (0, 1)])
        for e in EMOTIONS
    ]
    for emotion, samples in zip(EMOTIONS, parts, strict=True):
        soundfile.write(folder / f"{emotion}.wav", samples, RATE)
    soundfile.write(folder / "all.wav", np.concatenate(parts), RATE)
    return folder


def chances(rows: list[dict[str, Any]]) -> Any:
    return np.array([list(row["probabilities"].values()) for row in rows])


def test_adaptation(run: Run, voice: Path, tiny_model: Path, prosodic_model: Path) -> None:
    talk = voice / "all.wav"
    for model in (tiny_model, prosodic_model):
        plain = lines_of(run, talk, "--model", model)
        own = lines_of(run, talk, "--model", model, "--adapt", "self")
        named = lines_of(run, talk, "--model", model, "--adapt", talk)
        other = lines_of(
            run, talk, "--model", model,
            "--adapt", voice / "sad.wav", "--adapt", voice / "neutral.wav",
        )  # fmt: skip
        assert [(r["start"], r["end"]) for r in own] == [(r["start"], r["end"]) for r in plain]
        assert chances(own).sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert chances(own) == pytest.approx(chances(named), abs=1e-6)
        assert np.abs(chances(own) - chances(plain)).max() > 0.01
        # A voice that is never angry here sounds angrier against that.
        assert chances(other)[:, 2].mean() > chances(own)[:, 2].mean() + 0.01


def test_a_model_with_a_speaker_model_adapts_by_default(
    run: Run, voice: Path, lda_model: Path, tmp_path: Path
) -> None:
    options = ("--model", lda_model)
    by_default = lines_of(run, voice / "all.wav", *options)
    own = lines_of(run, voice / "all.wav", *options, "--adapt", "self")
    plain = lines_of(run, voice / "all.wav", *options, "--adapt", "none")
    assert by_default == own
    assert chances(own).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.abs(chances(own) - chances(plain)).max() > 0.01
    other = lines_of(run, voice / "all.wav", *options, "--adapt", voice / "sad.wav")
    assert np.abs(chances(other) - chances(own)).max() > 0.01
    # A pipe is read once, and each window adapted by what came before it.
    piped = lines_of(run, "-", *options, stdin=(voice / "all.wav").read_bytes())
    assert chances(piped[:2]) == pytest.approx(chances(plain[:2]), abs=1e-4)
    assert np.abs(chances(piped[-1:]) - chances(plain[-1:])).max() > 1e-4
    soundfile.write(tmp_path / "short.wav", speech(1), RATE)
    done = run("ser-analyze", tmp_path / "short.wav", voice / "all.wav", "--summary", *options)
    assert (done.returncode, done.err) == (0, "")
    assert "not adapted to the voice: too little speech" in done.out
    assert f"adapted to the voice by {len(own)} windows" in done.out
    (summary,) = lines_of(run, voice / "all.wav", "--summary", *options)
    assert summary["summary"]["voice"]["windows"] == len(own)


def test_a_known_prior(run: Run, voice: Path, lda_model: Path, tmp_path: Path) -> None:
    options = ("--model", lda_model, "--hop", 0.5, "--no-vad")
    learnt = lines_of(run, voice / "all.wav", *options)
    rows = lines_of(run, voice / "all.wav", *options, "--prior", "neutral=3, anger=1")
    assert {row["emotion"] for row in rows} <= {"neutral", "angry"}
    assert all(row["probabilities"]["sad"] == 0 for row in rows)
    assert max(row["probabilities"]["sad"] for row in learnt) > 0
    # Workers that open the model for themselves know it too.
    many = ("--prior", "neutral=3,angry=1", "--jobs", 2, "--output-dir", tmp_path, "-f", "jsonl")
    assert run("ser-analyze", voice / "all.wav", voice / "sad.wav", *options, *many).returncode == 0
    (path,) = tmp_path.rglob("all.wav.jsonl")
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["probabilities"] for row in written] == [row["probabilities"] for row in rows]


def test_the_former_name_of_adapt(run: Run, voice: Path, tiny_model: Path) -> None:
    options = (voice / "all.wav", "--model", tiny_model, "-f", "jsonl")
    former = run("ser-analyze", *options, "--calibrate", "self")
    assert former.out == run("ser-analyze", *options, "--adapt", "self").out
    assert former.err == "ser-analyze: note: --calibrate is now called --adapt\n"


def test_each_recording_is_its_own_voice(
    run: Run, voice: Path, recording: Path, prosodic_model: Path
) -> None:
    options = ("--model", prosodic_model, "--adapt", "self")
    together = lines_of(run, voice / "all.wav", recording, *options)
    assert chances(together[:6]) == pytest.approx(
        chances(lines_of(run, voice / "all.wav", *options)), abs=1e-6
    )
    assert chances(together[6:]) == pytest.approx(
        chances(lines_of(run, recording, *options)), abs=1e-6
    )


def test_enrolment(run: Run, voice: Path, tiny_model: Path, prosodic_model: Path) -> None:
    talk = voice / "all.wav"
    for model in (tiny_model, prosodic_model):
        plain = chances(lines_of(run, talk, "--model", model))
        # Spellings are understood; what is enrolled is what one says it is.
        enrol = ("--enrol", f"Anger={voice / 'neutral.wav'}")
        enrolled = chances(lines_of(run, talk, "--model", model, *enrol))
        assert enrolled[:, 2].mean() > plain[:, 2].mean() + 0.01
        both = chances(lines_of(run, talk, "--model", model, *enrol, "--adapt", "self"))
        assert np.abs(both - enrolled).max() > 0.01


def test_a_voice_from_stdin(run: Run, voice: Path, tiny_model: Path) -> None:
    talk = voice / "all.wav"
    piped = lines_of(run, talk, "--model", tiny_model, "--adapt", "-", stdin=talk.read_bytes())
    named = lines_of(run, talk, "--model", tiny_model, "--adapt", talk)
    assert chances(piped) == pytest.approx(chances(named), abs=1e-4)


def test_a_recording_too_short_to_learn_from(
    run: Run, voice: Path, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "short.wav", speech(1), RATE)
    soundfile.write(tmp_path / "silent.wav", np.zeros(5 * RATE), RATE)
    done = run(
        "ser-analyze", "short.wav", "silent.wav", recording, "--model", tiny_model,
        "--adapt", "self", "-f", "jsonl",
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.out.splitlines()) == 6
    errors = done.err.splitlines()
    assert len(errors) == 2
    assert errors[0].startswith(
        "ser-analyze: error: short.wav: too little speech: 1 windows, and a voice is learnt from 4"
    )
    assert "silent.wav: has no speech" in errors[1]


def test_where_nobody_speaks(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(3 * RATE)
    soundfile.write(tmp_path / "a.wav", np.concatenate([speech(3), noise]), RATE)
    windows = lines_of(run, "a.wav", "--model", tiny_model)
    assert [w["emotion"] == "no speech" for w in windows] == [False] * 3 + [True] * 3
    assert windows[4]["probabilities"] == {}
    every = lines_of(run, "a.wav", "--model", tiny_model, "--no-vad")
    assert every[:3] == windows[:3]
    assert "no speech" not in {w["emotion"] for w in every}


def test_from_windows_to_segments(run: Run, recording: Path, tiny_model: Path) -> None:
    command = (recording, "--model", tiny_model, "--no-vad")
    windows = lines_of(run, *command)
    joined = lines_of(run, *command, "--segments", "--hop", "1", "--smooth", "0")
    assert (joined[0]["start"], joined[-1]["end"]) == (windows[0]["start"], windows[-1]["end"])
    assert all(a["emotion"] != b["emotion"] for a, b in itertools.pairwise(joined))
    assert all(a["end"] == b["start"] for a, b in itertools.pairwise(joined))
    smooth = lines_of(run, *command, "--smooth", "0.99")
    assert [w["start"] for w in smooth] == [w["start"] for w in windows]
    assert len({w["emotion"] for w in smooth}) == 1
    # Segments are smoothed over windows that overlap, unless told otherwise.
    usual = lines_of(run, *command, "--segments")
    assert usual == lines_of(run, *command, "--segments", "--hop", "0.5", "--smooth", "0.8")
    assert usual != joined
    doubtful = lines_of(run, *command, "--min-confidence", "1")
    assert {w["emotion"] for w in doubtful} == {"uncertain"}
    assert [w["probabilities"] for w in doubtful] == [w["probabilities"] for w in windows]


def test_the_most_probable_emotions(run: Run, recording: Path, tiny_model: Path) -> None:
    command = ("ser-analyze", recording, "--model", tiny_model, "--no-vad")
    best = run(*command).out.splitlines()
    more = run(*command, "--top", "2").out.splitlines()
    windows = lines_of(run, *command[1:])
    for one, two, window in zip(best, more, windows, strict=True):
        second = sorted(window["probabilities"].items(), key=lambda pair: -pair[1])[1]
        assert two.startswith(one.rstrip())
        assert f"{second[0]} {second[1]:.2f}" in two


def test_formats_that_hold_one_recording(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    shutil.copy(recording, tmp_path / "other.wav")
    command = ("ser-analyze", recording, "--model", tiny_model)
    for wrong in (("other.wav", "-f", "srt"), ("--summary", "-o", "a.vtt"), ("-o", "a.xyz")):
        done = run(*command, *wrong)
        assert done.returncode == 2, done.err
        assert not (tmp_path / "a.vtt").exists()
    assert run(*command, "other.wav", "-o", "a.rttm").returncode == 0
    assert {line.split()[1] for line in (tmp_path / "a.rttm").read_text().splitlines()} == {
        recording.stem,
        "other",
    }
