"""The benchmark of emotion conversion on RAVDESS: evaluates systems, with stored results."""

from __future__ import annotations

import hashlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.conversion import measures
from benchmarks.conversion.folds import FOLDS, training_actors
from benchmarks.conversion.intelligibility import measure_recognition, plan_sentences
from benchmarks.conversion.outputs import (
    FoldOutputs,
    convert_sources,
    measure_clips,
    reference_recordings,
    resynthesize_targets,
)
from benchmarks.conversion.quality import SpeechQuality
from ser.audio import reader
from ser.audio.writer import write_sound
from ser.conversion import rules
from ser.conversion.artifact import write_rules_artifact
from ser.conversion.evaluation import measures as package_measures
from ser.conversion.evaluation.assessment import Assessment, FoldEvaluator
from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.evaluation.report import ConversionReport, summarize
from ser.corpora.base import Clip
from ser.corpora.registry import find_clips
from ser.dataset.table import read_table, write_table
from ser.errors import SerError
from ser.parallel.resources import limit_blas_threads

ROOT = Path(__file__).resolve().parents[2]

SYSTEMS = {
    "source": "source untouched",
    "rules": "rules",
    "pix2pix": "pix2pix-mel",
    "ours": "gan-translate",
    "rendered": "real targets through the renderer",
    "real": "real targets",
}
"""The systems, and their names in tables."""

NETWORKS = {"pix2pix": "pix2pix-{N}.keras", "ours": "fold-{N}.keras"}
"""The model files of systems that are networks, N being the fold."""

NOTES = (
    "Nobody has listened: no opinion scores are claimed.",
    "Judges are trained on real recordings, of both intensities, of five actors of a fold, whom no "
    "part of a translator was trained on, and judge the sixth. They read statistics relative to "
    "the voice: to mean and deviation over all real recordings of the actor, and to its neutral "
    "ones but the source.",
    "The speaker classifier tells six actors apart by long-term envelope and pitch; it is trained "
    "on real recordings of the other sentence and of other emotions than the one asked for.",
    "Strong targets, and neutral, which has one strength. Speaker, words and distances are without "
    "neutral targets. Intervals: 95 %, bootstrap over actors.",
)


