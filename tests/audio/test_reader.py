"""Decoding: everything sound is read, everything else is one message, and all ways agree."""

from __future__ import annotations

import io
import math
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from conftest import ROOT, RunPython
from decoding import similar, streamed
from recordings import BAD, RATE, SCRATCHED, SECONDS, UNUSUAL, encode, sound, speech

from ser.arrays import Samples
from ser.audio import ffmpeg, reader
from ser.audio.causes import IncompleteError
from ser.audio.writer import write_sound
from ser.errors import AudioError


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_recordings_are_read(name: str, folder: Path) -> None:
    low = name in ("gsm.wav", "8kHz.wav")
    expected = reader.resample(speech(8000), 8000, RATE) if low else speech()
    found = reader.read(folder / name, RATE)
    assert found.dtype == np.float32
    assert found.ndim == 1
    # Codecs with blocks of their own round up.
    assert SECONDS * RATE <= len(found) <= SECONDS * RATE + 1600
    if name != "192kHz.wav":
        assert similar(found, expected) > (0.5 if name == "gsm.wav" else 0.9)
    assert reader.length(folder / name) == pytest.approx(len(found) / RATE, abs=1e-3)


@pytest.mark.parametrize("name", [*UNUSUAL, "other.wav"])
@pytest.mark.parametrize("rate", [RATE, 11_025])
def test_streams_are_what_is_read(name: str, rate: int, folder: Path) -> None:
    whole = reader.read(folder / name, rate)
    for seconds in (0.1, 0.7, 10.0):
        np.testing.assert_allclose(streamed(folder / name, rate, seconds), whole, atol=1e-6)


def test_channels_are_averaged(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    for channels in (2, 3, 8, 24):
        samples = random.uniform(-0.5, 0.5, (4000, channels)).astype(np.float32)
        path = tmp_path / f"{channels}.wav"
        path.write_bytes(sound(samples, RATE, subtype="FLOAT"))
        np.testing.assert_allclose(reader.read(path, RATE), samples.mean(axis=1), atol=1e-6)
        with path.open("rb") as stream:
            decoded = np.concatenate([block for block, _ in ffmpeg.blocks(stream, 0.1)])
        np.testing.assert_allclose(decoded, samples, atol=1e-6)


@pytest.mark.parametrize("piped", [False, True])
@pytest.mark.parametrize("name", ["two.wav", "two.flac", "two.m4a"])
def test_recordings_as_they_are(
    name: str, piped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    samples = random.uniform(-0.5, 0.5, (30_000, 2)).astype(np.float32)
    path = tmp_path / name
    if path.suffix == ".m4a":
        encode(path, "alac", samples.T, 44_100, layout="stereo")
    else:
        soundfile.write(path, samples, 44_100)
    if piped:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(path.open("rb")))
    blocks = list(reader.channels("-" if piped else path, block_seconds=0.2))
    assert len(blocks) > 2
    assert {(block.shape[1], rate) for block, rate in blocks} == {(2, 44_100)}
    whole = np.concatenate([block for block, _ in blocks])
    np.testing.assert_allclose(whole[: len(samples)], samples, atol=2**-14)


def test_nothing_to_decode(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 2)), 16_000)
    with pytest.raises(AudioError, match="holds no samples"):
        list(reader.channels(tmp_path / "none.wav"))


