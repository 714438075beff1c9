"""From audio files to outputs, in several processes and one after the other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from speech import write_corpus

from benchmarks.conversion.making import Job, Wish, make, results
from benchmarks.conversion.trial import (
    listen,
    recordings_of,
    render_targets,
    translate_sources,
)
from ser.audio import reader
from ser.conversion.artifact import write_rules_artifact
from ser.conversion.evaluation.panel import FoldEvaluator
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
    panel = FoldEvaluator(recordings_of(clips, listen(clips, 2, seen.append)), ("prosody",))
    assert sum(seen) == len(clips)
    return panel, [clip.path for clip in clips]


def test_tasks_are_done_once_and_heard_as_what_was_asked_for(
    fold: tuple[FoldEvaluator, list[Path]], rules: Path, tmp_path: Path
) -> None:
    panel, paths = fold
    made = translate_sources(panel, paths, rules, tmp_path / "made", jobs=2)
    assert [output.task for output in made.outputs] == panel.tasks()
    for output in made.outputs:
        source = panel.recordings[output.task.source].heard
        ratio = output.heard.seconds / source.seconds
        strength = output.task.strength if output.task.emotion == "angry" else 0
        shift = np.median(output.heard.pitch[output.heard.voiced]) - np.median(
            source.pitch[source.voiced]
        )
        assert shift == pytest.approx(6 * strength, abs=1)
        assert ratio == pytest.approx(1.2**strength, rel=0.1)
    kept = sorted(tmp_path.rglob("*.npz"))
    times = [path.stat().st_mtime_ns for path in kept]
    again = translate_sources(panel, paths, rules, tmp_path / "made")
    assert [path.stat().st_mtime_ns for path in sorted(tmp_path.rglob("*.npz"))] == times
    assert (again.outputs[0].heard.pitch == made.outputs[0].heard.pitch).all()


def test_real_targets_through_the_renderer_stay_what_they_are(
    fold: tuple[FoldEvaluator, list[Path]], tmp_path: Path
) -> None:
    panel, paths = fold
    made = render_targets(panel, paths, tmp_path)
    for output in made.outputs:
        target = panel.recordings[output.made_of[0]].heard
        assert output.heard.seconds == pytest.approx(target.seconds, abs=0.05)
        # It did something, and next to nothing.
        assert not np.array_equal(output.heard.envelope, target.envelope)
        assert output.heard.prosody[0] == pytest.approx(target.prosody[0], abs=0.5)


def test_sounds_are_kept_where_somebody_wants_to_listen(
    fold: tuple[FoldEvaluator, list[Path]], rules: Path, tmp_path: Path
) -> None:
    _, paths = fold
    job = Job(
        str(paths[0]),
        (Wish("angry", 1.0), Wish("neutral", 1.0, True)),
        str(rules),
        "rules",
        str(tmp_path / "heard.npz"),
        str(tmp_path / "sounds"),
    )
    make(replace(job, sounds=""))
    assert not (tmp_path / "sounds").exists()
    make(job)
    angry, neutral = results(job)
    assert angry.likeness is None
    if neutral.likeness is not None:
        assert neutral.likeness.stoi == pytest.approx(1, abs=1e-3)
    name = f"{paths[0].stem}-angry-1.wav"
    assert reader.length(tmp_path / "sounds" / name) == pytest.approx(
        1.2 * reader.length(paths[0]), rel=0.2
    )


def test_what_is_no_translator_is_said(
    fold: tuple[FoldEvaluator, list[Path]], tmp_path: Path
) -> None:
    panel, paths = fold
    (tmp_path / "no.keras").write_text("nothing")
    with pytest.raises(SerError, match=r"no\.keras: is not a \.keras model"):
        translate_sources(panel, paths, tmp_path / "no.keras", tmp_path)
