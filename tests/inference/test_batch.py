"""Batches: what exists is left alone, one failure stops nobody, and the order is the jobs'."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from speech import render

from ser.inference.batch import BatchReport, Workers, run_batch
from ser.inference.classifier import open_classifier
from ser.inference.config import make_config
from ser.inference.jobs import Job, find_jobs
from ser.inference.worker import AnalysisTask, ModelReference, ReturnResults, WriteResults
from ser.io.remote import OutputFolder

RATE = 16_000


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recordings")
    for number, emotion in enumerate(("sad", "angry", "neutral")):
        samples = render(emotion, 2, seed=number, seconds=2.0 + number)
        soundfile.write(folder / f"{number}.wav", samples, RATE, subtype="FLOAT")
    (folder / "3.wav").write_bytes(b"no sound at all")
    return folder


@pytest.fixture(scope="module")
def task(tiny_model: Path) -> AnalysisTask:
    config = make_config(open_classifier(tiny_model), vad=False)
    return AnalysisTask(ModelReference(str(tiny_model), "", "auto", "auto"), config, summary=False)


@pytest.mark.parametrize("processes", [1, 2])
def test_outcomes_come_in_the_order_of_the_jobs(
    processes: int, recordings: Path, task: AnalysisTask
) -> None:
    jobs = find_jobs([recordings])
    found = list(Workers(processes).map(ReturnResults(task), jobs, in_order=True))
    assert [index for index, _ in found] == [0, 1, 2, 3]
    assert [len(outcome.windows) for _, outcome in found] == [2, 3, 4, 0]
    assert [outcome.seconds for _, outcome in found] == pytest.approx([2, 3, 4, 0])
    assert all(w.file == str(recordings / "1.wav") for w in found[1][1].windows)
    assert found[3][1].error is not None
    assert "3.wav" in str(found[3][1].error)


def test_what_exists_is_left_alone(recordings: Path, task: AnalysisTask, tmp_path: Path) -> None:
    work = WriteResults(task, OutputFolder(str(tmp_path)), ("jsonl", "csv"), token="t")
    jobs = find_jobs([recordings])

    def run(*, resume: bool) -> tuple[BatchReport, list[Job]]:
        begun: list[Job] = []
        report = run_batch(jobs, work, Workers(), resume=resume, begin=begun.extend)
        return report, begun

    first, begun = run(resume=False)
    assert (first.recordings, first.skipped, len(begun)) == (4, 0, 4)
    assert first.seconds == pytest.approx(9)
    assert [job.name for job, _ in first.failures] == ["3.wav"]
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"{n}.wav.{ending}" for n in range(3) for ending in ("csv", "jsonl")]
    (tmp_path / "1.wav.csv").unlink()
    again, begun = run(resume=True)
    # One result of two is not all of them.
    assert (again.recordings, again.skipped) == (2, 2)
    assert sorted(job.name for job in begun) == ["1.wav", "3.wav"]
    assert (tmp_path / "1.wav.csv").exists()
