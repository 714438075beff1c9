"""How good translated speech is, by machines: unseen actors, every emotion, both intensities.

    python benchmarks/translation.py RAVDESS [--systems NAME,…] [--models FOLDER] [--folds 1,2,3,4]

RAVDESS is the folder with the corpus. Every neutral recording of a fold's six actors is translated
into all emotions, and classifiers that were trained on recordings of the other five say what they
measure_samples; they are in `ser/conversion/evaluation`. Systems:

    source     the recording as it is
    rules      rules learnt from the 18 other actors
    pix2pix    FOLDER/pix2pix-N.keras, where N is the fold
    ours       FOLDER/fold-N.keras
    rendered   real recordings of what was asked for, through the renderer
    real       the same as they are
    NAME=PATH  any translator; an N in braces, {N}, stands for the fold

``--words FOLDER,…`` adds how often sentences of other corpora (nEMO, TESS) are recognised after
translation by a fold's networks, and ``--speed`` how long ``ser-translate`` takes on one core.

The networks are trained by the commands; ``--tables FOLDER`` writes what they are to learn from, a
table without the actors of each fold:

    python benchmarks/translation.py RAVDESS --tables FOLDER
    ser-train FOLDER/fold-N.npy --arch gan-translate --epochs 8 --seed 1 -o FOLDER/fold-N.keras
    ser-train FOLDER/fold-N.npy --arch pix2pix-mel --seed 1 -o FOLDER/pix2pix-N.keras

Prints tables in Markdown and leaves ``translation.json`` and the same tables in
``benchmarks/results`` (of some folds or systems alone: in ``build/translation``). What was heard is
kept under ``build/translation``, so that an interrupted run goes on where it was.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.conversion.folds import FOLDS, training_actors  # noqa: E402
from benchmarks.conversion.likeness import Likeness  # noqa: E402
from benchmarks.conversion.trial import (  # noqa: E402
    Translated,
    listen,
    recordings_of,
    render_targets,
    translate_sources,
)
from benchmarks.conversion.unseen import kept, plan  # noqa: E402
from ser.audio import reader  # noqa: E402
from ser.audio.writer import write_sound  # noqa: E402
from ser.conversion import rules  # noqa: E402
from ser.conversion.artifact import write_rules_artifact  # noqa: E402
from ser.conversion.evaluation import measures  # noqa: E402
from ser.conversion.evaluation.classifiers import CLASSIFIERS  # noqa: E402
from ser.conversion.evaluation.measures import ClipMeasures  # noqa: E402
from ser.conversion.evaluation.panel import Assessment, FoldEvaluator  # noqa: E402
from ser.conversion.evaluation.report import ALL, NORMAL, STRONG, ConversionReport, summarize  # noqa: E402
from ser.corpora.base import Clip  # noqa: E402
from ser.corpora.registry import find_clips  # noqa: E402
from ser.dataset.table import read_table, write_table  # noqa: E402
from ser.errors import SerError  # noqa: E402
from ser.parallel.resources import limit_blas_threads  # noqa: E402

SYSTEMS = {
    "source": "source untouched",
    "rules": "rules",
    "pix2pix": "pix2pix-mel",
    "ours": "gan-translate",
    "rendered": "real targets through the renderer",
    "real": "real targets",
}
"""The rows of the tables, and what they are called."""

NETWORKS = {"pix2pix": "pix2pix-{N}.keras", "ours": "fold-{N}.keras"}

PLAIN = ("angry", "happy", "sad", "surprised", "neutral")
"""The emotions whose accuracy has an aim of its own."""

TIMES = " In brackets how many times as often as of the real targets."

NOTES = (
    "Nobody has listened: no opinion scores are claimed.",
    "EvaluationClassifiers are trained on real recordings, of both intensities, of five actors of a fold, whom no "
    "part of a translator was trained on, and judge the sixth. They read statistics relative to "
    "the voice: to mean and deviation over all real recordings of the actor, and to its neutral "
    "ones but the source.",
    "The speaker classifier tells six actors apart by long-term envelope and pitch; it is trained "
    "on real recordings of the other sentence and of other emotions than the one asked for.",
    "Strong targets, and neutral, which has one strength. Speaker, words and distances are without "
    "neutral targets. Intervals: 95 %, bootstrap over actors.",
)


@dataclass
class Bench:
    """Real recordings, what was heard, and everybody who judges.

    Attributes:
        corpus: The folder of RAVDESS.
        jobs: Processes.
        work: Where everything is kept that can be made again.
        table: A table of the corpus, preset ``translate``; extracted where there is none.
        sounds: Where translated recordings are kept as WAV files, if anywhere.
    """

    corpus: Path
    jobs: int = 2
    work: Path = ROOT / "build" / "translation"
    table: Path | None = None
    sounds: Path | None = None
    _panels: dict[int, FoldEvaluator] = field(default_factory=dict)
    _clips: dict[int, list[Clip]] = field(default_factory=dict)
    likenesses: dict[str, dict[str, list[Likeness]]] = field(default_factory=dict)

    def clips(self, fold: int) -> list[Clip]:
        """The recordings of a fold's actors."""
        if fold not in self._clips:
            listing = find_clips([self.corpus], "ravdess", channel="speech")
            self._clips[fold] = [c for c in listing.clips if c.speaker in FOLDS[fold - 1]]
            if not self._clips[fold]:
                raise SerError(self.corpus, "holds no RAVDESS", "give the folder of the corpus")
        return self._clips[fold]

    def panel(self, fold: int) -> FoldEvaluator:
        """Everybody who judges a fold; made once."""
        if fold not in self._panels:
            clips = self.clips(fold)
            heard = self._heard(fold, clips)
            with limit_blas_threads():
                self._panels[fold] = FoldEvaluator(recordings_of(clips, heard))
        return self._panels[fold]

    def _heard(self, fold: int, clips: Sequence[Clip]) -> list[ClipMeasures]:
        code = Path(measures.__file__).read_bytes()
        names = "\n".join(str(clip.path) for clip in clips).encode()
        key = hashlib.blake2b(code + names, digest_size=8).hexdigest()
        kept = self.work / "real" / f"{fold}-{key}.npz"
        if not kept.exists():
            found = listen(clips, self.jobs, _dots("listening", len(clips)))
            kept.parent.mkdir(parents=True, exist_ok=True)
            arrays = {
                f"{number}/{name}": value
                for number, heard in enumerate(found)
                for name, value in heard.to_arrays().items()
            }
            np.savez(kept, allow_pickle=False, **arrays)
            return found
        with np.load(kept, allow_pickle=False) as arrays:
            names = list(ClipMeasures.__dataclass_fields__)
            return [
                ClipMeasures.from_arrays({name: arrays[f"{number}/{name}"] for name in names})
                for number in range(len(clips))
            ]

    def answers(self, system: str, fold: int, model: Path | None = None) -> list[Assessment]:
        """Says what is heard of a system's outputs of a fold.

        Args:
            system: One of `SYSTEMS`, or any name where a model is given.
            fold: 1 to 4.
            model: The translator.
        """
        panel = self.panel(fold)
        if system == "source":
            outputs = panel.untouched(panel.tasks())
        elif system == "real":
            outputs = panel.real(panel.tasks())
        else:
            made = self.translated(system, fold, model)
            outputs = list(made.outputs)
            kept = self.likenesses.setdefault(system, {"own": [], "zero": []})
            kept["own"] += made.unchanged
            kept["zero"] += made.is_identity
        with limit_blas_threads():
            return panel.answer(outputs)

    def translated(self, system: str, fold: int, model: Path | None = None) -> Translated:
        """Lets a system do a fold's tasks, or reads what it has done."""
        panel = self.panel(fold)
        paths = [clip.path for clip in self.clips(fold)]
        folder = self.work / "made" / f"{system}-{fold}"
        if system == "rendered":
            count = sum(clip.emotion != "" for clip in self.clips(fold))
            return render_targets(
                panel, paths, folder, jobs=self.jobs, progress=_dots(f"{system} {fold}", count)
            )
        engine = "rules" if system == "rules" else "network"
        return translate_sources(
            panel,
            paths,
            self.rules(fold) if model is None else model,
            folder,
            engine=engine if model is None or system in NETWORKS else "auto",
            jobs=self.jobs,
            sounds=self.sounds / f"{system}-{fold}" if self.sounds else None,
            progress=_dots(f"{system} {fold}", len({task.source for task in panel.tasks()})),
        )

    def rules(self, fold: int) -> Path:
        """Learns the rules of a fold from the 18 other actors."""
        code = hashlib.blake2b(Path(rules.__file__).read_bytes(), digest_size=4).hexdigest()
        target = self.work / f"rules-{fold}-{code}.keras"
        if not target.exists():
            known = np.isin(self.features["speaker"], training_actors(fold))
            speakers = [f"ravdess/{actor}" for actor in training_actors(fold)]
            learnt = rules.learn_rules(self.features, np.flatnonzero(known))
            write_rules_artifact(target, learnt, {"speakers": speakers})
        return target

    def write_tables(self, folder: Path, folds: Sequence[int]) -> None:
        """Writes the table that a fold's networks are to learn from, for each fold."""
        folder.mkdir(parents=True, exist_ok=True)
        for fold in folds:
            known = np.isin(self.features["speaker"], training_actors(fold))
            write_table(folder / f"fold-{fold}.npy", self.features[known])

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
        """Evaluates systems; those whose networks are not there are left out, with a note.

        Args:
            systems: Names of `SYSTEMS`, or ``NAME=PATH``.
            folds: Some of 1 to 4.
            models: The folder of the networks.
        """
        found: dict[str, list[Assessment]] = {}
        notes = list(NOTES)
        for given in systems:
            system, _, path = given.partition("=")
            pattern = Path(path) if path else (models or Path()) / NETWORKS.get(system, "")
            there = [fold for fold in folds if _exists(system, path, pattern, fold)]
            if there != list(folds):
                notes.append(f"{SYSTEMS.get(system, system)}: left out, {pattern} is not there.")
                continue
            found[system] = []
            for fold in folds:
                network = path or system in NETWORKS
                model = Path(str(pattern).replace("{N}", str(fold))) if network else None
                found[system] += self.answers(system, fold, model)
        return summarize(found, notes=notes)

    def words(
        self, systems: Sequence[str], fold: int, models: Path | None, corpora: Sequence[Path]
    ) -> list[dict[str, Any]]:
        """Says how often sentences that training has not seen are recognised.

        Args:
            systems: As in `evaluate`; those without a translator are passed over.
            fold: Whose translators.
            models: The folder of the networks.
            corpora: Folders of corpora that no translator has learnt from.
        """
        found = []
        for corpus in corpora:
            listing = find_clips([corpus])
            chosen = plan(listing.clips)
            for system, model in self._translators(systems, fold, models).items():
                known = {clip.path for some in chosen.templates.values() for clip in some}
                count = len(known) + len(chosen.sources) + len(chosen.targets)
                result = kept(
                    chosen,
                    model,
                    self.work / "made" / f"{system}-{fold}-{corpus.name}",
                    engine="rules" if system == "rules" else "auto",
                    jobs=self.jobs,
                    progress=_dots(f"{system} {corpus.name}", count),
                )
                found.append({"system": system, "corpus": corpus.name, **asdict(result)})
        return found

    def speed(self, systems: Sequence[str], fold: int, models: Path | None) -> list[dict[str, Any]]:
        """Measures ``ser-translate`` on ten seconds of speech and one core, start included."""
        sound = self.work / "ten-seconds.wav"
        neutral = [clip.path for clip in self.clips(fold) if clip.emotion == "neutral"]
        rate = 24_000
        speech = np.concatenate([reader.read(path, rate) for path in neutral[:4]])[: 10 * rate]
        write_sound(sound, speech, rate)
        found = []
        for system, model in self._translators(systems, fold, models).items():
            command = [sys.executable, str(ROOT / "bin" / "ser-translate"), str(sound)]
            engine = ["--engine", "rules"] if system == "rules" else []
            options = [
                "--model",
                str(model),
                "--to",
                "angry",
                "-o",
                str(sound.with_suffix(".out.wav")),
            ]
            times = [_timed([*command, *options, *engine]) for _ in range(3)]
            wall, busy = min(times)
            found.append(
                {"system": system, "seconds": len(speech) / rate, "wall": wall, "busy": busy}
            )
        return found

    def _translators(
        self, systems: Sequence[str], fold: int, models: Path | None
    ) -> dict[str, Path]:
        """Finds the artifacts of the systems that have one."""
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

    def candidate(self, model: Path, fold: int) -> ConversionReport:
        """Evaluates one network of one fold beside rules and real targets."""
        return self.evaluate(["rules", f"candidate={model}", "real"], [fold])


