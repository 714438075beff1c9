"""From clips to a table: what is planned, what is computed, what is resumed."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recordings import BAD, RATE, UNUSUAL, encode, sound, speech

from ser.audio import reader
from ser.augment.copies import Copies
from ser.augment.recipe import parse_recipe, transform_names
from ser.augment.stretch import stretch
from ser.corpora.base import Clip
from ser.corpora.registry import find_clips
from ser.dataset.extract import ExtractionReport, extract_table
from ser.dataset.extract import extract as extract_in_memory
from ser.dataset.plan import RecordWindows
from ser.dataset.table import FeatureTable, Table, read_table, spec_of
from ser.errors import AudioError, SerError, TableError
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec

SPEC = FeatureSpec(n_mels=20, hop_length=400)
POOLED = SPEC.with_changes(pool="mean")


def extract(
    clips: Sequence[Clip], target: Path, spec: FeatureSpec = SPEC, **options: Any
) -> tuple[Table, ExtractionReport, list[SerError]]:
    errors: list[SerError] = []
    report = extract_table(clips, spec, target, on_error=errors.append, **options)
    return read_table(target), report, errors


def write(path: Path, seconds: float, rate: int = RATE) -> Path:
    path.write_bytes(sound(speech(rate, max(seconds, 1.0))[: round(seconds * rate)], rate))
    return path


def test_records_say_where_they_come_from(tmp_path: Path, ravdess_like: Path) -> None:
    clips = find_clips([ravdess_like]).clips[:5]
    table, report, errors = extract(clips, tmp_path / "t.npy")
    assert (report.records, report.kept, report.failures, report.cut_short) == (5, 0, 0, 0)
    assert errors == []
    assert spec_of(table) == SPEC
    for record, clip in zip(table, clips, strict=True):
        assert record["path"] == str(clip.path)
        assert record["y"] == clip.emotion
        assert record["speaker"] == clip.speaker
        assert record["corpus"] == "ravdess"
        assert record["text"] == clip.text
        assert record["intensity"] == clip.intensity
        assert record["gender"] == clip.gender
        assert record["augment"] == ""
        assert record["start"] == 0.0
        assert record["duration"] == pytest.approx(1.0)


def test_features_are_those_of_the_extractor(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 1.5)
    table, _, _ = extract([Clip(path)], tmp_path / "t.npy")
    expected = Extractor(SPEC)(reader.read(path, RATE))
    assert table["frames"][0] == len(expected)
    np.testing.assert_allclose(table["x"][0][: len(expected)], expected, atol=1e-3)


def test_short_clips_are_padded_to_the_longest(tmp_path: Path) -> None:
    clips = [Clip(write(tmp_path / f"{n}.wav", n / 10)) for n in (1, 12, 5)]
    table, _, _ = extract(clips, tmp_path / "t.npy")
    assert table["frames"].tolist() == [1 + 1600 * n // 400 for n in (1, 12, 5)]
    assert table["x"].shape[1] == 49
    for record in table:
        assert record["x"][: record["frames"]].any(axis=1).all()
        assert not record["x"][record["frames"] :].any()
    assert table["duration"].tolist() == pytest.approx([0.1, 1.2, 0.5])


@pytest.mark.parametrize("rate", [8000, 11_025, 22_050, 44_100])
def test_rates_that_do_not_divide_fit_the_table(rate: int, tmp_path: Path) -> None:
    """The resampled length rounds up; no frame is lost for that."""
    lengths = [0.25, 0.333, 0.5001, 1.0]
    clips = [Clip(write(tmp_path / f"{n}.wav", s, rate)) for n, s in enumerate(lengths)]
    spec = SPEC.with_changes(hop_length=1, n_mels=2, fmin=0.0, n_fft=16, win_length=16)
    table, report, _ = extract(clips, tmp_path / "t.npy", spec)
    assert report.cut_short == 0
    counts = [len(reader.read(clip.path, RATE)) + 1 for clip in clips]
    assert table["frames"].tolist() == counts


def test_a_duration_decides_the_width(tmp_path: Path) -> None:
    clips = [Clip(write(tmp_path / f"{n}.wav", n / 10)) for n in (5, 20)]
    table, _, _ = extract(clips, tmp_path / "t.npy", SPEC.with_changes(duration=1.0))
    assert table["x"].shape[1] == 41
    assert table["frames"].tolist() == [21, 41]
    assert table["duration"].tolist() == pytest.approx([0.5, 1.0])


def test_a_pooled_clip_may_be_of_any_length(tmp_path: Path) -> None:
    clips = [Clip(write(tmp_path / f"{n}.wav", n / 10)) for n in (5, 20)]
    table, _, _ = extract(clips, tmp_path / "t.npy", POOLED)
    assert table["x"].shape == (2, 1, 20)
    assert table["frames"].tolist() == [1, 1]
    assert table["duration"].tolist() == pytest.approx([0.5, 2.0])


def test_an_offset_is_skipped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 2.0)
    table, _, _ = extract([Clip(path)], tmp_path / "t.npy", SPEC.with_changes(offset=0.5))
    assert table["start"][0] == 0.5
    assert table["duration"][0] == pytest.approx(1.5)
    expected = Extractor(SPEC)(reader.read(path, RATE)[8000:])
    np.testing.assert_allclose(table["x"][0], expected, atol=1e-3)


def test_trimming_comes_before_the_duration(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    samples = np.concatenate([np.zeros(RATE, np.float32), speech(RATE, 1.0)])
    path.write_bytes(sound(samples, RATE))
    spec = SPEC.with_changes(trim=40.0, duration=0.4)
    table, _, _ = extract([Clip(path)], tmp_path / "t.npy", spec)
    assert table["duration"][0] == pytest.approx(0.4)
    expected = Extractor(spec)(reader.read(path, RATE))
    np.testing.assert_allclose(table["x"][0], expected, atol=1e-3)


@pytest.mark.parametrize("offset", [0.0, 0.25])
@pytest.mark.parametrize("name", ["long.wav", "long.m4a"])
def test_windows_cover_a_recording(name: str, offset: float, tmp_path: Path) -> None:
    path, seconds = tmp_path / name, 5.6
    samples = speech(RATE, seconds)
    if name.endswith("wav"):
        path.write_bytes(sound(samples, RATE))
    else:
        encode(path, "alac", samples, RATE)
    samples = reader.read(path, RATE)
    spec = SPEC.with_changes(offset=offset)
    table, report, _ = extract(
        [Clip(path)], tmp_path / "t.npy", spec, windows=RecordWindows(2.0, 1.0)
    )
    assert spec_of(table).duration == 2.0
    # The last windows are shorter, and none has less than half.
    starts = [offset + n for n in range(5)]
    assert table["start"].tolist() == pytest.approx(starts)
    expected = [min(2.0, seconds - start) for start in starts]
    assert table["duration"].tolist() == pytest.approx(expected, abs=1e-3)
    assert table["x"].shape[1] == 81
    assert report.records == 5
    for record in table:
        start = round(record["start"] * RATE)
        part = Extractor(SPEC)(samples[start : start + 2 * RATE])
        np.testing.assert_allclose(record["x"][: len(part)], part, atol=1e-3)


def test_a_clip_of_a_recording_is_cut_within_its_bounds(tmp_path: Path) -> None:
    """As a manifest with start and duration names them."""
    path = write(tmp_path / "a.wav", 6.0)
    clips = [
        Clip(path, emotion="happy", start=1.0, duration=0.5),
        Clip(path, emotion="sad", start=3.0, duration=2.5),
        Clip(path, emotion="calm", start=5.0),
    ]
    table, _, _ = extract(clips, tmp_path / "t.npy")
    assert table["start"].tolist() == [1.0, 3.0, 5.0]
    assert table["duration"].tolist() == pytest.approx([0.5, 2.5, 1.0])
    table, _, _ = extract(clips, tmp_path / "w.npy", windows=RecordWindows(1.0, 1.0))
    assert table["start"].tolist() == [1.0, 3.0, 4.0, 5.0, 5.0]
    assert table["duration"].tolist() == pytest.approx([0.5, 1.0, 1.0, 0.5, 1.0])
    assert table["y"].tolist() == ["happy", "sad", "sad", "sad", "calm"]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("spec", [SPEC, POOLED], ids=["whole", "pooled"])
def test_bad_clips_are_reported_and_the_others_are_there(
    jobs: int, spec: FeatureSpec, tmp_path: Path
) -> None:
    clips = []
    for name, (make, _) in sorted(BAD.items()):
        (tmp_path / name).write_bytes(make())
        clips.append(Clip(tmp_path / name))
        (tmp_path / f"good before {name}.wav").write_bytes(sound(speech(RATE, 1.0), RATE))
        clips.append(Clip(tmp_path / f"good before {name}.wav"))
    table, report, errors = extract(clips, tmp_path / "t.npy", spec, jobs=jobs)
    assert table["path"].tolist() == [str(clip.path) for clip in clips[1::2]]
    assert report.failures == len(errors) == len(BAD)
    assert {error.subject for error in errors} == {str(clip.path) for clip in clips[::2]}
    for error in errors:
        assert BAD[Path(error.subject).name][1] in error.cause
    assert len({record["x"].tobytes() for record in table}) == 1


def test_what_is_no_sound_is_not_written(tmp_path: Path) -> None:
    """Samples of 1e30 are numbers, but their power is not."""
    samples = speech(RATE, 1.0)
    (tmp_path / "good.wav").write_bytes(sound(samples, RATE))
    (tmp_path / "loud.wav").write_bytes(sound(samples * np.float32(1e30), RATE, subtype="FLOAT"))
    clips = [Clip(tmp_path / "loud.wav"), Clip(tmp_path / "good.wav")]
    with np.errstate(all="ignore"):
        table, _, errors = extract(clips, tmp_path / "t.npy")
    assert table["path"].tolist() == [str(tmp_path / "good.wav")]
    (error,) = errors
    assert "samples that are no sound" in error.cause


def test_every_unusual_recording_has_a_record(tmp_path: Path) -> None:
    clips = []
    for name, make in UNUSUAL.items():
        (tmp_path / name).write_bytes(make())
        clips.append(Clip(tmp_path / name))
    table, _, errors = extract(clips, tmp_path / "t.npy", jobs=2)
    assert errors == []
    assert table["path"].tolist() == [str(clip.path) for clip in clips]
    assert table["duration"] == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("spec", [SPEC, POOLED], ids=["whole", "pooled"])
def test_nothing_readable_writes_nothing(spec: FeatureSpec, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    clips = [Clip(tmp_path / "empty.wav"), Clip(tmp_path / "none.wav")]
    errors: list[SerError] = []
    with pytest.raises(AudioError, match="none of the inputs can be read"):
        extract_table(clips, spec, tmp_path / "t.npy", on_error=errors.append)
    assert [error.subject for error in errors] == [str(clip.path) for clip in clips]
    assert [path.name for path in tmp_path.iterdir()] == ["empty.wav"]


@pytest.mark.parametrize("spec", [SPEC, POOLED], ids=["whole", "pooled"])
def test_jobs_do_not_change_the_table(
    spec: FeatureSpec, tmp_path: Path, ravdess_like: Path
) -> None:
    clips = find_clips([ravdess_like]).clips
    for jobs in (1, 2, 3):
        extract(clips, tmp_path / f"{jobs}.npy", spec, jobs=jobs)
    assert (tmp_path / "1.npy").read_bytes() == (tmp_path / "2.npy").read_bytes()
    assert (tmp_path / "1.npy").read_bytes() == (tmp_path / "3.npy").read_bytes()


def test_a_table_does_not_depend_on_what_else_is_in_it(tmp_path: Path, ravdess_like: Path) -> None:
    clips = find_clips([ravdess_like]).clips
    many, _, _ = extract(clips, tmp_path / "many.npy", POOLED, jobs=2)
    few, _, _ = extract(clips[10:12], tmp_path / "few.npy", POOLED)
    assert many[10:12].tobytes() == few.tobytes()


class StopError(Exception):
    pass


def interrupted(clips: Sequence[Clip], target: Path, after: int, **options: Any) -> None:
    """Runs until some records are done."""
    done = 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        if done == after:
            raise StopError

    with pytest.raises(StopError):
        extract_table(clips, POOLED, target, progress=progress, **options)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("after", [1, 20, 63])
def test_resuming_gives_the_same_table(
    jobs: int, after: int, tmp_path: Path, ravdess_like: Path
) -> None:
    clips = find_clips([ravdess_like]).clips
    extract(clips, tmp_path / "whole.npy", POOLED, jobs=jobs)
    target = tmp_path / "t.npy"
    interrupted(clips, target, after, jobs=jobs)
    assert not target.exists()
    begun: list[int] = []
    _, report, _ = extract(clips, target, POOLED, jobs=jobs, resume=True, begin=begun.append)
    assert report.kept == after
    assert report.records == 64
    assert begun == [64 - after]
    assert target.read_bytes() == (tmp_path / "whole.npy").read_bytes()
    assert not (tmp_path / "t.npy.part").exists()


def test_resuming_tries_failed_clips_again(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.wav", 1.0)
    good = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(b"")
    clips = [Clip(tmp_path / f"{name}.wav") for name in ("a", "b", "c")]
    interrupted(clips, tmp_path / "t.npy", 2)
    (tmp_path / "a.wav").write_bytes(good)
    table, report, errors = extract(clips, tmp_path / "t.npy", POOLED, resume=True)
    assert errors == []
    assert report.kept == 1
    # What was done is kept where it is.
    assert [Path(path).name for path in table["path"]] == ["b.wav", "a.wav", "c.wav"]


def test_resuming_tells_clips_of_one_start_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "a.wav", 2.0)
    clips = [Clip(path, start=0.5, duration=seconds) for seconds in (0.5, 1.0, 1.5)]
    interrupted(clips, tmp_path / "t.npy", 1)
    table, report, _ = extract(clips, tmp_path / "t.npy", POOLED, resume=True)
    assert report.kept == 1
    assert table["duration"].tolist() == pytest.approx([0.5, 1.0, 1.5])


def test_resuming_with_other_options_is_refused(tmp_path: Path, ravdess_like: Path) -> None:
    clips = find_clips([ravdess_like]).clips
    interrupted(clips, tmp_path / "t.npy", 5)
    with pytest.raises(TableError, match="was begun with other options"):
        extract(clips, tmp_path / "t.npy", POOLED.with_changes(n_mels=21), resume=True)


def test_without_resume_all_is_done_anew(tmp_path: Path, ravdess_like: Path) -> None:
    clips = find_clips([ravdess_like]).clips[:10]
    interrupted(clips, tmp_path / "t.npy", 5)
    _, report, _ = extract(clips, tmp_path / "t.npy", POOLED)
    assert (report.kept, report.records) == (0, 10)


def test_progress_counts_every_clip(tmp_path: Path, ravdess_like: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"x" * 100)
    clips = [*find_clips([ravdess_like]).clips[:9], Clip(tmp_path / "bad.wav")]
    begun: list[int] = []
    done: list[int] = []
    extract(clips, tmp_path / "t.npy", POOLED, begin=begun.append, progress=done.append, jobs=2)
    assert begun == [10]
    assert sum(done) == 10


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_is_cut_into_windows_like_a_file(tmp_path: Path) -> None:
    """What can be read once is kept for the time: every window, and the length, need it again."""
    path = write(tmp_path / "a.wav", 3.0)
    pipe = tmp_path / "pipe.wav"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(path.read_bytes(),))
    writer.start()
    piped, _, errors = extract([Clip(pipe)], tmp_path / "p.npy", windows=RecordWindows(1.0, 0.5))
    writer.join()
    assert errors == []
    plain, _, _ = extract([Clip(path)], tmp_path / "t.npy", windows=RecordWindows(1.0, 0.5))
    np.testing.assert_array_equal(piped["x"], plain["x"])
    assert set(piped["path"]) == {str(pipe)}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    ("spec", "cut"),
    [(SPEC, None), (POOLED, None), (SPEC, RecordWindows(0.4, 0.2))],
    ids=["whole", "pooled", "windows"],
)
def test_recordings_behind_urls_are_like_files(
    spec: FeatureSpec, cut: RecordWindows | None, jobs: int, tmp_path: Path, ravdess_like: Path
) -> None:
    clips = find_clips([ravdess_like]).clips[:8]
    remote = find_clips([Path(clip.path.as_uri()) for clip in clips]).clips
    assert [clip.name for clip in remote] == [clip.path.as_uri() for clip in clips]
    here, _, _ = extract(clips, tmp_path / "h.npy", spec, windows=cut)
    there, report, errors = extract(remote, tmp_path / "t.npy", spec, windows=cut, jobs=jobs)
    assert (errors, report.failures) == ([], 0)
    assert there["path"].tolist() == [Path(path).as_uri() for path in here["path"]]
    for name in set(here.dtype.names or ()) - {"path"}:
        np.testing.assert_array_equal(here[name], there[name])


@pytest.mark.parametrize("cut", [None, RecordWindows(1.0, 1.0)], ids=["whole", "windows"])
@pytest.mark.parametrize("spec", [SPEC, POOLED], ids=["measured", "pooled"])
def test_bad_recordings_behind_urls_have_their_names(
    spec: FeatureSpec, cut: RecordWindows | None, tmp_path: Path
) -> None:
    good = Clip(Path(write(tmp_path / "a.wav", 1.0).as_uri()))
    (tmp_path / "b.wav").write_bytes(b"no sound")
    urls = [(tmp_path / name).as_uri() for name in ("b.wav", "c.wav")]
    clips = [good, *(Clip(Path(url)) for url in urls)]
    table, report, errors = extract(clips, tmp_path / "t.npy", spec, windows=cut)
    assert (len(table), report.failures) == (1, 2)
    assert [error.subject for error in errors] == urls


def test_a_table_behind_a_url(tmp_path: Path, ravdess_like: Path) -> None:
    clips = find_clips([ravdess_like]).clips[:3]
    url = (tmp_path / "out" / "t.npy").as_uri()
    assert extract_table(clips, SPEC, url).records == 3
    here, _, _ = extract(clips, tmp_path / "h.npy")
    np.testing.assert_array_equal(read_table(tmp_path / "out" / "t.npy"), here)
    other = (tmp_path / "out" / "u.npy").as_uri()
    with pytest.raises(AudioError, match=f"^{other}: no table was written"):
        extract_table([Clip(tmp_path / "nothing.wav")], SPEC, other)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["t.npy"]
    with pytest.raises(SerError, match="nonsense://x: cannot be reached"):
        extract_table(clips, SPEC, "nonsense://x/t.npy", progress=lambda n: pytest.fail("worked"))


def test_truncated_headers_are_told_from_short_files(tmp_path: Path) -> None:
    """A clip that is longer than its header says is cut, and counted."""
    path = write(tmp_path / "a.wav", 2.0)
    clips = [Clip(path, duration=2.0), Clip(path, duration=1.0)]
    _, report, _ = extract(clips, tmp_path / "t.npy")
    assert report.cut_short == 0


RECIPE = parse_recipe("noise:10..20,stretch+reverb,pitch,shift,speed,gain")


def assert_same_records(one: Table, other: Table) -> None:
    for name in ("path", "start", "augment", "duration", "frames", "y", "speaker"):
        assert one[name].tolist() == other[name].tolist(), name
    frames = min(one["x"].shape[1], other["x"].shape[1])
    np.testing.assert_array_equal(one["x"][:, :frames], other["x"][:, :frames])


@pytest.mark.parametrize(
    "spec",
    [SPEC, POOLED, SPEC.with_changes(duration=0.4), SPEC.with_changes(duration=0.4, trim=30.0)],
    ids=["whole", "pooled", "cut", "trimmed"],
)
def test_copies_stand_behind_their_clip(
    spec: FeatureSpec, tmp_path: Path, ravdess_like: Path
) -> None:
    clips = find_clips([ravdess_like]).clips[:6]
    plain, _, _ = extract(clips, tmp_path / "p.npy", spec)
    table, report, errors = extract(clips, tmp_path / "t.npy", spec, copies=Copies(RECIPE, 6))
    assert errors == []
    assert (report.records, report.copies, report.cut_short) == (42, 36, 0)
    # Without the copies the table is what it is without copies, to the last bit.
    assert_same_records(table[::7], plain)
    assert not table["augment"][::7].any()
    assert (table["augment"].reshape(6, 7)[:, 1:] != "").all()
    for name in ("path", "start", "y", "speaker", "corpus", "text", "intensity", "gender"):
        assert table[name].tolist() == np.repeat(plain[name], 7).tolist(), name
    kinds = {transform_names(label) for label in table["augment"].tolist()}
    assert {"", "noise", "stretch+reverb", "pitch"} <= kinds
    # Copies differ from their clip and from each other.
    assert len({record.tobytes() for record in table["x"]}) > 36


def test_a_copy_is_what_its_label_says(tmp_path: Path, ravdess_like: Path) -> None:
    clip = find_clips([ravdess_like]).clips[3]
    copies = Copies(parse_recipe("stretch:1.1..1.3+gain:-20..-5"), 3, seed=5)
    table, _, _ = extract([clip], tmp_path / "t.npy", copies=copies)
    samples = reader.read(clip.path, RATE)
    for record in table[1:]:
        links = [part.split("=") for part in record["augment"].split(",")]
        factor, gain = float(links[0][1]), float(links[1][1].removesuffix("dB"))
        expected = stretch(samples, RATE, factor) * np.float32(10 ** (gain / 20))
        assert record["duration"] == pytest.approx(len(samples) / RATE * factor, abs=1e-4)
        matrix = Extractor(SPEC)(expected)
        np.testing.assert_allclose(record["x"][: len(matrix)], matrix, atol=1e-3)


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_copies_depend_on_nothing_but_their_clip(
    jobs: int, tmp_path: Path, ravdess_like: Path
) -> None:
    clips = find_clips([ravdess_like]).clips
    copies = Copies(RECIPE, 5, seed=2)
    few, _, _ = extract(clips[20:24], tmp_path / "few.npy", POOLED, copies=copies)
    many, _, _ = extract(clips[::-1], tmp_path / "many.npy", POOLED, copies=copies, jobs=jobs)
    wanted = {str(clip.path) for clip in clips[20:24]}
    found = many[np.isin(many["path"], list(wanted))]
    assert len(few) == len(found) == 24
    order = np.argsort(found["path"], kind="stable")
    assert_same_records(found[order], few)
    other, _, _ = extract(clips[20:24], tmp_path / "o.npy", POOLED, copies=Copies(RECIPE, 5))
    assert other["augment"].tolist() != few["augment"].tolist()


def test_the_table_is_as_wide_as_the_longest_copy(tmp_path: Path) -> None:
    clips = [Clip(write(tmp_path / f"{n}.wav", n / 10)) for n in (5, 10)]
    copies = Copies(parse_recipe("stretch:1.5+speed:0.5"))
    table, report, _ = extract(clips, tmp_path / "t.npy", copies=copies)
    assert table["duration"].tolist() == pytest.approx([0.5, 1.5, 1.0, 3.0], abs=1e-3)
    assert report.cut_short == 0
    assert table["frames"].tolist() == pytest.approx([21, 61, 41, 121], abs=1)


def test_balance_counts_what_is_extracted(tmp_path: Path, ravdess_like: Path) -> None:
    clips = [clip for clip in find_clips([ravdess_like]).clips if clip.emotion in ("sad", "calm")]
    clips = [clip for clip in clips if clip.emotion == "sad" or clip.speaker == "01"]
    copies = Copies(RECIPE, 0, balance=True)
    table, report, _ = extract(clips, tmp_path / "t.npy", POOLED, copies=copies)
    assert np.unique(table["y"], return_counts=True)[1].tolist() == [8, 8]
    assert report.copies == 6
    # Windows are what is counted where recordings are cut.
    cut = RecordWindows(0.5, 0.5)
    table, _, _ = extract(clips, tmp_path / "w.npy", POOLED, copies=copies, windows=cut)
    assert np.unique(table["y"], return_counts=True)[1].tolist() == [16, 16]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("after", [1, 5, 100, 383])
def test_resuming_with_copies_gives_the_same_table(
    jobs: int, after: int, tmp_path: Path, ravdess_like: Path
) -> None:
    clips = find_clips([ravdess_like]).clips
    copies = Copies(RECIPE, 5)
    extract(clips, tmp_path / "whole.npy", POOLED, jobs=jobs, copies=copies)
    target = tmp_path / "t.npy"
    interrupted(clips, target, after, jobs=jobs, copies=copies)
    begun: list[int] = []
    _, report, _ = extract(
        clips, target, POOLED, jobs=jobs, resume=True, copies=copies, begin=begun.append
    )
    assert (report.kept, report.records, report.copies) == (after, 384, 320)
    assert begun == [384 - after]
    assert target.read_bytes() == (tmp_path / "whole.npy").read_bytes()


@pytest.mark.parametrize(
    "other", [None, Copies(RECIPE, 5, seed=1), Copies(parse_recipe("noise,shift"), 5)]
)
def test_resuming_with_other_copies_is_refused(
    other: Copies | None, tmp_path: Path, ravdess_like: Path
) -> None:
    clips = find_clips([ravdess_like]).clips
    interrupted(clips, tmp_path / "t.npy", 20, copies=Copies(RECIPE, 5))
    with pytest.raises(TableError, match=r"with other options.* start anew without --resume"):
        extract(clips, tmp_path / "t.npy", POOLED, resume=True, copies=other)


def test_a_bad_clip_with_copies_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"x" * 100)
    clips = [Clip(tmp_path / "bad.wav"), Clip(write(tmp_path / "a.wav", 1.0))]
    begun: list[int] = []
    done: list[int] = []
    table, report, errors = extract(
        clips,
        tmp_path / "t.npy",
        POOLED,
        copies=Copies(RECIPE, 20),
        begin=begun.append,
        progress=done.append,
    )
    assert (report.failures, len(errors), report.records) == (1, 1, 21)
    assert set(table["path"]) == {str(tmp_path / "a.wav")}
    assert sum(done) == sum(begun) == 42


def test_bad_noise_costs_its_copies_alone(tmp_path: Path, ravdess_like: Path) -> None:
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "silent.wav").write_bytes(sound(np.zeros(RATE * 2, np.float32), RATE))
    copies = Copies(parse_recipe("noise", tmp_path / "noise"))
    clips = find_clips([ravdess_like]).clips[:3]
    table, report, errors = extract(clips, tmp_path / "t.npy", POOLED, copies=copies)
    assert (report.records, report.copies) == (3, 0)
    assert not table["augment"].any()
    assert {Path(error.subject).name for error in errors} == {"silent.wav"}


def test_what_is_heard_is_what_was_computed_on(tmp_path: Path, ravdess_like: Path) -> None:
    clips = find_clips([ravdess_like]).clips[:4]
    spec = SPEC.with_changes(clean=("trim:30", "loudness:-20"), duration=0.7)
    folder = tmp_path / "new" / "sounds"
    table, _, _ = extract(
        clips, tmp_path / "t.npy", spec, copies=Copies(RECIPE, 5), write_audio=folder, jobs=2
    )
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == len(table) == 24
    for clip in clips:
        stem = f"{clip.emotion}_{clip.path.stem}_"
        own = [name for name in names if name.startswith(stem)]
        records = table[table["path"] == str(clip.path)]
        assert len(own) == len(records) == 6
        for number, (name, record) in enumerate(zip(own, records, strict=True)):
            label = record["augment"].replace(":", "-") or "original"
            assert name.endswith(f"_{number}_{label}.wav")
            samples = reader.read(folder / name, RATE)
            assert len(samples) / RATE == pytest.approx(record["duration"])
            # Through 16 bits.
            matrix = Extractor(SPEC)(samples)
            loud = matrix > matrix.max() - 7
            assert np.abs(record["x"][: len(matrix)] - matrix)[loud].max() < 0.1


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    clip = Clip(write(tmp_path / "a.wav", 1.0))
    with pytest.raises(SerError, match=r"a\.wav: cannot be made"):
        extract([clip], tmp_path / "t.npy", write_audio=tmp_path / "a.wav")


def test_cleaning_is_part_of_the_table(tmp_path: Path, ravdess_like: Path) -> None:
    clips = find_clips([ravdess_like]).clips[:3]
    spec = SPEC.with_changes(clean=("denoise", "trim", "loudness"), duration=0.5)
    table, _, errors = extract(clips, tmp_path / "t.npy", spec)
    assert errors == []
    assert spec_of(table) == spec
    for record, clip in zip(table, clips, strict=True):
        matrix = Extractor(spec)(reader.read(clip.path, RATE))
        np.testing.assert_allclose(record["x"][: len(matrix)], matrix, atol=1e-3)


@pytest.mark.corpora
def test_real_clips_of_every_corpus(tmp_path: Path, corpora: Path) -> None:
    clips = [
        *find_clips([corpora / "ravdess" / "Actor_07"]).clips[:6],
        *find_clips([corpora / "tess" / "OAF_happy"]).clips[:6],
        *find_clips(sorted((corpora / "nemo" / "samples").iterdir())[:6]).clips,
    ]
    table, report, errors = extract(clips, tmp_path / "t.npy", jobs=2)
    assert (report.records, errors) == (18, [])
    assert [str(name) for name in np.unique(table["corpus"])] == ["nemo", "ravdess", "tess"]
    assert (table["y"] != "").all()
    assert np.isfinite(table["x"]).all()


def test_pipes_do_not_reach_other_machines(tmp_path: Path) -> None:
    said: list[SerError] = []
    with pytest.raises(SerError, match="none of the inputs can be read"):
        extract_table(
            [Clip(Path("-"))],
            FeatureSpec(),
            tmp_path / "x.npy",
            cluster="tcp://x",
            on_error=said.append,
        )
    assert [error.cause for error in said] == ["is a pipe, which other machines cannot read"]


def test_extraction_in_memory_gives_what_the_file_has(tmp_path: Path, ravdess_like: Path) -> None:
    clips = find_clips([ravdess_like]).clips
    written, _, _ = extract(clips, tmp_path / "t.npy")
    counted: list[int] = []
    table = extract_in_memory(ravdess_like, SPEC, begin=counted.append, progress=counted.append)
    assert type(table) is FeatureTable
    assert table.dtype == written.dtype
    assert table.tobytes() == written.tobytes()
    assert counted == [len(table), *[1] * len(table)]
    assert table.flags.writeable


def test_extraction_in_memory_raises_or_reports_what_cannot_be_read(tmp_path: Path) -> None:
    good = write(tmp_path / "good.wav", 1.0)
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"")
    with pytest.raises(AudioError, match=r"bad\.wav"):
        extract_in_memory([good, bad], POOLED)
    errors: list[SerError] = []
    assert len(extract_in_memory([good, bad], POOLED, on_error=errors.append)) == 1
    assert [error.subject for error in errors] == [str(bad)]
    with pytest.raises(SerError, match="none"):
        extract_in_memory(str(tmp_path / "none"), POOLED)
    (tmp_path / "folder").mkdir()
    with pytest.raises(AudioError, match="hold no clip to extract"):
        extract_in_memory(tmp_path / "folder", POOLED, on_error=errors.append)
