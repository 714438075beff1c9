"""What is fuzzed: files to begin with, how they are changed, and what is done with the result."""

from __future__ import annotations

import io
import json
import os
import signal
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mutations as m
import numpy as np
from annotations import write_eaf, write_rttm, write_textgrid
from speech import render
from tables import make_table

from ser.audio import reader
from ser.conversion.artifact import read_conversion_card, read_rules
from ser.corpora.manifest import read_manifest
from ser.dataset.folds import read_folds
from ser.dataset.merge import merge
from ser.dataset.split import make_folds
from ser.dataset.stats import table_statistics
from ser.dataset.table import read_table
from ser.evaluation.predictions import labeled, read_predictions
from ser.inference.classifier import open_classifier
from ser.inference.config import make_config
from ser.inference.recognizer import Recognizer
from ser.models.artifact import read_card, read_speaker_model
from ser.models.former_names import update_card
from ser.pretrained import DEFAULT_MODEL, DEFAULT_TRANSLATOR, SMALL_MODEL
from ser.speakers.encoder import SIZE
from ser.speakers.voiceprints import Voiceprint, read_store, write_store
from ser.timeline.readers.eaf import EafReader
from ser.timeline.readers.rttm import RttmReader
from ser.timeline.readers.textgrid import TextGridReader


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        suffix: The ending of its names.
        seeds: Makes the files to begin with.
        mutations: How they are changed; each is as probable as the others.
        use: Reads a file; a `SerError` is a right answer, and anything else is a find.
        share: How many of each thousand inputs are of this kind, by what one costs.
    """

    suffix: str
    seeds: Callable[[], list[bytes]]
    mutations: tuple[m.Mutation, ...]
    use: Callable[[Path], object]
    share: int


def _table_seeds() -> list[bytes]:
    found = []
    for table in (make_table(6, seed=1), make_table(3, seed=2, corpus="tess", speaker="OAF")):
        stream = io.BytesIO()
        np.save(stream, np.array(table), allow_pickle=False)
        found.append(stream.getvalue())
    return found


def _use_table(path: Path) -> None:
    table = read_table(path)
    table_statistics(table)
    repr(table)
    if len(table) < 100:
        merge(table)
        make_folds(table, 2, by="clip")


_KEPT = ("ser.json", "model.tflite", "voice.npy", "mel.npy", "speaker.npz")


def _artifact(path: Path, *kept: str) -> bytes:
    """Copies the members of a model that are small, or asked for."""
    stream = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(stream, "w") as target:
        for name in source.namelist():
            if name in kept:
                target.writestr(name, source.read(name))
    return stream.getvalue()


def _use_classifier(path: Path) -> None:
    read_card(path)
    open_classifier(path, "litert")


def _use_network(path: Path) -> None:
    classifier = open_classifier(path, "litert")
    samples = render("sad", 1, seed=1, seconds=0.6)
    Recognizer(classifier, make_config(classifier)).predict(samples, 16_000)


def _use_card(path: Path) -> None:
    card = read_card(path)
    update_card(card)
    from ser.cli.stats.card import card_lines

    card_lines(card, str(path), path.stat().st_size)


def _use_speaker_model(path: Path) -> None:
    read_card(path)
    read_speaker_model(path)


def _use_rules(path: Path) -> None:
    read_rules(path, read_conversion_card(path))


def _predictions() -> list[bytes]:
    labels = ("sad", "angry", "calm")
    lines = ["# protocol: a test", "# seed: 1"]
    columns = ("path", "start", "corpus", "speaker", "emotion", "predicted", "fold")
    lines.append(",".join([*columns, *(f"p_{label}" for label in labels)]))
    for number in range(6):
        lines.append(f"a/{number}.wav,0.0,tess,OAF,{labels[number % 3]},sad,1,0.5,0.25,0.25")
    return ["\n".join([*lines, ""]).encode()]


def _use_predictions(path: Path) -> None:
    from ser.evaluation.metrics import evaluate_predictions

    found = labeled(read_predictions(path))
    if len(found) < 20:
        evaluate_predictions(found, seed=0)


_TABLE = make_table(6, seed=1)


def _folds() -> list[bytes]:
    speakers = sorted(
        {f"{c}/{s}" for c, s in zip(_TABLE["corpus"], _TABLE["speaker"], strict=True)}
    )
    paths = sorted(set(_TABLE["path"].tolist()))
    by_speaker = {"by": "speaker", "seed": 0, "folds": [[name] for name in [*speakers, "b/2"][:2]]}
    by_clip = {"by": "clip", "seed": 0, "folds": [paths[:3], paths[3:]]}
    return [json.dumps(by_speaker).encode(), json.dumps(by_clip).encode()]


def _manifest() -> list[bytes]:
    return [
        b"path,emotion,speaker,start,duration,gender\na.wav,sad,1,0,1.5,f\nb.wav,angry,2,0.5,2,m\n",
        b"path\temotion\n/x/y.wav\tcalm\n",
    ]


def _segments(write: Callable[[Path], Path]) -> Callable[[], list[bytes]]:
    """Gives what writes a file of segments, as bytes."""

    def made() -> list[bytes]:
        with tempfile.TemporaryDirectory() as folder:
            return [write(Path(folder, "file")).read_bytes()]

    return made


def _voices() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "voices.npz")
        center = np.eye(1, SIZE, dtype=np.float32)[0]
        write_store(path, [Voiceprint(name, center, 1.0) for name in ("Anna", "Ben")])
        return [path.read_bytes()]


def _sounds() -> list[bytes]:
    import soundfile

    samples = render("sad", 1, seed=1, seconds=0.6)
    found = []
    for kind, subtype in (
        ("WAV", "PCM_16"), ("WAV", "MS_ADPCM"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"),
        ("OGG", "OPUS"), ("AIFF", "PCM_24"), ("AU", "ULAW"), ("CAF", "ALAC_16"), ("MP3", None),
    ):  # fmt: skip
        stream = io.BytesIO()
        soundfile.write(stream, samples, 16_000, format=kind, subtype=subtype)
        found.append(stream.getvalue())
    return found


def _use_sound(path: Path) -> None:
    seconds = 0.0
    for block in reader.stream(path, 16_000):
        seconds += len(block) / 16_000
        if seconds > 120:
            # Honest files of this size are shorter; a header may say otherwise.
            return


_CARD = m.member_of("ser.json", m.values_of_json, m.values_of_json, m.values_of_json, m.deep)
_VOICE = m.member_of("voice.npy", m.header_of_array, m.any_raw)
_ARRAYS = ("mean", "scale", "weights", "centers", "within", "prior", "temperature")
_SPEAKER = m.member_of(
    "speaker.npz",
    m.any_raw,
    *(m.member_of(f"{name}.npy", m.header_of_array, m.body_of_array) for name in _ARRAYS),
)

TARGETS: dict[str, Target] = {
    "table": Target(
        ".npy",
        _table_seeds,
        (m.any_raw, m.header_of_array, m.body_of_array, m.body_of_array),
        _use_table,
        300,
    ),
    "card": Target(
        ".keras",
        lambda: [_artifact(path, "ser.json") for path in (SMALL_MODEL, DEFAULT_MODEL)],
        (_CARD, _CARD, m.any_raw),
        _use_card,
        200,
    ),
    "classifier": Target(
        ".keras",
        lambda: [_artifact(SMALL_MODEL, *_KEPT)],
        (_CARD, _CARD, _VOICE, _VOICE, m.any_raw),
        _use_classifier,
        40,
    ),
    "network": Target(
        ".keras",
        lambda: [_artifact(SMALL_MODEL, *_KEPT)],
        (m.member_of("model.tflite", m.any_raw),),
        _use_network,
        40,
    ),
    "speaker": Target(
        ".keras",
        lambda: [_artifact(DEFAULT_MODEL, "ser.json", "speaker.npz")],
        (_SPEAKER,),
        _use_speaker_model,
        40,
    ),
    "rules": Target(
        ".keras", lambda: [_artifact(DEFAULT_TRANSLATOR, "ser.json")], (_CARD,), _use_rules, 60
    ),
    "predictions": Target(
        ".csv", _predictions, (m.any_raw, m.cells_of_csv, m.cells_of_csv), _use_predictions, 60
    ),
    "folds": Target(
        ".json",
        _folds,
        (m.any_raw, m.values_of_json, m.deep),
        lambda path: read_folds(_TABLE, path),
        150,
    ),
    "manifest": Target(".csv", _manifest, (m.any_raw, m.cells_of_csv), read_manifest, 150),
    "rttm": Target(
        ".rttm", _segments(write_rttm), (m.any_raw,), lambda path: RttmReader().read(path), 150
    ),
    "textgrid": Target(
        ".TextGrid",
        _segments(write_textgrid),
        (m.any_raw,),
        lambda path: TextGridReader().read(path),
        60,
    ),
    "eaf": Target(
        ".eaf", _segments(write_eaf), (m.any_raw,), lambda path: EafReader().read(path), 150
    ),
    "voices": Target(
        ".npz",
        _voices,
        (
            m.any_raw,
            *(
                m.member_of(f"{name}.npy", m.header_of_array, m.body_of_array)
                for name in ("names", "voices", "seconds")
            ),
        ),
        read_store,
        150,
    ),
    "sound": Target(".sound", _sounds, (m.any_raw,), _use_sound, 150),
}


def _fail(path: Path) -> None:
    match path.read_bytes():
        case b"error":
            raise KeyError("found")
        case b"memory":
            np.ones(1 << 28)
        case b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)


PROBE = "probe"
"""A target that fails in every way: what does not find it finds nothing."""

ALL: dict[str, Target] = {
    **TARGETS,
    PROBE: Target(
        ".probe",
        lambda: [b"error", b"memory", b"crash", b"fine"],
        (lambda chance, data: data,),
        lambda path: None if path.name.startswith("seed") else _fail(path),
        0,
    ),
}
"""Everything that a batch can be run of."""
