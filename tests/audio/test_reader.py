"""Decoding: everything sound is read, everything else is one message, and all ways agree."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from conftest import ROOT, RunPython
from recordings import BAD, RATE, SECONDS, UNUSUAL, encode, sound, speech

from ser.audio import ffmpeg, reader
from ser.errors import AudioError

Samples = npt.NDArray[np.float32]


def similar(found: Samples, expected: Samples) -> float:
    """Correlation of what both have."""
    length = min(len(found), len(expected))
    return float(np.corrcoef(found[:length], expected[:length])[0, 1])


def streamed(source: str | Path, rate: int, seconds: float = 0.7) -> Samples:
    return np.concatenate(list(reader.stream(source, rate, block_seconds=seconds)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All unusual and all bad files."""
    place = tmp_path_factory.mktemp("recordings")
    for name, make in UNUSUAL.items():
        (place / name).write_bytes(make())
    for name, (make, _) in BAD.items():
        (place / name).write_bytes(make())
    (place / "other.wav").write_bytes(sound(speech(), RATE))
    return place


ENCODINGS = {
    "mono.m4a": ("aac", 44_100, "mono", 0.0),
    "stereo.m4a": ("aac", 48_000, "stereo", 0.0),
    "7.1.m4a": ("aac", 48_000, "7.1", 0.0),
    "lossless.m4a": ("alac", 44_100, "mono", 0.0),
    "opus.webm": ("libopus", 48_000, "mono", 0.0),
    "film.mp4": ("aac", 48_000, "mono", 5.0),
    "film.webm": ("libopus", 48_000, "stereo", 5.0),
    "flac.mka": ("flac", 44_100, "mono", 0.0),
    "lame.mp3": ("libmp3lame", 44_100, "stereo", 0.0),
    "opus.opus": ("libopus", 48_000, "mono", 0.0),
    "adts.aac": ("aac", 48_000, "mono", 0.0),
}


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds that never repeat, in every container that FFmpeg reads."""
    place = tmp_path_factory.mktemp("encoded")
    for name, (codec, rate, layout, picture) in ENCODINGS.items():
        channels = {"mono": 1, "stereo": 2, "7.1": 8}[layout]
        encode(
            place / name,
            codec,
            np.repeat(sweep(rate)[None], channels, 0),
            rate,
            layout=layout,
            picture=picture,
        )
    return place


def sweep(rate: int, seconds: float = 12.0) -> Samples:
    time = np.arange(round(rate * seconds)) / rate
    level = 0.3 + 0.1 * np.sin(2 * np.pi * 1.3 * time)
    return (level * np.sin(2 * np.pi * (150 * time + 40 * time**2))).astype(np.float32)


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


def test_8_bit_and_float_are_scaled_alike(folder: Path) -> None:
    for name, step in (("8-bit.wav", 2**-6), ("24-bit.wav", 2**-22), ("double.wav", 1e-7)):
        np.testing.assert_allclose(reader.read(folder / name, RATE), speech(), atol=step)


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


@pytest.mark.parametrize("name", ENCODINGS)
def test_encodings_are_read(name: str, encoded: Path) -> None:
    _, rate, _, _ = ENCODINGS[name]
    found = reader.read(encoded / name, rate)
    # An encoder's run-up is dropped where the container says how long it is, and raw AAC does not.
    shift = 1024 if name == "adts.aac" else 0
    assert len(found) == pytest.approx(12 * rate, abs=2500)
    assert similar(found[shift:], sweep(rate)) > 0.98
    np.testing.assert_array_equal(streamed(encoded / name, rate), found)
    # The picture is longer or shorter than the sound and does not count.
    assert reader.length(encoded / name) == pytest.approx(len(found) / rate, abs=0.05)


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize("offset", [0.3, 1.7, 7.0, 11.5])
def test_offsets_are_exact(name: str, offset: float, encoded: Path) -> None:
    """A part is the same part of the whole, although FFmpeg jumps close to it and decodes there."""
    whole = reader.read(encoded / name, RATE)
    part = reader.read(encoded / name, RATE, offset=offset, duration=0.5)
    start = round(offset * RATE)
    assert len(part) == min(8000, len(whole) - start)
    slack = 1
    inner = slice(500, len(part) - 500)
    errors = [
        np.abs(part[inner] - whole[start + lag :][: len(part)][inner]).max()
        for lag in range(-slack, slack + 1)
        if len(whole[start + lag :]) >= len(part)
    ]
    # AAC fills bands with noise, which is another one when it starts elsewhere.
    assert min(errors) < (0.05 if "aac" in ENCODINGS[name] else 1e-3)


@pytest.mark.parametrize("name", [*UNUSUAL, "other.wav"])
def test_offsets_of_libsndfile_are_exact(name: str, folder: Path) -> None:
    whole = reader.read(folder / name, RATE)
    part = reader.read(folder / name, RATE, offset=1.25, duration=0.75)
    assert len(part) == 12_000
    inner = slice(500, -500)
    np.testing.assert_allclose(part[inner], whole[20_000:32_000][inner], atol=2e-3)
    to_the_end = reader.read(folder / name, RATE, offset=1.25)
    assert len(to_the_end) == len(whole) - 20_000
    np.testing.assert_allclose(to_the_end[inner], whole[20_000:][inner], atol=2e-3)
    longer = reader.read(folder / name, RATE, duration=99.0)
    np.testing.assert_array_equal(longer, whole)


@pytest.mark.parametrize("name", ["stereo.m4a", "film.mp4", "film.webm", "lame.mp3", "flac.mka"])
def test_offsets_do_not_decode_all_that_lies_before(name: str, encoded: Path) -> None:
    decoded = 0
    original = ffmpeg._floats

    def counting(*args: Any) -> Any:
        nonlocal decoded
        for samples in original(*args):
            decoded += len(samples)
            yield samples

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ffmpeg, "_floats", counting)
        list(reader.stream(encoded / name, RATE))
        whole, decoded = decoded, 0
        reader.read(encoded / name, RATE, offset=10.0, duration=0.5)
    assert 0 < decoded < 0.6 * whole


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
    for name in ("cut.flac", "scratched.flac", "scratched.mp3"):
        samples = 0
        with pytest.raises(AudioError, match=r"is damaged after 1\."):
            for block in reader.stream(folder / name, RATE, block_seconds=0.1):
                samples += len(block)
        assert 0.9 * RATE < samples < 2 * RATE
        assert len(reader.read(folder / name, RATE, duration=0.5)) == 8000


def test_a_film_that_was_cut_off(tmp_path: Path) -> None:
    """FFmpeg takes WebM for complete wherever it ends; its header knows better."""
    whole = encode(tmp_path / "whole.webm", "libopus", np.tile(speech(), 4), 48_000)
    seconds = reader.length(whole)
    cut = tmp_path / "cut.webm"
    cut.write_bytes(whole.read_bytes()[: round(0.6 * whole.stat().st_size)])
    samples = 0
    with pytest.raises(AudioError, match=rf"is damaged after .* \(its header says {seconds:.1f} s"):
        for block in reader.stream(cut, RATE, block_seconds=0.5):
            samples += len(block)
    assert 0.4 * seconds < samples / RATE < 0.8 * seconds
    # What is asked for is there.
    assert len(reader.read(cut, RATE, duration=1.0)) == RATE
    # Beside a picture, sound may end when it likes.
    beside = encode(tmp_path / "film.webm", "libopus", speech(), 48_000, picture=9.0)
    assert reader.length(beside) < 9
    assert len(reader.read(beside, RATE)) == pytest.approx(reader.length(beside) * RATE, abs=400)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    for way in (reader.length, lambda p: reader.read(p, RATE), lambda p: streamed(p, RATE)):
        with pytest.raises(AudioError, match=r"none\.wav: does not exist; check the path"):
            way(tmp_path / "none.wav")
        with pytest.raises(AudioError, match="is a directory"):
            way(tmp_path)
        with pytest.raises(AudioError, match="cannot be read"):
            way(tmp_path / ("x" * 300))


def test_a_film_without_sound(tmp_path: Path) -> None:
    path = encode(tmp_path / "silent.mp4", None, speech(), RATE, picture=1.0)
    for way in (reader.length, lambda p: reader.read(p, RATE), lambda p: streamed(p, RATE)):
        with pytest.raises(AudioError, match="has no audio stream; give a file with sound"):
            way(path)


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


def test_tags_that_are_not_utf_8(tmp_path: Path) -> None:
    path = encode(tmp_path / "tagged.m4a", "aac", speech(), RATE)
    data = path.read_bytes()
    assert b"Lavf" in data
    path.write_bytes(data.replace(b"Lavf", b"\xff\xfe\xe9\xe8"))
    assert len(reader.read(path, RATE)) == pytest.approx(48_000, abs=1024)


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
    "from ser import audio\n"
    "from ser.errors import SerError\n"
    "count = 0\n"
    "try:\n"
    "    for block in audio.stream('-', 16000, block_seconds=0.5): count += len(block)\n"
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
        "from ser import audio\n"
        "for block in audio.stream('-', 8000, block_seconds=0.1): print(len(block), flush=True)\n"
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
            "from ser import audio\n"
            "for block in audio.stream(sys.argv[1], 16000): pass\n"
            "print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])",
            path,
        )
        peaks.append(int(done.out))
    # Kilobytes; the long recording has 38 megabytes of samples.
    assert peaks[1] - peaks[0] < 8_000


@pytest.mark.parametrize(("suffix", "kind"), [(".wav", "WAV"), (".FLAC", "FLAC")])
def test_what_is_written_can_be_read(suffix: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "deeper" / f"x{suffix}"
    reader.write(path, speech(), RATE)
    assert soundfile.info(path).format == kind
    np.testing.assert_allclose(reader.read(path, RATE), speech(), atol=2**-15)


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"name it \.wav or \.flac"):
        reader.write(tmp_path / "x.mp3", speech(), RATE)
    (tmp_path / "file").touch()
    with pytest.raises(AudioError, match="cannot be written"):
        reader.write(tmp_path / "file" / "x.wav", speech(), RATE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_importing_decodes_nothing_yet(run_python: RunPython) -> None:
    run_python(
        "import sys; import ser.audio.reader\n"
        "heavy = {'soundfile', 'soxr', 'av', 'scipy', 'librosa'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )


def test_errors_are_quick(folder: Path) -> None:
    """FFmpeg's probing of junk must not take seconds."""
    begun = time.monotonic()
    with pytest.raises(AudioError):
        reader.read(folder / "noise.wav", RATE)
    assert time.monotonic() - begun < 2
