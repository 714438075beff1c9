"""From audio files to outputs, in several processes and one after the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from speech import write_corpus

from benchmarks.conversion.conversions import (
    ConversionJob,
    ConversionTarget,
    read_results,
    run_job,
)
from benchmarks.conversion.outputs import (
    convert_sources,
    measure_clips,
    reference_recordings,
    resynthesize_targets,
)
from ser.audio import reader
from ser.conversion.artifact import write_rules_artifact
from ser.conversion.evaluation.assessment import FoldEvaluator
from ser.conversion.rules import Rule, Rules
from ser.corpora.registry import find_clips
from ser.errors import SerError
from ser.features.spec import PRESETS

BANDS = PRESETS["translate"].n_mels


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact that makes everything angry by 6 semitones, 20 % and 6 dB."""
    target = tmp_path_factory.mktemp("rules") / "rules.keras"
    plain = Rule(1.0, 0.0, 1.0, 1.0, (0.0,) * BANDS)
    angry = Rule(1.0, 6.0, 1.0, 1.2, (6.0,) * BANDS)
    write_rules_artifact(target, Rules("neutral", {"neutral": (plain,), "angry": (angry,)}))
    return target


@pytest.fixture(scope="module")
def fold(tmp_path_factory: pytest.TempPathFactory) -> tuple[FoldEvaluator, list[Path]]:
    """Two voices, two emotions."""
    folder = tmp_path_factory.mktemp("corpus") / "ravdess"
    write_corpus("ravdess", folder, speakers=2, takes=4, emotions=("neutral", "angry"))
    clips = find_clips([folder], "ravdess").clips
    seen: list[int] = []
    evaluator = FoldEvaluator(
        reference_recordings(clips, measure_clips(clips, 2, seen.append)), ("prosody",)
    )
    assert sum(seen) == len(clips)
    return evaluator, [clip.path for clip in clips]


def test_tasks_are_done_once_and_heard_as_what_was_asked_for(
    fold: tuple[FoldEvaluator, list[Path]], rules: Path, tmp_path: Path
) -> None:
    evaluator, paths = fold
    made = convert_sources(evaluator, paths, rules, tmp_path / "made", jobs=2)
    assert [output.task for output in made.outputs] == evaluator.tasks()
    for output in made.outputs:
        source = evaluator.recordings[output.task.source].measures
        ratio = output.measures.seconds / source.seconds
        strength = output.task.strength if output.task.emotion == "angry" else 0
        shift = np.median(output.measures.pitch[output.measures.voiced]) - np.median(
            source.pitch[source.voiced]
        )
        assert shift == pytest.approx(6 * strength, abs=1)
        assert ratio == pytest.approx(1.2**strength, rel=0.1)
    kept = sorted(tmp_path.rglob("*.npz"))
    times = [path.stat().st_mtime_ns for path in kept]
    again = convert_sources(evaluator, paths, rules, tmp_path / "made")
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.npz"))] == times
    assert (again.outputs[0].measures.pitch == made.outputs[0].measures.pitch).all()


def test_real_targets_through_the_renderer_stay_what_they_are(
    fold: tuple[FoldEvaluator, list[Path]], tmp_path: Path
) -> None:
    evaluator, paths = fold
    made = resynthesize_targets(evaluator, paths, tmp_path)
    for output in made.outputs:
        target = evaluator.recordings[output.made_of[0]].measures
        assert output.measures.seconds == pytest.approx(target.seconds, abs=0.05)
        # It did something, and next to nothing.
        assert not np.array_equal(output.measures.envelope, target.envelope)
        assert output.measures.prosody[0] == pytest.approx(target.prosody[0], abs=0.5)


def test_sounds_are_kept_where_somebody_wants_to_listen(
    fold: tuple[FoldEvaluator, list[Path]], rules: Path, tmp_path: Path
) -> None:
    _, paths = fold
    job = ConversionJob(
        str(paths[0]),
        (ConversionTarget("angry", 1.0), ConversionTarget("neutral", 1.0, True)),
        str(rules),
        "rules",
        str(tmp_path / "heard.npz"),
        str(tmp_path / "sounds"),
    )
    run_job(replace(job, sounds=""))
    assert not (tmp_path / "sounds").exists()
    run_job(job)
    angry, neutral = read_results(job)
    assert angry.quality is None
    if neutral.quality is not None:
        assert neutral.quality.stoi == pytest.approx(1, abs=1e-3)
    name = f"{paths[0].stem}-angry-1.wav"
    assert reader.length(tmp_path / "sounds" / name) == pytest.approx(
        1.2 * reader.length(paths[0]), rel=0.2
    )


def test_what_is_no_translator_is_said(
    fold: tuple[FoldEvaluator, list[Path]], tmp_path: Path
) -> None:
    evaluator, paths = fold
    (tmp_path / "no.keras").write_text("nothing")
    with pytest.raises(SerError, match=r"no\.keras: is not a \.keras model"):
        convert_sources(evaluator, paths, tmp_path / "no.keras", tmp_path)
