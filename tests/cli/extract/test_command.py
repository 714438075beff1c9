"""ser-extract as a user runs it: real processes, real files, real signals."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Run
from recordings import BAD, RATE, encode, sound, speech
from speech import write_corpus
from tables import make_table

from ser.dataset.table import read_table, spec_of, write_table
from ser.features.layout import columns
from ser.features.spec import FeatureSpec

COMMAND = [sys.executable, str(ROOT / "bin" / "ser-extract")]

# Slow enough to be interrupted: a frame every millisecond.
SLOW = ["--features", "contrast,mfcc,chroma", "--hop-length", "16", "--pool", "stats"]


def start(*arguments: object, cwd: Path, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        # A group of its own, so that Ctrl-C is sent to it and not to the tests.
        start_new_session=True,
        **options,  # type: ignore[call-overload]
    )


def group(process: subprocess.Popen[bytes]) -> list[int]:
    """Processes of a group that are alive, without the zombies."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == process.pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def all_gone(process: subprocess.Popen[bytes]) -> None:
    """No worker outlives its parent."""
    deadline = time.monotonic() + 10
    while left := group(process):
        assert time.monotonic() < deadline, left
        time.sleep(0.05)


def wait_for(part: Path, size: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not part.exists() or part.stat().st_size < size:
        assert process.poll() is None, "it ended before it could be interrupted"
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def many(tmp_path: Path, ravdess_like: Path) -> Path:
    """Sixty-four clips under other names, four times."""
    folder = tmp_path / "many"
    for copy in range(4):
        shutil.copytree(ravdess_like, folder / f"copy-{copy}")
    return folder


def test_a_corpus_becomes_a_table(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    done = run("ser-extract", ravdess_like, "-o", "t.npy")
    assert done.returncode == 0, done.err
    assert done.stdout == b""
    assert done.err == "t.npy: 64 records\n"
    table = read_table(tmp_path / "t.npy")
    assert spec_of(table) == FeatureSpec(highpass=60.0)
    assert table["x"].shape == (64, 101, 64)
    assert set(table["y"]) == {
        "neutral",
        "calm",
        "happy",
        "sad",
        "angry",
        "fearful",
        "disgust",
        "surprised",
    }
    assert set(table["speaker"]) == {"01", "02", "03", "04"}
    assert table["path"].tolist() == sorted(table["path"].tolist())


def test_the_classic_input(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    done = run(
        "ser-extract", ravdess_like, "--preset", "librosa", "--pool", "mean", "-o", "t.npy", "-q"
    )
    assert (done.returncode, done.err) == (0, "")
    table = np.load(tmp_path / "t.npy")
    assert table["x"].shape == (64, 1, 180)
    assert np.isfinite(table["x"]).all()


def test_functionals(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    from ser.features.prosody.functionals import NAMES

    options = ("--preset", "emotion", "--functionals", "prosody", "--augment", "noise:20")
    for jobs in (1, 2):
        done = run("ser-extract", ravdess_like, *options, "-j", jobs, "-o", f"{jobs}.npy")
        assert done.returncode == 0, done.err
    table = read_table(tmp_path / "1.npy")
    assert spec_of(table).functionals == "prosody"
    assert table["functionals"].shape == (128, len(NAMES))
    assert np.isfinite(table["functionals"]).all()
    # Copies sound different, and have functionals of their own.
    assert (table["functionals"][::2] != table["functionals"][1::2]).any(axis=1).all()
    assert np.array_equal(read_table(tmp_path / "2.npy")["functionals"], table["functionals"])
    # Angry voices are higher, as they were made.
    pitch = table["functionals"][:, NAMES.index("voiced_pitch_median")]
    assert pitch[table["y"] == "angry"].mean() > pitch[table["y"] == "neutral"].mean() + 2
    # A table like it has them too, and both can be merged.
    done = run("ser-extract", ravdess_like / "Actor_01", "--like", "1.npy", "-o", "one.npy")
    assert done.returncode == 0, done.err
    one = read_table(tmp_path / "one.npy")
    assert np.array_equal(one["functionals"], table["functionals"][: 2 * len(one) : 2])
    done = run("ser-merge", "1.npy", "one.npy", "--keep-duplicates", "-o", "both.npy")
    assert done.returncode == 0, done.err
    merged = read_table(tmp_path / "both.npy")
    assert len(merged) == 128 + len(one)
    by_clip = dict(zip(merged["path"].tolist(), merged["functionals"], strict=True))
    for record in one:
        assert np.array_equal(by_clip[record["path"]], record["functionals"])


def test_functionals_need_long_windows(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    done = run("ser-extract", ravdess_like, "--functionals", "prosody", "-o", "t.npy")
    assert done.returncode == 2
    assert "give --win-length 640 or more, and --n-fft 715 or more" in done.err


def test_every_option_reaches_the_specification(
    run: Run, tmp_path: Path, ravdess_like: Path
) -> None:
    values: dict[str, object] = {
        "--features": "mfcc, mel,zcr",
        "--rate": 8000,
        "--n-fft": 1024,
        "--win-length": 800,
        "--hop-length": 200,
        "--fmin": 60,
        "--fmax": 3500,
        "--n-mels": 30,
        "--n-mfcc": 12,
        "--n-chroma": 24,
        "--mel-scale": "power",
        "--deltas": 1,
        "--normalize": "coefficient",
        "--pool": "stats",
        "--offset": 0.1,
        "--duration": 0.7,
        "--trim": 30,
        "--highpass": 80,
        "--clean": "loudness:-20, trim",
    }
    options = [text for pair in values.items() for text in pair]
    done = run("ser-extract", ravdess_like / "Actor_01", "-o", "t.npy", *options)
    assert done.returncode == 0, done.err
    assert spec_of(read_table(tmp_path / "t.npy")) == FeatureSpec(
        families=("mfcc", "mel", "zcr"),
        sample_rate=8000,
        n_fft=1024,
        win_length=800,
        hop_length=200,
        fmin=60.0,
        fmax=3500.0,
        n_mels=30,
        n_mfcc=12,
        n_chroma=24,
        mel_scale="power",
        deltas=1,
        normalise="coefficient",
        pool="stats",
        offset=0.1,
        duration=0.7,
        trim=30.0,
        highpass=80.0,
        clean=("loudness:-20", "trim:40"),
    )


def test_jobs_do_not_change_the_table(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    for jobs in (1, 2):
        done = run("ser-extract", ravdess_like, "-o", f"{jobs}.npy", "-j", jobs)
        assert done.returncode == 0, done.err
    assert (tmp_path / "1.npy").read_bytes() == (tmp_path / "2.npy").read_bytes()


@pytest.mark.parametrize("jobs", [1, 2])
def test_bad_clips_have_their_lines_and_the_others_their_records(
    run: Run, tmp_path: Path, ravdess_like: Path, jobs: int
) -> None:
    folder = tmp_path / "c"
    shutil.copytree(ravdess_like, folder)
    for actor, (make, _) in enumerate(BAD.values(), start=5):
        (folder / f"03-01-05-01-01-01-{actor:02d}.wav").write_bytes(make())
    done = run("ser-extract", "c", "-o", "t.npy", "-j", jobs)
    assert done.returncode == 1
    lines = done.err.splitlines()
    assert len(lines) == len(BAD) + 2
    for actor, (name, (_, said)) in enumerate(BAD.items(), start=5):
        (line,) = [text for text in lines if f"-{actor:02d}.wav" in text]
        assert line.startswith("ser-extract: error: c/03-01-05-01-01-01-"), name
        assert said in line or "cannot be decoded" in line, name
        assert line.count("; ") == 1, name
    assert lines[-2] == "t.npy: 64 records"
    assert lines[-1] == f"{len(BAD)} clips could not be read and are not in the table"
    assert len(read_table(tmp_path / "t.npy")) == 64


def test_missing_inputs(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    done = run("ser-extract", "none.wav", ravdess_like / "Actor_01", "-o", "t.npy")
    assert done.returncode == 1
    assert done.err.splitlines() == [
        "ser-extract: error: none.wav: does not exist; check the path",
        "t.npy: 16 records",
    ]
    (tmp_path / "empty").mkdir()
    done = run("ser-extract", "none.wav", "empty", "-o", "u.npy")
    assert done.returncode == 1
    assert done.err.splitlines() == [
        "ser-extract: error: none.wav: does not exist; check the path",
        "ser-extract: error: empty: holds no audio files; "
        "give a folder that holds audio files, or the files themselves",
        "ser-extract: error: inputs: hold no clip to extract; check the paths and --corpus",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "t.npy"]


def test_nothing_readable_writes_nothing(run: Run, tmp_path: Path) -> None:
    for name in ("text.wav", "nan.wav", "header.wav"):
        (tmp_path / name).write_bytes(BAD[name][0]())
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run("ser-extract", ".", "-o", "out/t.npy")
    assert done.returncode == 1
    assert len(done.err.splitlines()) == 5
    assert done.err.splitlines()[-1] == (
        "ser-extract: error: out/t.npy: no table was written: none of the inputs can be read"
    )
    shutil.rmtree(tmp_path / "out", ignore_errors=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_an_older_table_survives_a_failed_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_bytes(b"text")
    write_table(tmp_path / "t.npy", make_table(3))
    before = (tmp_path / "t.npy").read_bytes()
    assert run("ser-extract", "text.wav", "-o", "t.npy").returncode == 1
    assert (tmp_path / "t.npy").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "No input is given"),
        (["x.wav", "--hop", "1"], "--hop needs --window"),
        (["x.wav", "--window", "0"], "--window 0: must be positive seconds"),
        (["x.wav", "--window", "1", "--hop", "-1"], "--hop -1: must be positive seconds"),
        (["x.wav", "--resume"], "--resume needs -o FILE on this machine"),
        (["x.wav", "--resume", "-o", "s3://b/t.npy"], "--resume needs -o FILE on this machine"),
        (["x.wav", "--pool", "max"], "Invalid value for '--pool'"),
        (["x.wav", "--corpus", "nonesuch"], "Invalid value for '--corpus'"),
        (["x.wav", "--deltas", "3"], "Invalid value for '--deltas'"),
        (["x.wav", "--jobs", "0"], "Invalid value for '-j'"),
        (["-", "-"], "can be read only once"),
        (["x.wav", "--copies", "2"], "--copies needs --augment"),
        (["x.wav", "--balance"], "--balance needs --augment"),
        (["x.wav", "--noise-from", "."], "--noise-from needs --augment: they are about copies"),
        (["x.wav", "-j", "2", "--cluster", "tcp://a:1"], "--jobs and --cluster exclude each other"),
        (["x.wav", "--corpus", "ravdes"], "did you mean ravdess?"),
        (["x.wav", "--preset", "emotions"], "did you mean emotion?"),
        (["x.wav", "--features", "mel,loudness"], "is no feature family"),
        (["x.wav", "--n-mfcc", "99", "--features", "mfcc"], "raise --n-mels or lower --n-mfcc."),
        (["x.wav", "--win-length", "1024"], "does not fit a transform of 512; raise --n-fft"),
        (["x.wav", "--fmax", "9000"], "--fmax: gives a mel range"),
        (["x.wav", "--rate", "500"], "--rate 500: is under 1000 Hz"),
        (["x.wav", "--hop-length", "0"], "--hop-length 0: is not positive"),
        (["x.wav", "--clean", "trim,polish"], "polish: is not a cleaning step"),
        (["x.wav", "--augment", "noise,shft"], "--augment shft: is not an augmentation; did you"),
        (["x.wav", "--augment", "noise:20..10"], "noise:20..10: is no range of decibels"),
        (["x.wav", "--augment", "noise:loud"], "--augment noise:loud: has no range but 'loud'"),
        (["x.wav", "--augment", "gain", "--noise-from", "."], "--noise-from: means nothing"),
        (["x.wav", "--augment", "noise", "--copies", "0"], "--copies 0 needs --balance"),
    ],
)
def test_wrong_usage(run: Run, options: list[str], said: str) -> None:
    done = run("ser-extract", *options)
    assert done.returncode == 2
    assert said in done.err
    assert done.stdout == b""


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--like", "none.npy"], "none.npy: does not exist"),
        (["--augment", "noise", "--noise-from", "none"], "none: is not a folder"),
        (["--like", "text.wav"], "text.wav: is not a readable .npy file"),
    ],
)
def test_impossible_features(run: Run, tmp_path: Path, options: list[str], said: str) -> None:
    (tmp_path / "text.wav").write_bytes(b"text")
    done = run("ser-extract", "text.wav", "-o", "t.npy", *options)
    assert done.returncode == 1
    assert len(done.err.splitlines()) == 1
    assert said in done.err


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_killed_run_is_resumed_to_the_same_table(run: Run, tmp_path: Path, many: Path) -> None:
    whole = run("ser-extract", many, *SLOW, "-o", "whole.npy", "-j", 2)
    assert whole.returncode == 0, whole.err
    size = (tmp_path / "whole.npy").stat().st_size

    process = start(many, *SLOW, "-o", "t.npy", "-j", 2, cwd=tmp_path)
    wait_for(tmp_path / "t.npy.part", size // 8, process)
    workers = group(process)
    assert len(workers) > 2
    process.kill()
    process.communicate()
    assert not (tmp_path / "t.npy").exists()
    part = (tmp_path / "t.npy.part").stat().st_size
    assert size // 8 <= part < size
    all_gone(process)

    done = run("ser-extract", many, *SLOW, "-o", "t.npy", "-j", 2, "--resume")
    assert done.returncode == 0, done.err
    message = done.err.splitlines()[-1]
    assert message.startswith("t.npy: 256 records, ")
    assert message.endswith(" of them from the interrupted run")
    assert 0 < int(message.split()[3]) < 256
    assert (tmp_path / "t.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert not (tmp_path / "t.npy.part").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("signum", "code", "word"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_an_interrupted_run_can_be_resumed(
    run: Run, tmp_path: Path, many: Path, jobs: int, signum: int, code: int, word: str
) -> None:
    process = start(many, *SLOW, "-o", "t.npy", "-j", jobs, cwd=tmp_path)
    wait_for(tmp_path / "t.npy.part", 8192, process)
    begun = time.monotonic()
    if signum == signal.SIGINT:
        # From a terminal it reaches the workers too.
        os.killpg(process.pid, signum)
    else:
        process.send_signal(signum)
    _, errors = process.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert process.returncode == code
    kept = "t.npy.part has the clips so far: --resume goes on with it"
    assert errors.decode() == f"ser-extract: note: {kept}\nser-extract: {word}\n"
    all_gone(process)
    assert not (tmp_path / "t.npy").exists()
    assert (tmp_path / "t.npy.part").exists()
    # Fewer clips are other records, so these are not resumed by mistake.
    done = run("ser-extract", many, "-o", "t.npy", "--resume")
    assert done.returncode == 1
    assert "was begun with other options" in done.err


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_compiled_code_is_interrupted_like_all_else(
    tmp_path: Path, ravdess_like: Path, signum: int
) -> None:
    """numba turns the signal into an error of its own."""
    command = [ravdess_like, "--features", "f0", "-o", "t.npy", "-j", 1]
    process = start(*command, cwd=tmp_path)
    wait_for(tmp_path / "t.npy.part", 4096, process)
    process.send_signal(signum)
    _, errors = process.communicate(timeout=30)
    word, code = ("interrupted", 130) if signum == signal.SIGINT else ("terminated", 143)
    assert errors.decode().endswith(f"--resume goes on with it\nser-extract: {word}\n")
    assert process.returncode == code


@pytest.mark.skipif(sys.platform == "win32", reason="sets a limit that Windows does not have")
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_is_one_line(tmp_path: Path, ravdess_like: Path, jobs: int) -> None:
    """A limit on the size of files stands for a disk of that size."""
    script = 'ulimit -f 200; exec "$@"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", *COMMAND, ravdess_like, "-o", "t.npy", "-j", str(jobs)],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith("ser-extract: error: t.npy: cannot be written (File too large)")
    assert not (tmp_path / "t.npy").exists()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 kB, where the system lets us make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"cannot mount a file system: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(shutil.which("mount") is None, reason="no mount on this system")
def test_a_full_file_system_is_one_line(run: Run, tiny_disk: Path, ravdess_like: Path) -> None:
    done = run("ser-extract", ravdess_like, "-o", tiny_disk / "t.npy")
    assert done.returncode == 1
    (line,) = done.err.splitlines()
    assert "cannot be written (No space left on device); check the folder and free space" in line
    assert not (tiny_disk / "t.npy").exists()
    # With fewer numbers it fits, and the part that is in the way is taken away first.
    done = run("ser-extract", ravdess_like, "--pool", "mean", "-o", tiny_disk / "t.npy")
    assert done.returncode == 0, done.err
    assert [path.name for path in tiny_disk.iterdir()] == ["t.npy"]


def test_the_table_goes_down_a_pipe(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    assert run("ser-extract", ravdess_like, "-o", "t.npy").returncode == 0
    done = run("ser-extract", ravdess_like)
    assert done.returncode == 0, done.err
    assert done.stdout == (tmp_path / "t.npy").read_bytes()
    assert np.load(io.BytesIO(done.stdout), allow_pickle=False).shape == (64,)
    assert done.err == "-: 64 records\n"


def test_a_closed_pipe_ends_quietly(ravdess_like: Path, tmp_path: Path) -> None:
    pipeline = subprocess.run(
        [
            "bash",
            "-c",
            '"$@" | head -c 10 >/dev/null; echo "${PIPESTATUS[0]}"',
            "bash",
            *COMMAND,
            ravdess_like,
            "-q",
        ],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert pipeline.stderr == b""
    assert pipeline.stdout.strip() in (b"0", b"141")


@pytest.mark.parametrize("name", ["a.wav", "a.m4a", "a.flac"])
@pytest.mark.parametrize("options", [[], ["--window", "1", "--hop", "0.5"], ["--offset", "1"]])
def test_audio_comes_up_a_pipe(run: Run, tmp_path: Path, name: str, options: list[str]) -> None:
    """As a file, although it cannot be searched: it is kept for the time."""
    if name == "a.m4a":
        data = encode(tmp_path / name, "aac", speech(), RATE).read_bytes()
    else:
        data = sound(speech(), RATE, name[2:].upper())
        (tmp_path / name).write_bytes(data)
    assert run("ser-extract", name, "-o", "f.npy", *options).returncode == 0
    done = run("ser-extract", "-", "-o", "p.npy", *options, stdin=data)
    assert done.returncode == 0, done.err
    piped, filed = read_table(tmp_path / "p.npy"), read_table(tmp_path / "f.npy")
    assert set(piped["path"]) == {"-"}
    for field in ("x", "start", "duration", "frames"):
        np.testing.assert_array_equal(piped[field], filed[field])


@pytest.mark.parametrize("data", [b"", b"text\n" * 100], ids=["empty", "text"])
def test_a_bad_pipe_is_named_as_one(run: Run, tmp_path: Path, data: bytes) -> None:
    done = run("ser-extract", "-", "-o", "t.npy", stdin=data)
    assert done.returncode == 1
    assert done.err.splitlines()[0].startswith("ser-extract: error: -: ")
    assert list(tmp_path.iterdir()) == []


def test_windows(run: Run, tmp_path: Path) -> None:
    encode(tmp_path / "long.m4a", "aac", speech(RATE, 7.2), RATE)
    done = run("ser-extract", "long.m4a", "--window", 2, "--hop", 1, "-o", "t.npy")
    assert done.returncode == 0, done.err
    table = read_table(tmp_path / "t.npy")
    assert table["start"].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert table["duration"] == pytest.approx([2.0] * 6 + [1.2], abs=0.1)
    assert table["x"].shape[1] == 201
    # Without --hop they lie side by side.
    run("ser-extract", "long.m4a", "--window", 2, "-o", "t.npy")
    assert read_table(tmp_path / "t.npy")["start"].tolist() == [0.0, 2.0, 4.0, 6.0]


def test_a_long_recording_asks_for_windows(run: Run, tmp_path: Path) -> None:
    (tmp_path / "long.wav").write_bytes(sound(np.zeros(8000 * 130, np.float32), 8000))
    done = run("ser-extract", "long.wav", "-o", "t.npy")
    assert done.returncode == 1
    (line,) = done.err.splitlines()
    assert "130 s" in line
    assert "--window" in line
    assert run("ser-extract", "long.wav", "-o", "t.npy", "--window", "30").returncode == 0
    assert len(read_table(tmp_path / "t.npy")) == 4


def test_like_a_table(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    spec = FeatureSpec(("rms", "zcr"), sample_rate=8000, duration=0.5)
    write_table(tmp_path / "like.npy", make_table(3, frames=51, coefficients=2, spec=spec))
    done = run("ser-extract", ravdess_like / "Actor_03", "--like", "like.npy", "-o", "t.npy")
    assert done.returncode == 0, done.err
    assert spec_of(read_table(tmp_path / "t.npy")) == spec
    done = run(
        "ser-extract", ravdess_like / "Actor_03", "--like", "like.npy", "--deltas", 1, "-o", "u.npy"
    )
    assert spec_of(read_table(tmp_path / "u.npy")) == spec.with_changes(deltas=1)


def test_like_a_model(run: Run, tmp_path: Path, ravdess_like: Path, tiny_model: Path) -> None:
    from ser.models.artifact import read_card

    done = run("ser-extract", ravdess_like / "Actor_03", "--like", tiny_model, "-o", "t.npy")
    assert done.returncode == 0, done.err
    spec = FeatureSpec.from_dict(read_card(tiny_model)["spec"])
    assert spec_of(read_table(tmp_path / "t.npy")) == spec


def test_copies(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    recipe = "noise:10..20+reverb,stretch:0.9..1.2"
    options = (ravdess_like, "--augment", recipe, "--copies", 3, "--preset", "librosa")
    for name, more in (("a", ("-j", 1)), ("b", ("-j", 2)), ("c", ("--seed", 1))):
        done = run("ser-extract", *options, *more, "-o", f"{name}.npy")
        assert (done.returncode, done.err) == (
            0,
            f"{name}.npy: 256 records, 192 of them augmented copies\n",
        )
    assert (tmp_path / "a.npy").read_bytes() == (tmp_path / "b.npy").read_bytes()
    assert (tmp_path / "a.npy").read_bytes() != (tmp_path / "c.npy").read_bytes()
    labels = read_table(tmp_path / "a.npy")["augment"].tolist()
    pattern = (
        r"|noise=1\d(\.\d)?dB:(white|pink),reverb=0\.\d+s|noise=20dB:\w+,reverb=0\.\d+s|"
        r"stretch=(0\.9|1\.)\d*|stretch=1"
    )
    assert [label for label in labels if not re.fullmatch(pattern, label)] == []
    done = run("ser-stats", "a.npy")
    counts = re.search(r"augmented copies \(2\): noise\+reverb (\d+), stretch (\d+)", done.out)
    assert counts is not None, done.out
    assert int(counts[1]) + int(counts[2]) == 192


def test_balanced_copies(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    few = [path for path in sorted(ravdess_like.rglob("*.wav")) if "-05-" not in path.name]
    angry = sorted(set(ravdess_like.rglob("*.wav")) - set(few))[:3]
    done = run("ser-extract", *few, *angry, "--augment", "gain", "--balance", "-o", "t.npy")
    assert done.returncode == 0, done.err
    table = read_table(tmp_path / "t.npy")
    assert set(np.unique(table["y"], return_counts=True)[1].tolist()) == {16}
    assert (table["augment"][table["y"] == "angry"] == "").sum() == 3


def test_noise_of_a_folder(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    (tmp_path / "noises").mkdir()
    (tmp_path / "noises" / "street 1.wav").write_bytes(sound(speech(RATE, 2.0), RATE))
    options = ("--augment", "noise:0..5", "--noise-from", "noises")
    done = run("ser-extract", ravdess_like / "Actor_01", *options, "-o", "t.npy")
    assert done.returncode == 0, done.err
    labels = read_table(tmp_path / "t.npy")["augment"][1::2].tolist()
    assert all(re.fullmatch(r"noise=\d(\.\d)?dB:street_1", label) for label in labels)


def test_sounds_to_listen_to(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    options = ("--clean", "trim:30,loudness", "--augment", "pitch", "--write-audio", "heard")
    done = run("ser-extract", ravdess_like / "Actor_01", *options, "-o", "t.npy")
    assert done.returncode == 0, done.err
    names = sorted(path.name for path in (tmp_path / "heard").iterdir())
    assert len(names) == 32
    pattern = r"[a-z]+_03-01-[-\d]+_[0-9a-f]{12}_(0_original|1_pitch=-?[\d.]+st)\.wav"
    assert [name for name in names if not re.fullmatch(pattern, name)] == []


def test_a_full_disk_for_sounds_is_one_line(run: Run, tiny_disk: Path, ravdess_like: Path) -> None:
    done = run("ser-extract", ravdess_like, "--write-audio", tiny_disk / "heard", "-o", "t.npy")
    assert done.returncode == 1
    (line,) = done.err.splitlines()
    assert "cannot be written" in line
    assert "check the folder and free space" in line


def test_changes_that_cleaning_takes_back(run: Run, ravdess_like: Path) -> None:
    options = ("--augment", "gain,shift,noise", "--clean", "loudness", "--trim", 30, "-o", "t.npy")
    done = run("ser-extract", ravdess_like / "Actor_01", *options)
    assert done.returncode == 0
    notes = [line for line in done.err.splitlines() if "note:" in line]
    assert [note.rpartition(": ")[2] for note in notes] == [
        "loudness takes back most of gain",
        "trim takes back most of shift",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_killed_run_with_copies_is_resumed(run: Run, tmp_path: Path, many: Path) -> None:
    options = (many, "--pool", "stats", "--augment", "noise,stretch,pitch", "--copies", 3)
    whole = run("ser-extract", *options, "-o", "whole.npy", "-j", 2)
    assert whole.returncode == 0, whole.err
    size = (tmp_path / "whole.npy").stat().st_size
    process = start(*options, "-o", "t.npy", "-j", 2, cwd=tmp_path)
    wait_for(tmp_path / "t.npy.part", size // 4, process)
    process.kill()
    process.communicate()
    done = run("ser-extract", *options, "-o", "t.npy", "-j", 2, "--resume")
    assert done.returncode == 0, done.err
    assert re.search(r"1024 records, 768 of them augmented copies, \d+ of them from the", done.err)
    assert (tmp_path / "t.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux alone")
def test_unusual_names(run: Run, tmp_path: Path) -> None:
    names = [
        b"line\nbreak.wav",
        "ümlaut 音.wav".encode(),
        b"a space.wav",
        b"caf\xe9.wav",
        b"-x.wav",
    ]
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in names:
        (folder / os.fsdecode(name)).write_bytes(sound(speech(RATE, 1.0), RATE))
    (folder / os.fsdecode(b"b\xe4d\n.wav")).write_bytes(b"")
    for options, stdin in (
        (["clips"], None),
        (["--files0-from", "-"], b"\0".join(b"clips/" + n for n in [*names, b"b\xe4d\n.wav"])),
    ):
        done = run("ser-extract", *options, "-o", "t.npy", stdin=stdin)
        assert done.returncode == 1
        said = [line for line in done.stderr.splitlines() if b" note: " not in line]
        assert len(said) == 3
        found = {os.fsencode(path) for path in read_table(tmp_path / "t.npy")["path"].tolist()}
        assert found == {b"clips/" + name for name in names}


def test_strangers_among_a_corpus(run: Run, tmp_path: Path, ravdess_like: Path) -> None:
    folder = tmp_path / "ravdess"
    shutil.copytree(ravdess_like, folder)
    for number in range(7):
        (folder / f"stranger-{number}.wav").write_bytes(sound(speech(RATE, 1.0), RATE))
    (folder / "notes.txt").write_text("not audio")
    done = run("ser-extract", "ravdess", "--corpus", "ravdess", "-o", "t.npy")
    assert done.returncode == 0, done.err
    lines = done.err.splitlines()
    for number in range(5):
        assert (
            f"ser-extract: warning: ravdess/stranger-{number}.wav: "
            "is not named like a file of the corpus; skipped"
        ) in lines
    assert "ser-extract: warning: … and 2 more" in lines
    assert "7 files skipped for their names" in lines
    assert lines[-1] == "t.npy: 64 records"


def test_channels_of_ravdess(run: Run, tmp_path: Path) -> None:
    write_corpus("ravdess", tmp_path / "r", speakers=1)
    write_corpus("ravdess-song", tmp_path / "r", speakers=1)
    for channel, count in (("speech", 8), ("song", 6), ("both", 14)):
        done = run("ser-extract", "r", "--vocal-channel", channel, "-o", "t.npy")
        assert done.returncode == 0, done.err
        assert len(read_table(tmp_path / "t.npy")) == count
        if count < 14:
            assert f"{14 - count} clips of the other channel left out" in done.err


def test_former_words_for_the_channels_of_ravdess(run: Run, tmp_path: Path) -> None:
    write_corpus("ravdess", tmp_path / "r", speakers=1)
    write_corpus("ravdess-song", tmp_path / "r", speakers=1)
    done = run("ser-extract", "r", "--channel", "song", "-o", "t.npy")
    assert done.returncode == 0, done.err
    assert "note: --channel of RAVDESS is now called --vocal-channel" in done.err
    assert len(read_table(tmp_path / "t.npy")) == 6


def test_one_channel_and_digital_silence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "angry").mkdir()
    voice = speech(RATE, 1.0)
    both = np.stack([voice, np.zeros_like(voice)], axis=1)
    (tmp_path / "angry" / "x.wav").write_bytes(sound(both, RATE, subtype="FLOAT"))
    tables = []
    for channel in ("1", "2"):
        done = run("ser-extract", "angry", "--channel", channel, "-o", "t.npy")
        assert done.returncode == 0, done.err
        assert ("angry/x.wav: holds nothing but zeros" in done.err) == (channel == "2")
        tables.append(read_table(tmp_path / "t.npy")["x"].copy())
    assert not np.array_equal(*tables)
    done = run("ser-extract", "angry", "--channel", "3", "-o", "t.npy")
    assert done.returncode == 1
    assert "has no channel 3: it has 2" in done.err


def test_a_folder_without_labels(run: Run, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.wav").write_bytes(sound(speech(RATE, 1.0), RATE))
    done = run("ser-extract", ".", "-o", "t.npy")
    assert done.returncode == 0
    assert done.err == (
        "ser-extract: note: 2 recordings get no emotion: no corpus has such names; a manifest can "
        "say them\nt.npy: 2 records\n"
    )
    table = read_table(tmp_path / "t.npy")
    assert table["y"].tolist() == ["", ""]
    assert table["corpus"].tolist() == ["", ""]


def test_a_manifest(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(sound(speech(RATE, 3.0), RATE))
    with (tmp_path / "clips.csv").open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["path", "emotion", "speaker", "start", "duration"])
        rows.writerows([["a.wav", "joy", "Ann", 0.5, 1], ["a.wav", "fear", "Ann", 2, 0.5]])
    done = run("ser-extract", "clips.csv", "-o", "t.npy")
    assert done.returncode == 0, done.err
    table = read_table(tmp_path / "t.npy")
    assert table["y"].tolist() == ["happy", "fearful"]
    assert table["speaker"].tolist() == ["Ann", "Ann"]
    assert table["start"].tolist() == [0.5, 2.0]
    assert table["duration"].tolist() == pytest.approx([1.0, 0.5])


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
def test_memory_does_not_grow_with_the_clips(tmp_path: Path) -> None:
    """Four hundred clips with 2.5 MB of features each take what forty take."""
    (tmp_path / "a.wav").write_bytes(sound(speech(RATE, 20.0), RATE))
    code = (
        "import re, sys\n"
        "from ser.cli.extract.command import main\n"
        "if __name__ == '__main__':\n"
        "    code = main(sys.argv[1:], standalone_mode=False)\n"
        "    print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])\n"
        "    sys.exit(code)\n"
    )
    (tmp_path / "measure.py").write_text(code)
    peaks = []
    for count in (40, 400):
        rows = [f"a.wav,{n / 1000:g},15" for n in range(count)]
        (tmp_path / "clips.csv").write_text("\n".join(["path,start,duration", *rows]))
        done = subprocess.run(
            [
                sys.executable,
                "measure.py",
                "clips.csv",
                "-o",
                "t.npy",
                "-j",
                "2",
                "-q",
                "--hop-length",
                "80",
                "--n-mels",
                "40",
                "--deltas",
                "2",
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=True,
        )
        peaks.append(int(done.stdout))
        size = (tmp_path / "t.npy").stat().st_size
    assert size > 400e6
    # Kilobytes. The smaller run may not have had everything in flight that the larger had.
    assert peaks[1] - peaks[0] < 100_000


def test_help_is_light(run: Run, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from ser.cli.extract.command import main\n"
            "code = main(['--help'], standalone_mode=False)\n"
            "heavy = {'scipy', 'librosa', 'numba', 'sklearn', 'tensorflow', 'keras', 'matplotlib',"
            " 'av', 'soundfile', 'soxr', 'tqdm'}\n"
            "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    assert b"--preset" in done.stdout
    assert done.stderr.decode().strip() == "[]"


@pytest.mark.corpora
def test_ravdess_as_it_is(run: Run, tmp_path: Path, corpora: Path) -> None:
    """The classic features of a real speaker are what the plain loop of notebooks computes."""
    import librosa

    done = run(
        "ser-extract",
        corpora / "ravdess" / "Actor_05",
        "--preset",
        "librosa",
        "--pool",
        "mean",
        "-o",
        "t.npy",
    )
    assert done.returncode == 0, done.err
    table = read_table(tmp_path / "t.npy")
    assert len(table) == 60
    parts = columns(spec_of(table))
    for record in table[::12]:
        y, rate = librosa.load(record["path"])
        values = {
            "mel": librosa.feature.melspectrogram(y=y, sr=rate).mean(axis=1),
            "mfcc": librosa.feature.mfcc(y=y, sr=rate, n_mfcc=40).mean(axis=1),
            "chroma": librosa.feature.chroma_stft(y=y, sr=rate).mean(axis=1),
        }
        for name, expected in values.items():
            found = record["x"][0, parts[name]]
            limit = 0.01 if name == "mfcc" else 1e-4 * expected.max()
            assert np.abs(found - expected).max() <= limit, name