def _timed(command: Sequence[str]) -> tuple[float, float]:
    """Runs a command on one core; gives seconds by the clock, and seconds of work."""
    core = {min(os.sched_getaffinity(0))} if hasattr(os, "sched_setaffinity") else set()
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=(lambda: os.sched_setaffinity(0, core)) if core else None,
    )
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _exists(system: str, path: str, pattern: Path, fold: int) -> bool:
    if not path and system not in NETWORKS:
        return True
    return Path(str(pattern).replace("{N}", str(fold))).exists()


def _dots(what: str, total: int) -> Callable[[int], None]:
    done, began = 0, time.monotonic()

    def step(count: int) -> None:
        nonlocal done
        done += count
        if done == total or not done % max(1, total // 10):
            print(f"{what}: {done}/{total}, {time.monotonic() - began:.0f} s", file=sys.stderr)

    return step


def markdown(report: ConversionReport, bench: Bench | None = None) -> str:
    """Writes a report as tables."""
    lines = []
    for strength, title in ((STRONG, "Strong targets"), (NORMAL, "Normal targets"), (ALL, "Both")):
        if not any(strength in groups for groups in report.systems.values()):
            continue
        lines += ["", f"## {title}", "", *_overview(report, strength)]
        if strength != ALL:
            for judge in CLASSIFIERS:
                lines += [
                    "",
                    f"{judge}: {CLASSIFIERS[judge][2]}",
                    "",
                    *_emotions(report, strength, judge),
                ]
    if bench and any(some["own"] for some in bench.likenesses.values()):
        lines += ["", "## What should stay as it is", "", *_likeness(bench)]
    lines += ["", "## How to read this", "", *(f"- {note}" for note in report.notes)]
    return "\n".join(lines[1:]) + "\n"


def _overview(report: ConversionReport, strength: str) -> list[str]:
    lines = [
        "| system | judge | accuracy | over real | above the rules | diagonal | speaker | words | "
        "F0, semitones | duration, s | MCD, dB |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for system, groups in report.systems.items():
        if strength not in groups:
            continue
        group = groups[strength]
        for number, (judge, accuracy) in enumerate(group.judges.items()):
            over = f"{accuracy.over_real.value:.2f}" if accuracy.over_real else "–"
            above = _signed(accuracy.above_rules) if accuracy.above_rules else "–"
            cells = [judge, str(accuracy.macro), over, above, "yes" if accuracy.diagonal else "no"]
            rest = [
                f"{group.speaker.value:.3f} ({group.speaker.low:.2f}–{group.speaker.high:.2f})",
                f"{group.words.value:.3f}",
                *(
                    f"{figure.value:.2f} ({figure.low:.2f}–{figure.high:.2f})" if figure else "–"
                    for figure in (group.pitch, group.duration, group.envelope)
                ),
            ]
            name = SYSTEMS.get(system, system) if not number else ""
            lines.append("| " + " | ".join([name, *cells, *([""] * 5 if number else rest)]) + " |")
    return lines


def _emotions(report: ConversionReport, strength: str, judge: str) -> list[str]:
    lines = [
        "| system | " + " | ".join(report.emotions) + " |",
        "| --- |" + " --- |" * len(report.emotions),
    ]
    for system, groups in report.systems.items():
        if strength not in groups:
            continue
        accuracy = groups[strength].judges[judge]
        cells = [
            f"{accuracy.emotions[e]:.2f} ({accuracy.emotions_over_real[e]:.2f})"
            if accuracy.emotions_over_real.get(e) is not None and system != "real"
            else f"{accuracy.emotions[e]:.2f}"
            if e in accuracy.emotions
            else "–"
            for e in report.emotions
        ]
        lines.append(f"| {SYSTEMS.get(system, system)} | " + " | ".join(cells) + " |")
    return lines


def aims(
    report: ConversionReport, system: str, bench: Bench, speed: Sequence[dict[str, Any]] = ()
) -> list[str]:
    """Holds a system against what it is to reach, as a table; strong targets where nothing is said.

    Args:
        report: Has the system, rules and real targets.
        system: Its name.
        bench: Has what was measured of outputs that should not differ from their sources.
        speed: What `Bench.speed` gave.
    """
    own, real = report.systems[system], report.systems["real"]
    strong, everything = own[STRONG], own[ALL]
    rows: list[tuple[str, str, str, bool]] = []
    for judge, accuracy in strong.judges.items():
        over, above = accuracy.over_real, accuracy.above_rules
        if over is not None:
            least = min(
                ((v, e) for e, v in accuracy.emotions_over_real.items() if v is not None),
                default=(0.0, "none"),
            )
            rows += [
                (f"{judge}: macro over real targets", "1.0", f"{over.value:.2f}", over.value >= 1),
                (f"{judge}: least emotion", "0.6", f"{least[0]:.2f} {least[1]}", least[0] >= 0.6),
            ]
        if above is not None:
            reached = above.value >= 0.15 and above.low > 0
            rows.append((f"{judge}: above the rules", "0.15, without 0", _signed(above), reached))
        least = min((accuracy.emotions.get(name, 0.0), name) for name in PLAIN)
        rows += [
            (f"{judge}: least of five", "0.70", f"{least[0]:.2f} {least[1]}", least[0] >= 0.7),
            (
                f"{judge}: largest on the diagonal, strong and both",
                "all rows",
                _yes(accuracy.diagonal) + ", " + _yes(everything.judges[judge].diagonal),
                accuracy.diagonal and everything.judges[judge].diagonal,
            ),
        ]
    voice, theirs = strong.speaker.value, real[STRONG].speaker.value
    rows.append(("speaker", f"{theirs:.3f}, the real", f"{voice:.3f}", voice >= theirs))
    said, spoken = everything.words.value, real[ALL].words.value
    rows.append(("words, both", f"{spoken - 0.01:.3f}", f"{said:.3f}", said >= spoken - 0.01))
    for name, figure, most in (
        ("F0 error, semitones", strong.pitch, 4.5),
        ("duration error, s", strong.duration, 0.35),
    ):
        if figure is not None:
            rows.append((name, f"{most}", f"{figure.value:.2f}", figure.value <= most))
    for kind, title in (("own", "own emotion"), ("zero", "intensity 0")):
        some = bench.likenesses.get(system, {}).get(kind)
        if some:
            pesq, stoi = np.array([(one.pesq, one.stoi) for one in some]).mean(axis=0)
            rows += [
                (f"{title}: PESQ-WB", "4.0", f"{pesq:.2f}", bool(pesq >= 4)),
                (f"{title}: STOI", "0.98", f"{stoi:.3f}", bool(stoi >= 0.98)),
            ]
    for row in speed:
        if row["system"] == system:
            factor = row["wall"] / row["seconds"]
            rows.append(("real-time factor", "0.3", f"{factor:.2f}", factor <= 0.3))
    return [
        f"| {SYSTEMS.get(system, system)} | to reach | found | reached |",
        "| --- | --- | --- | --- |",
        *(f"| {axis} | {aim} | {found} | {_yes(reached)} |" for axis, aim, found, reached in rows),
    ]


def _yes(reached: bool) -> str:
    return "yes" if reached else "no"


def _likeness(bench: Bench) -> list[str]:
    lines = [
        "| system | of which | recordings | PESQ-WB, mean (least) | STOI, mean (least) |",
        "| --- | --- | --- | --- | --- |",
    ]
    for system, kinds in bench.likenesses.items():
        for kind, title in (("own", "its own emotion, not told"), ("zero", "intensity 0")):
            some = kinds[kind]
            if some:
                pesq, stoi = np.array([(one.pesq, one.stoi) for one in some]).T
                title = "all that it has to do" if system == "rendered" else title
                lines.append(
                    f"| {SYSTEMS.get(system, system)} | {title} | {len(some)} | {pesq.mean():.2f} "
                    f"({pesq.min():.2f}) | {stoi.mean():.3f} ({stoi.min():.3f}) |"
                )
    return lines


def _words(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "| system | corpus | sentences to choose from | clips | translated | real recordings |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {SYSTEMS.get(row['system'], row['system'])} | {row['corpus']} | {row['sentences']} | "
        f"{row['clips']} | {row['made']:.3f} | {row['real']:.3f} |"
        for row in rows
    ]
    return lines


def _speed(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "| system | speech, s | by the clock, s | of work, s | real-time factor |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {SYSTEMS.get(row['system'], row['system'])} | {row['seconds']:.1f} | "
        f"{row['wall']:.2f} | {row['busy']:.2f} | {row['wall'] / row['seconds']:.2f} |"
        for row in rows
    ]
    return lines


def _signed(figure: Any) -> str:
    return f"{figure.value:+.3f} ({figure.low:+.3f} to {figure.high:+.3f})"


def _rounded(value: Any) -> Any:
    """Leaves four decimals: the file is kept with the code."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, help="the folder of RAVDESS")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="rows, by name or NAME=PATH")
    parser.add_argument("--models", type=Path, help="the folder of the networks")
    parser.add_argument("--folds", default="1,2,3,4")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", type=Path, help="a table of RAVDESS, preset translate")
    parser.add_argument("--sounds", type=Path, help="keep what is made as WAV files here")
    parser.add_argument("--tables", type=Path, help="write each fold's training table, and stop")
    parser.add_argument("--words", help="folders of other corpora, nEMO and TESS")
    parser.add_argument("--speed", action="store_true", help="measure ser-translate, too")
    options = parser.parse_args()
    folds = [int(fold) for fold in options.folds.split(",")]
    if not set(folds) <= set(range(1, len(FOLDS) + 1)):
        parser.error(f"there are folds 1 to {len(FOLDS)}")
    bench = Bench(options.corpus, options.jobs, table=options.table, sounds=options.sounds)
    if options.tables is not None:
        bench.write_tables(options.tables, folds)
        return
    began = time.monotonic()
    systems = options.systems.split(",")
    report = bench.evaluate(systems, folds, options.models)
    others = [Path(name) for name in (options.words or "").split(",") if name]
    words = bench.words(systems, folds[0], options.models, others)
    speed = bench.speed(systems, folds[0], options.models) if options.speed else []
    whole = len(folds) == len(FOLDS) and set(SYSTEMS) <= set(report.systems)
    folder = ROOT / "benchmarks" / "results" if whole else bench.work
    folder.mkdir(parents=True, exist_ok=True)
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "folds": {str(fold): list(FOLDS[fold - 1]) for fold in folds},
        "likeness": {
            system: {kind: [[one.pesq, one.stoi] for one in some] for kind, some in kinds.items()}
            for system, kinds in bench.likenesses.items()
        },
        "words": words,
        "speed": speed,
        **report.to_dict(),
    }
    compact = json.dumps(_rounded(result), separators=(",", ":"))
    (folder / "translation.json").write_text(compact + "\n")
    text = "# Results of translation\n\n" + markdown(report, bench)
    if words:
        title = "Words of corpora that training has not seen, strong targets"
        text += "\n".join(["", f"## {title}", "", *_words(words), ""])
    if speed:
        text += "\n".join(["", "## Speed, on one core and with the start", "", *_speed(speed), ""])
    for system in report.systems:
        if system not in ("source", "rules", "rendered", "real") and "real" in report.systems:
            text += "\n".join(["", "## Aims", "", *aims(report, system, bench, speed), ""])
    (folder / "translation.md").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    try:
        main()
    except SerError as error:
        sys.exit(str(error))