@pytest.mark.parametrize("samples", [0, 1, 2, 100])
def test_silence_and_almost_nothing(samples: int, tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    path.write_bytes(sound(np.zeros(samples, np.float32), 44_100))
    if samples:
        assert len(reader.read(path, RATE)) == math.ceil(samples * RATE / 44_100)
        np.testing.assert_array_equal(streamed(path, RATE), reader.read(path, RATE))
    else:
        with pytest.raises(AudioError, match="holds no samples"):
            reader.read(path, RATE)


@pytest.mark.parametrize("name", ["other.wav", "vorbis.ogg", "mp3.mp3", "flac's pipe.flac"])
@pytest.mark.parametrize("offset", [SECONDS, 100.0])
def test_behind_the_end_is_nothing(name: str, offset: float, folder: Path) -> None:
    with pytest.raises(AudioError, match=f"holds no samples after {offset:g} s"):
        reader.read(folder / name, RATE, offset=offset, duration=1.0)


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_message(
    name: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = folder / name
    for way in (
        lambda: reader.read(path, RATE),
        lambda: streamed(path, RATE),
        lambda: reader.read(path, 8000),
        lambda: streamed(path, 8000),
    ):
        with pytest.raises(AudioError) as caught:
            way()
        assert caught.value.subject == str(path)
        assert BAD[name][1] in caught.value.cause
        assert caught.value.cure
        assert "\n" not in str(caught.value)
    # The libraries keep their own comments to themselves.
    assert capfd.readouterr() == ("", "")


def test_what_lies_before_a_defect_is_streamed(folder: Path) -> None:
    samples = 0
    with pytest.raises(IncompleteError, match=r"is incomplete: 1\.\d of 3\.0 s are there"):
        for block in reader.stream(folder / "cut.flac", RATE, block_seconds=0.1):
            samples += len(block)
    assert 0.9 * RATE < samples < 2 * RATE
    assert len(reader.read(folder / "cut.flac", RATE, duration=0.5)) == 8000


@pytest.mark.parametrize("name", SCRATCHED)
def test_damage_is_silence_of_its_length(name: str, folder: Path) -> None:
    remarks: list[str] = []
    found = reader.read(folder / name, RATE, remark=remarks.append)
    assert len(found) == pytest.approx(SECONDS * RATE, abs=0.1 * RATE)
    # What follows the damage stands where it was, give or take a frame of MP3.
    whole = reader.resample(speech(), RATE, RATE)
    late = slice(round(2.2 * RATE), round(2.8 * RATE))
    lags = range(-1700, 1701, 1) if name.endswith("mp3") else range(1)
    best = max(
        float(np.corrcoef(found[late.start + lag : late.stop + lag], whole[late])[0, 1])
        for lag in lags
    )
    assert best > 0.9
    assert len(remarks) == 1
    assert re.search(r"(broken, .*at|no sound from) 1\.\d .*silence", remarks[0])


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for way in (reader.length, lambda p: reader.read(p, RATE), lambda p: streamed(p, RATE)):
        with pytest.raises(AudioError, match=r"none\.wav: does not exist; check the path"):
            way(tmp_path / "none.wav")
        with pytest.raises(AudioError, match="is a directory"):
            way(tmp_path)
        with pytest.raises(AudioError, match="cannot be read"):
            way(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    "name", ["with space.wav", "new\nline.wav", "ümläut 音.wav", "http:x.wav", "-.wav", "%d.wav"]
)
@pytest.mark.parametrize("suffix", [".wav", ".m4a"])
def test_unusual_names(
    name: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name).with_suffix(suffix)
    if suffix == ".wav":
        path.write_bytes(sound(speech(), RATE))
    else:
        encode(tmp_path / "x.m4a", "aac", speech(), RATE).rename(path)
    assert len(reader.read(path, RATE)) == pytest.approx(48_000, abs=1024)
    assert reader.length(path) == pytest.approx(3.0, abs=0.1)
    assert len(streamed(path, RATE)) == pytest.approx(48_000, abs=1024)


@pytest.mark.skipif(sys.platform != "linux", reason="file names are bytes on Linux alone")
def test_names_that_are_not_utf_8(tmp_path: Path) -> None:
    for suffix, data in (
        (".wav", sound(speech(), RATE)),
        (".m4a", encode(tmp_path / "x.m4a", "aac", speech(), RATE).read_bytes()),
    ):
        path = tmp_path / os.fsdecode(b"caf\xe9" + suffix.encode())
        path.write_bytes(data)
        assert len(reader.read(path, RATE)) == pytest.approx(48_000, abs=1024)
        assert len(reader.read(path, RATE, offset=1.5, duration=0.5)) == 8000
        assert reader.length(path) == pytest.approx(3.0, abs=0.1)
        assert len(streamed(path, RATE)) == pytest.approx(48_000, abs=1024)


@pytest.mark.parametrize("rate", [8000, 11_025, 16_000, 22_050, 44_100, 48_000])
@pytest.mark.parametrize("target", [16_000, 22_050])
def test_resampling_is_librosas(rate: int, target: int) -> None:
    import librosa

    samples = speech(rate, 1.0)[: rate - 7]
    expected = librosa.resample(samples, orig_sr=rate, target_sr=target)
    np.testing.assert_array_equal(reader.resample(samples, rate, target), expected)


@pytest.mark.corpora
def test_reading_is_librosas_on_real_clips(corpora: Path) -> None:
    import librosa

    clips = [
        *sorted((corpora / "ravdess" / "Actor_09").iterdir())[:3],
        *sorted((corpora / "ravdess_48k_sample").rglob("*.flac"))[:2],
        *sorted((corpora / "tess").rglob("*.ogg"))[:2],
    ]
    assert len(clips) == 7
    for clip in clips:
        for rate in (16_000, 22_050):
            expected, _ = librosa.load(clip, sr=rate)
            np.testing.assert_array_equal(reader.read(clip, rate), expected)
            assert reader.length(clip) == pytest.approx(len(expected) / rate, abs=1e-3)


LISTEN = (
    "import sys\n"
    "from ser.audio import reader\n"
    "from ser.errors import SerError\n"
    "count = 0\n"
    "try:\n"
    "    for block in reader.stream('-', 16000, block_seconds=0.5): count += len(block)\n"
    "    print(count)\n"
    "except SerError as error: print(count, error)\n"
)


def listen(data: bytes) -> str:
    done = subprocess.run(
        [sys.executable, "-c", LISTEN],
        input=data,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode().strip()


@pytest.mark.parametrize(
    "name",
    [
        "ffmpeg's pipe.wav",
        "sox's pipe.wav",
        "recorder killed.wav",
        "flac's pipe.flac",
        "8-channels.wav",
        "24-bit.wav",
        "aiff.wav",
        "opus.ogg",
    ],
)
def test_pipes_are_read(name: str, folder: Path) -> None:
    assert int(listen((folder / name).read_bytes())) == pytest.approx(48_000, abs=400)


@pytest.mark.parametrize("name", ["empty.wav", "text.wav", "header.wav", "nan.wav", "cut.flac"])
def test_bad_pipes_are_one_message(name: str, folder: Path) -> None:
    found = listen((folder / name).read_bytes())
    said = "cannot be decoded" if name == "empty.wav" else BAD[name][1]
    assert " -: " in found
    assert said in found
    assert "\n" not in found


def test_a_regular_file_on_standard_input_may_be_searched(tmp_path: Path) -> None:
    """Unlike a pipe: M4A has its index at the end."""
    path = encode(tmp_path / "x.m4a", "aac", speech(), RATE)
    with path.open("rb") as stream:
        done = subprocess.run(
            [sys.executable, "-c", LISTEN],
            stdin=stream,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=60,
            check=True,
        )
    assert int(done.stdout) == pytest.approx(48_000, abs=1024)


def test_a_live_pipe_is_heard_at_once() -> None:
    """Blocks come while the pipe is still open: reading does not wait for a full buffer."""
    code = (
        "import sys\n"
        "from ser.audio import reader\n"
        "for block in reader.stream('-', 8000, block_seconds=0.1): print(len(block), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # One and a half seconds in 24 kB, and then nothing for a while.
        process.stdin.write(sound(np.zeros(12_000, np.float32), 8000))
        process.stdin.flush()
        first = process.stdout.readline()
        assert int(first) >= 800
        process.stdin.close()
        process.stdout.read()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_named_pipes_are_read_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)

    def read_while_written() -> Samples:
        writer = threading.Thread(target=pipe.write_bytes, args=(sound(speech(), RATE),))
        writer.start()
        samples = reader.read(pipe, RATE)
        writer.join()
        return samples

    assert len(read_while_written()) == 48_000
    with pytest.raises(AudioError, match=r"pipe\.wav: is a pipe, which has no known length"):
        reader.length(pipe)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of memory from /proc")
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3", ".m4a", ".webm"])
def test_streams_take_constant_memory(suffix: str, tmp_path: Path, run_python: RunPython) -> None:
    """Twenty times as long takes no more memory."""
    peaks = []
    for minutes in (0.5, 10):
        path = tmp_path / f"{minutes}{suffix}"
        rng = np.random.default_rng(0)
        second = (0.1 * rng.normal(size=8000)).astype(np.float32)
        samples = np.tile(second, round(60 * minutes))
        if suffix in (".m4a", ".webm"):
            codec = "aac" if suffix == ".m4a" else "libopus"
            encode(path, codec, samples, 8000)
        else:
            with soundfile.SoundFile(path, "w", 8000, 1) as file:
                # libsndfile crashes where it is given minutes of Vorbis at once.
                for start in range(0, len(samples), 8000):
                    file.write(samples[start : start + 8000])
        done = run_python(
            # Not ru_maxrss, which begins with what the process had that started this one.
            "import re, sys\n"
            "from ser.audio import reader\n"
            "for block in reader.stream(sys.argv[1], 16000): pass\n"
            "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])",
            path,
        )
        peaks.append(int(done.out))
    # Kilobytes; the long recording has 38 megabytes of samples.
    assert peaks[1] - peaks[0] < 8_000


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"name it \.wav or \.flac"):
        write_sound(tmp_path / "x.mp3", speech(), RATE)
    (tmp_path / "file").touch()
    with pytest.raises(AudioError, match="cannot be written"):
        write_sound(tmp_path / "file" / "x.wav", speech(), RATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_importing_decodes_nothing_yet(run_python: RunPython) -> None:
    run_python(
        "import sys; import ser.audio.reader\n"
        "heavy = {'soundfile', 'soxr', 'av', 'scipy', 'librosa'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )


class CountingFile(io.BytesIO):
    """Counts the bytes that are read."""

    count = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def test_errors_are_quick() -> None:
    """A decoder's probing of junk must end soon."""
    junk = CountingFile(np.random.default_rng(0).bytes(40_000_000))
    with pytest.raises(AudioError, match="cannot be decoded"):
        reader.read(junk, RATE)
    assert junk.count < 8_000_000


class Pipe(io.RawIOBase):
    """What can be read once, in small pieces, and has no name."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(memoryview(buffer)[:1000])


@pytest.mark.parametrize("name", ["other.wav", "vorbis.ogg", "mp3.mp3", "8-channels.wav"])
def test_file_objects_that_are_read_once(name: str, folder: Path) -> None:
    data = (folder / name).read_bytes()
    expected = reader.read(folder / name, RATE)
    found = streamed(Pipe(data), RATE)
    assert len(found) == pytest.approx(len(expected), abs=1700)
    assert similar(found, expected) > 0.99
    with pytest.raises(AudioError, match="file object: is a pipe, which has no known length"):
        reader.length(Pipe(data))


@pytest.mark.parametrize("name", ["other.wav", "vorbis.ogg", "mp3.mp3", "8-channels.wav", "x.m4a"])
@pytest.mark.parametrize("kind", ["open", "memory"])
def test_file_objects(name: str, kind: str, folder: Path, encoded: Path) -> None:
    path = encoded / "stereo.m4a" if name == "x.m4a" else folder / name
    expected = reader.read(path, RATE)
    file = path.open("rb") if kind == "open" else io.BytesIO(path.read_bytes())
    with file:
        # From the beginning, wherever the file stands; and again, for it stays open.
        file.seek(17)
        np.testing.assert_allclose(streamed(file, RATE), expected, atol=1e-6)
        np.testing.assert_array_equal(reader.read(file, RATE), expected)
        part = reader.read(file, RATE, offset=1.25, duration=0.5)
        np.testing.assert_array_equal(part, reader.read(path, RATE, offset=1.25, duration=0.5))
        assert reader.length(file) == reader.length(path)
        blocks = np.concatenate([block for block, _ in reader.channels(file)])
        others = np.concatenate([block for block, _ in reader.channels(path)])
        np.testing.assert_array_equal(blocks, others)
        assert not file.closed


@pytest.mark.parametrize("name", BAD)
def test_bad_file_objects_are_one_message(
    name: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data = (folder / name).read_bytes()
    with (folder / name).open("rb") as file:
        for source, said in ((file, str(folder / name)), (io.BytesIO(data), "file object")):
            with pytest.raises(AudioError) as caught:
                streamed(source, RATE)
            assert caught.value.subject == said
            assert BAD[name][1] in caught.value.cause
    assert capfd.readouterr() == ("", "")


def test_what_is_no_source(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(sound(speech(), RATE))
    with (
        (tmp_path / "x.wav").open(encoding="latin-1") as file,
        pytest.raises(AudioError, match=r"x\.wav: is open as text; open it in binary mode"),
    ):
        reader.read(file, RATE)  # type: ignore[arg-type]
    for source in (speech(), None, 3):
        with pytest.raises(AudioError, match=r"is no source of sound .*\(samples, sample_rate\)"):
            reader.read(source, RATE)  # type: ignore[arg-type]


def test_urls(tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.pipe_file("/calls/a.wav", sound(speech(), RATE))
    memory.pipe_file("/calls/b.wav", b"text")
    try:
        for url in ("memory://calls/a.wav", Path("memory://calls/a.wav")):
            assert len(reader.read(url, RATE)) == len(streamed(url, RATE)) == 48_000
            assert reader.length(url) == 3.0
        for way in (reader.length, lambda url: streamed(url, RATE)):
            with pytest.raises(AudioError, match=r"memory://calls/b\.wav: cannot be decoded"):
                way("memory://calls/b.wav")
    finally:
        memory.rm("/calls", recursive=True)


def test_names_of_sources(tmp_path: Path) -> None:
    (tmp_path / "x.wav").touch()
    with (tmp_path / "x.wav").open("rb") as file, os.fdopen(os.dup(file.fileno()), "rb") as other:
        assert reader.source_name(file) == str(tmp_path / "x.wav")
        assert reader.source_name(other) == "file object"
    assert reader.source_name("-") == "-"
    assert reader.source_name(Path("s3://a/b.wav")) == "s3://a/b.wav"
    assert reader.source_name((np.zeros(1), 8000)) == "samples"
