"""What a command imports before its first result: seconds of waiting, kept out by these tests."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import ROOT, RunPython
from speech import render
from tables import make_table

from ser.dataset.table import read_table, write_table

COMMANDS = sorted(path.name for path in (ROOT / "bin").iterdir())

HEAVY = (
    "tensorflow", "keras", "librosa", "sklearn", "scipy", "matplotlib", "numba", "h5py", "av",
    "yt_dlp",
)  # fmt: skip

PROGRAM = """
import json, sys
from importlib import import_module
module, function, *arguments = sys.argv[1:]
code = 0
try:
    code = getattr(import_module(module), function).main(arguments, standalone_mode=False)
except SystemExit as stop:
    code = stop.code
heavy = set(json.loads('HEAVY'))
print(json.dumps({"code": code, "heavy": sorted(heavy & set(sys.modules)),
                  "modules": len(sys.modules)}), file=sys.stderr)
""".replace("HEAVY", json.dumps(HEAVY))


def loaded(run_python: RunPython, name: str, *arguments: object) -> dict[str, object]:
    # The program in bin/ says where the command is.
    (line,) = re.findall(
        r"^from (ser\.\S+) import main$", (ROOT / "bin" / name).read_text(), re.MULTILINE
    )
    module = str(line)
    done = run_python(PROGRAM, module, "main", *arguments)
    report: dict[str, object] = json.loads(done.err.splitlines()[-1])
    return report


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_light(name: str, run_python: RunPython) -> None:
    report = loaded(run_python, name, "--help")
    assert (report["code"], report["heavy"]) == (0, [])


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    samples = [render(emotion, 1, seed=0, seconds=2.0) for emotion in ("neutral", "angry")]
    soundfile.write(tmp_path / "talk.wav", np.concatenate(samples), 16_000)
    return tmp_path / "talk.wav"


@pytest.mark.parametrize("style", ["text", "jsonl", "csv", "tsv"])
def test_analysis_with_litert_is_light(
    style: str, recording: Path, tiny_model: Path, run_python: RunPython
) -> None:
    report = loaded(run_python, "ser-analyze", recording, "--model", tiny_model, "-f", style)
    assert (report["code"], report["heavy"]) == (0, [])


def test_analysis_with_other_rates_and_summaries_is_light(
    tiny_model: Path, tmp_path: Path, run_python: RunPython
) -> None:
    soundfile.write(tmp_path / "a.flac", render("sad", 2, seed=0, sample_rate=44_100), 44_100)
    report = loaded(
        run_python, "ser-analyze", tmp_path / "a.flac", "--model", tiny_model, "--summary"
    )
    assert (report["code"], report["heavy"]) == (0, [])


def test_the_keras_engine_is_what_costs(
    recording: Path, tiny_model: Path, run_python: RunPython
) -> None:
    # Were this light as well, the other tests would look in the wrong place.
    report = loaded(
        run_python, "ser-analyze", recording, "--model", tiny_model,
        "--engine", "keras", "--device", "cpu",
    )  # fmt: skip
    assert report["code"] == 0
    assert {"keras", "tensorflow"} <= set(report["heavy"])  # type: ignore[call-overload]


def test_merging_and_splitting_are_light(tmp_path: Path, run_python: RunPython) -> None:
    for number in range(2):
        write_table(tmp_path / f"{number}.npy", make_table(40, seed=number))
    report = loaded(
        run_python, "ser-merge", tmp_path / "0.npy", tmp_path / "1.npy", "-o", tmp_path / "all.npy"
    )
    assert (report["code"], report["heavy"]) == (0, [])
    assert len(read_table(tmp_path / "all.npy")) == 80
    report = loaded(
        run_python, "ser-split", tmp_path / "all.npy", "--test", "0.2",
        "-o", tmp_path / "train.npy", tmp_path / "test.npy",
    )  # fmt: skip
    assert (report["code"], report["heavy"]) == (0, [])
    assert len(read_table(tmp_path / "test.npy")) > 0


def test_extraction_is_light(tmp_path: Path, run_python: RunPython) -> None:
    folder = tmp_path / "angry"
    folder.mkdir()
    soundfile.write(folder / "a.wav", render("angry", 1, seed=0), 16_000)
    arguments = ("ser-extract", folder, "--corpus", "folders", "-j", "1", "-q")
    # What librosa defines is computed once and kept; the second run finds it.
    loaded(run_python, *arguments, "-o", tmp_path / "a.npy")  # type: ignore[arg-type]
    report = loaded(run_python, *arguments, "-o", tmp_path / "b.npy")  # type: ignore[arg-type]
    assert report["code"] == 0
    assert {"librosa", "numba", "tensorflow", "sklearn"}.isdisjoint(report["heavy"])  # type: ignore[call-overload]


def test_the_core_is_imported_without_click(run_python: RunPython) -> None:
    names = sorted(
        str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")
        for path in (ROOT / "ser").rglob("*.py")
        if "cli" not in path.parts and path.name not in ("__init__.py", "__main__.py")
    )
    assert len(names) > 40
    done = run_python(
        "import json, sys\nfrom importlib import import_module\n"
        "for name in sys.argv[2:]: import_module(name)\n"
        "print(json.dumps(sorted(set([*json.loads(sys.argv[1]), 'click', 'tqdm']) "
        "& set(sys.modules))))",
        json.dumps(HEAVY),
        *names,
    )
    assert json.loads(done.out) == []