@dataclass
class ConversionBenchmark:
    """Evaluates systems on the folds of RAVDESS.

    Attributes:
        corpus: The folder of RAVDESS.
        jobs: Processes.
        work: The folder of stored results, which can be deleted.
        table: A table of the corpus, preset ``translate``; extracted where there is none.
        sounds: A folder for converted recordings as WAV files, if any.
        qualities: Quality of conversions that should equal their source, by system: those to the
            source's ``own`` emotion, and those with intensity ``zero``.
    """

    corpus: Path
    jobs: int = 2
    work: Path = ROOT / "build" / "translation"
    table: Path | None = None
    sounds: Path | None = None
    _evaluators: dict[int, FoldEvaluator] = field(default_factory=dict)
    _clips: dict[int, list[Clip]] = field(default_factory=dict)
    qualities: dict[str, dict[str, list[SpeechQuality]]] = field(default_factory=dict)

    def clips(self, fold: int) -> list[Clip]:
        """Finds the recordings of a fold's actors."""
        if fold not in self._clips:
            listing = find_clips([self.corpus], "ravdess", channel="speech")
            self._clips[fold] = [c for c in listing.clips if c.speaker in FOLDS[fold - 1]]
            if not self._clips[fold]:
                raise SerError(self.corpus, "holds no RAVDESS", "give the folder of the corpus")
        return self._clips[fold]

    def evaluator(self, fold: int) -> FoldEvaluator:
        """Trains the classifiers of a fold, once."""
        if fold not in self._evaluators:
            clips = self.clips(fold)
            measured = self._measure(fold, clips)
            with limit_blas_threads():
                self._evaluators[fold] = FoldEvaluator(reference_recordings(clips, measured))
        return self._evaluators[fold]

    def assess(self, system: str, fold: int, model: Path | None = None) -> list[Assessment]:
        """Assesses the conversions of a fold by a system.

        Args:
            system: One of `SYSTEMS`, or any name where a model is given.
            fold: 1 to 4.
            model: The conversion model.
        """
        evaluator = self.evaluator(fold)
        if system == "source":
            outputs = evaluator.unconverted(evaluator.tasks())
        elif system == "real":
            outputs = evaluator.real_targets(evaluator.tasks())
        else:
            converted = self.convert(system, fold, model)
            outputs = list(converted.outputs)
            qualities = self.qualities.setdefault(system, {"own": [], "zero": []})
            qualities["own"] += converted.own_emotion
            qualities["zero"] += converted.zero_intensity
        with limit_blas_threads():
            return evaluator.assess(outputs)

    def convert(self, system: str, fold: int, model: Path | None = None) -> FoldOutputs:
        """Performs the tasks of a fold with a system, or reads stored results."""
        evaluator = self.evaluator(fold)
        paths = [clip.path for clip in self.clips(fold)]
        folder = self.work / "made" / f"{system}-{fold}"
        name = f"{system} {fold}"
        if system == "rendered":
            count = sum(clip.emotion != "" for clip in self.clips(fold))
            return resynthesize_targets(
                evaluator, paths, folder, jobs=self.jobs, progress=_progress(name, count)
            )
        engine = "rules" if system == "rules" else "network"
        return convert_sources(
            evaluator,
            paths,
            self.rules(fold) if model is None else model,
            folder,
            engine=engine if model is None or system in NETWORKS else "auto",
            jobs=self.jobs,
            sounds=self.sounds / f"{system}-{fold}" if self.sounds else None,
            progress=_progress(name, len({task.source for task in evaluator.tasks()})),
        )

    def rules(self, fold: int) -> Path:
        """Learns the rules of a fold from the 18 training actors."""
        code = hashlib.blake2b(Path(rules.__file__).read_bytes(), digest_size=4).hexdigest()
        target = self.work / f"rules-{fold}-{code}.keras"
        if not target.exists():
            training = np.isin(self.features["speaker"], training_actors(fold))
            speakers = [f"ravdess/{actor}" for actor in training_actors(fold)]
            learned = rules.learn_rules(self.features, np.flatnonzero(training))
            write_rules_artifact(target, learned, {"speakers": speakers})
        return target

    def write_tables(self, folder: Path, folds: Sequence[int]) -> None:
        """Writes the training table of each fold."""
        folder.mkdir(parents=True, exist_ok=True)
        for fold in folds:
            training = np.isin(self.features["speaker"], training_actors(fold))
            write_table(folder / f"fold-{fold}.npy", self.features[training])

    @cached_property
    def features(self) -> Any:
        """The table of the corpus."""
        path = self.table or self.work / "ravdess.npy"
        if not path.exists():
            command = [sys.executable, str(ROOT / "bin" / "ser-extract"), str(self.corpus)]
            options = ["--channel", "speech", "--preset", "translate", "-o", str(path)]
            self.work.mkdir(parents=True, exist_ok=True)
            subprocess.run([*command, *options], check=True)
        return read_table(path)

    def evaluate(
        self, systems: Sequence[str], folds: Sequence[int], models: Path | None = None
    ) -> ConversionReport:
        """Evaluates systems; those without a model file are left out, with a note.

        Args:
            systems: Names of `SYSTEMS`, or ``NAME=PATH``.
            folds: Some of 1 to 4.
            models: The folder of the networks.
        """
        assessments: dict[str, list[Assessment]] = {}
        notes = list(NOTES)
        for given in systems:
            system, _, path = given.partition("=")
            pattern = Path(path) if path else (models or Path()) / NETWORKS.get(system, "")
            available = [fold for fold in folds if _has_model(system, path, pattern, fold)]
            if available != list(folds):
                notes.append(f"{SYSTEMS.get(system, system)}: left out, {pattern} is not there.")
                continue
            assessments[system] = []
            for fold in folds:
                network = path or system in NETWORKS
                model = Path(str(pattern).replace("{N}", str(fold))) if network else None
                assessments[system] += self.assess(system, fold, model)
        return summarize(assessments, notes=notes)

    def intelligibility(
        self, systems: Sequence[str], fold: int, models: Path | None, corpora: Sequence[Path]
    ) -> list[dict[str, Any]]:
        """Measures the recognition of sentences unseen in training.

        Args:
            systems: As in `evaluate`; those without a model are left out.
            fold: The fold of the models.
            models: The folder of the networks.
            corpora: Folders of corpora unseen in training.
        """
        rows = []
        for corpus in corpora:
            listing = find_clips([corpus])
            plan = plan_sentences(listing.clips)
            templates = {clip.path for group in plan.templates.values() for clip in group}
            count = len(templates) + len(plan.sources) + len(plan.targets)
            for system, model in self._model_files(systems, fold, models).items():
                rate = measure_recognition(
                    plan,
                    model,
                    self.work / "made" / f"{system}-{fold}-{corpus.name}",
                    engine="rules" if system == "rules" else "auto",
                    jobs=self.jobs,
                    progress=_progress(f"{system} {corpus.name}", count),
                )
                rows.append({"system": system, "corpus": corpus.name, **asdict(rate)})
        return rows

    def speed(self, systems: Sequence[str], fold: int, models: Path | None) -> list[dict[str, Any]]:
        """Measures ``ser-translate`` on ten seconds of speech and one core, start included."""
        sound = self.work / "ten-seconds.wav"
        neutral = [clip.path for clip in self.clips(fold) if clip.emotion == "neutral"]
        rate = 24_000
        speech = np.concatenate([reader.read(path, rate) for path in neutral[:4]])[: 10 * rate]
        write_sound(sound, speech, rate)
        output = str(sound.with_suffix(".out.wav"))
        rows = []
        for system, model in self._model_files(systems, fold, models).items():
            command = [sys.executable, str(ROOT / "bin" / "ser-translate"), str(sound)]
            engine = ["--engine", "rules"] if system == "rules" else []
            options = ["--model", str(model), "--to", "angry", "-o", output]
            times = [_time_command([*command, *options, *engine]) for _ in range(3)]
            wall, busy = min(times)
            rows.append(
                {"system": system, "seconds": len(speech) / rate, "wall": wall, "busy": busy}
            )
        return rows

    def _measure(self, fold: int, clips: Sequence[Clip]) -> list[ClipMeasures]:
        """Measures the real recordings of a fold, or reads stored measures."""
        code = b"".join(
            Path(str(module.__file__)).read_bytes() for module in (package_measures, measures)
        )
        paths = "\n".join(str(clip.path) for clip in clips).encode()
        key = hashlib.blake2b(code + paths, digest_size=8).hexdigest()
        store = self.work / "real" / f"{fold}-{key}.npz"
        if not store.exists():
            measured = measure_clips(clips, self.jobs, _progress("measuring", len(clips)))
            store.parent.mkdir(parents=True, exist_ok=True)
            stored = {
                f"{number}/{name}": value
                for number, one in enumerate(measured)
                for name, value in one.to_arrays().items()
            }
            np.savez(store, allow_pickle=False, **stored)
            return measured
        with np.load(store, allow_pickle=False) as arrays:
            names = list(ClipMeasures.__dataclass_fields__)
            return [
                ClipMeasures.from_arrays({name: arrays[f"{number}/{name}"] for name in names})
                for number in range(len(clips))
            ]

    def _model_files(
        self, systems: Sequence[str], fold: int, models: Path | None
    ) -> dict[str, Path]:
        """Finds the model files of the systems that have one."""
        found = {}
        for given in systems:
            system, _, path = given.partition("=")
            if system == "rules":
                found[system] = self.rules(fold)
            elif path or (system in NETWORKS and models is not None):
                pattern = path or str((models or Path()) / NETWORKS[system])
                model = Path(pattern.replace("{N}", str(fold)))
                if model.exists():
                    found[system] = model
        return found


def _time_command(command: Sequence[str]) -> tuple[float, float]:
    """Runs a command on one core; gives wall-clock and CPU seconds."""
    core = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_setaffinity") else set()
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=(lambda: os.sched_setaffinity(0, core)) if core else None,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _has_model(system: str, path: str, pattern: Path, fold: int) -> bool:
    if not path and system not in NETWORKS:
        return True
    return Path(str(pattern).replace("{N}", str(fold))).exists()


def _progress(name: str, total: int) -> Callable[[int], None]:
    """Makes a function that reports progress on stderr, ten times at most."""
    done, start = 0, time.monotonic()

    def step(count: int) -> None:
        nonlocal done
        done += count
        if done == total or not done % max(1, total // 10):
            print(f"{name}: {done}/{total}, {time.monotonic() - start:.0f} s", file=sys.stderr)

    return step
