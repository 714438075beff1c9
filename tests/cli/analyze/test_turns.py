"""Segments of other programs in ``ser-analyze``."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

import pytest
import soundfile
from analyzing import lines_of, six_seconds
from annotations import TURNS, write_csv, write_eaf, write_rttm, write_textgrid
from conftest import Run
from praatio import textgrid
from voices import RATE, say, talk

import ser


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return six_seconds(tmp_path)


def spans(lines: list[dict[str, object]]) -> list[object]:
    return [(line["start"], line["end"], line["speaker"]) for line in lines]


def test_every_kind_of_file(run: Run, recording: Path, tiny_model: Path, tmp_path: Path) -> None:
    files = [
        write_rttm(tmp_path / "a.rttm"),
        write_csv(tmp_path / "a.csv"),
        write_textgrid(tmp_path / "a.TextGrid"),
        write_eaf(tmp_path / "a.eaf"),
    ]
    for file in files:
        found = lines_of(run, recording, "--segments-from", file, "--model", tiny_model)
        assert spans(found) == TURNS
    for file in (files[1], write_eaf(tmp_path / "b.eaf", recording)):
        assert spans(lines_of(run, file, "--model", tiny_model)) == TURNS
        assert spans(lines_of(run, "--segments-from", file, "--model", tiny_model)) == TURNS


def test_tiers(run: Run, recording: Path, tiny_model: Path, tmp_path: Path) -> None:
    file = write_textgrid(tmp_path / "a.TextGrid")
    given = (recording, "--segments-from", file, "--model", tiny_model)
    assert spans(lines_of(run, *given, "--tier", "Ben")) == [TURNS[1]]
    failed = run("ser-analyze", *given, "--tier", "Bon")
    assert failed.returncode == 1
    assert "did you mean Ben" in failed.err
    assert run("ser-analyze", recording, "--tier", "Ben").returncode == 2


def test_back_into_the_file(run: Run, recording: Path, tiny_model: Path, tmp_path: Path) -> None:
    file = write_textgrid(tmp_path / "a.TextGrid")
    before = file.read_bytes()
    given = ("ser-analyze", recording, "--segments-from", file, "--model", tiny_model)
    assert run(*given, "-o", "out.TextGrid").returncode == 0
    grid = textgrid.openTextgrid(str(tmp_path / "out.TextGrid"), includeEmptyIntervals=False)
    assert grid.tierNames[:3] == ("Anna", "Ben", "clicks")
    assert [e.start for e in grid.getTier("emotion Anna").entries] == [0, 4.25]
    refused = run(*given, "-o", file)
    assert refused.returncode == 2
    assert "is an input too" in refused.err
    assert file.read_bytes() == before


def test_folders(run: Run, recording: Path, tiny_model: Path, tmp_path: Path) -> None:
    calls, marks = tmp_path / "calls", tmp_path / "marks"
    for folder in (calls, marks):
        folder.mkdir()
    for name in ("one", "two"):
        (calls / f"{name}.wav").write_bytes(recording.read_bytes())
    write_textgrid(marks / "one.TextGrid")
    write_rttm(marks / "two.rttm", "two")
    given = ("ser-analyze", "calls", "--segments-from", "marks", "--model", tiny_model)
    done = run(*given, "--output-dir", "out", "--format", "textgrid,csv", "--jobs", "2")
    assert done.returncode == 0, done.err
    grid = textgrid.openTextgrid(str(tmp_path / "out" / "one.wav.TextGrid"), False)
    assert "clicks" in grid.tierNames
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "two.wav.csv").read_text())))
    assert [row["speaker"] for row in rows] == [speaker for _, _, speaker in TURNS]
    (marks / "two.rttm").unlink()
    failed = run(*given)
    assert failed.returncode == 1
    assert "calls/two.wav: there is no file of segments for it in marks" in failed.err
    assert "Anna" in failed.out


def test_summaries_have_a_row_for_each_speaker(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    file = write_csv(tmp_path / "a.csv")
    done = run("ser-analyze", file, "--summary", "-f", "csv", "--model", tiny_model)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [(row["speaker"], row["turns"]) for row in rows] == [("Anna", "2"), ("Ben", "1")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("a.TextGrid", "talk.wav"),
        ("--segments-from", "a.TextGrid"),
        ("talk.wav", "talk.wav", "--segments-from", "a.TextGrid"),
        ("talk.wav", "--segments-from", "a.TextGrid", "--segments"),
        ("talk.wav", "--segments-from", "a.TextGrid", "--hop", "1"),
        ("talk.wav", "--segments-from", "none.TextGrid"),
        ("a.csv", "--smooth", "0.5"),
        ("--mic", "--segments-from", "a.csv"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    six_seconds(tmp_path)
    write_textgrid(tmp_path / "a.TextGrid")
    write_csv(tmp_path / "a.csv")
    done = run("ser-analyze", *arguments)
    assert done.returncode == 2
    assert done.out == ""


def test_in_python(recording: Path, tiny_model: Path, tmp_path: Path) -> None:
    file = write_textgrid(tmp_path / "a.TextGrid")
    talk = ser.analyze(recording, segments_from=file, model=tiny_model)
    assert [(w.start, w.end, w.speaker) for w in talk] == TURNS
    assert list(talk.speakers()) == ["Anna", "Ben"]
    assert talk.to_pandas()["speaker"].tolist() == ["Anna", "Ben", "Anna"]
    talk.save(tmp_path / "out.TextGrid")
    grid = textgrid.openTextgrid(str(tmp_path / "out.TextGrid"), includeEmptyIntervals=False)
    assert grid.tierNames[:3] == ("Anna", "Ben", "clicks")
    listed = ser.analyze(recording, segments_from=[(0, 2), (2.5, 4, "Ben")], model=tiny_model)
    assert [window.speaker for window in listed] == [None, "Ben"]
    assert listed[1].probabilities == talk[1].probabilities
    with pytest.raises(ser.SerError, match="has a segment 0 from 2 to 1 s"):
        ser.analyze(recording, segments_from=[(2, 1)], model=tiny_model)


@pytest.fixture(scope="module")
def conversation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    samples, _ = talk([1, 2], 8)
    path = tmp_path_factory.mktemp("conversation") / "call.wav"
    soundfile.write(path, samples, RATE)
    return path


def test_speakers_are_found(run: Run, conversation: Path, tiny_model: Path) -> None:
    for given in ("auto", "2", "1-4"):
        lines = lines_of(run, conversation, "--speakers", given, "--model", tiny_model)
        assert lines[0]["speaker"] == "speaker 1"
        assert {line["speaker"] for line in lines} == {"speaker 1", "speaker 2"}
    segments = lines_of(run, conversation, "--speakers", "2", "--segments", "--model", tiny_model)
    for speaker in ("speaker 1", "speaker 2"):
        own = [line for line in segments if line["speaker"] == speaker]
        assert all(a["end"] <= b["start"] for a, b in itertools.pairwise(own))


def test_speakers_of_a_file_have_windows(
    run: Run, recording: Path, tiny_model: Path, tmp_path: Path
) -> None:
    file = write_rttm(tmp_path / "a.rttm")
    lines = lines_of(run, recording, "--speakers", file, "--model", tiny_model)
    assert [(line["start"], line["end"]) for line in lines] == [
        (0.0, 1.0), (1.0, 2.0), (2.5, 3.25), (3.25, 4.0), (4.25, 5.125), (5.125, 6.0),
    ]  # fmt: skip


def test_a_row_for_each_speaker(run: Run, conversation: Path, tiny_model: Path) -> None:
    done = run(
        "ser-analyze", conversation, "--speakers", "2", "--summary", "-f", "csv",
        "--model", tiny_model,
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["speaker"] for row in rows] == ["speaker 1", "speaker 2"]
    assert [row["turns"] for row in rows] == ["4", "4"]
    assert [row["followed"] for row in rows] == ["speaker 2:3", "speaker 1:4"]


def test_names_and_a_store(run: Run, conversation: Path, tiny_model: Path, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "anna.wav", say(1, 3), RATE)
    given = (conversation, "--speakers", "2", "--model", tiny_model)
    lines = lines_of(
        run, *given, "--enrol-speaker", "Anna=anna.wav", "--speaker-store", "voices.npz"
    )
    assert {line["speaker"] for line in lines} == {"Anna", "speaker 1"}
    again = lines_of(run, *given, "--speaker-store", "voices.npz")
    assert {line["speaker"] for line in again} == {"Anna", "speaker 1"}
    assert not (tmp_path / ".voices.npz").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"anna.wav", "voices.npz"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("--speakers", "0"),
        ("--speakers", "4-2"),
        ("--speakers", "atuo"),
        ("--speakers", "2", "--channel", "each"),
        ("--speakers", "2", "--segments-from", "a.csv"),
        ("--enrol-speaker", "Anna=talk.wav"),
        ("--speaker-store", "v.npz"),
        ("--speakers", "a.csv", "--speaker-store", "v.npz"),
        ("--speakers", "2", "--enrol-speaker", "Anna"),
        ("--speakers", "2", "--speaker-store", "v.npz", "--jobs", "2"),
        ("--speakers", "2", "--speaker-store", "talk.wav"),
        ("-", "--speakers", "2"),
    ],
)
def test_wrong_usage_of_speakers(arguments: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    six_seconds(tmp_path)
    write_csv(tmp_path / "a.csv")
    done = run("ser-analyze", "talk.wav", *arguments)
    assert done.returncode == 2, done.err
    assert done.out == ""


def test_speakers_in_python(conversation: Path, tiny_model: Path, tmp_path: Path) -> None:
    found = ser.analyze(conversation, speakers=(1, 4), model=tiny_model)
    assert list(found.speakers()) == ["speaker 1", "speaker 2"]
    first = found.speakers()["speaker 1"]
    assert first.turns is not None
    assert first.turns.turns == 4
    named = ser.analyze(
        conversation,
        speakers=2,
        enrol_speakers={"Anna": (say(1, 3), RATE)},
        speaker_store=tmp_path / "voices.npz",
        model=tiny_model,
    )
    assert list(named.speakers()) == ["Anna", "speaker 1"]
    for wrong in (0, (3, 2), 1.5):
        with pytest.raises(ser.SerError, match="is no number of speakers"):
            ser.analyze(conversation, speakers=wrong, model=tiny_model)  # type: ignore[arg-type]
