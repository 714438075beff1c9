"""The package as it is installed: how large the base is, what works in it, what its metadata say.

The wheel is built and installed into an environment of its own, with what it needs and without any
extra. Where no package index answers, these tests are skipped.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path

import pytest
import soundfile
import yaml
from conftest import ROOT
from speech import render, render_demo

from ser import __version__
from ser.models.artifact import read_card
from ser.pretrained import DEFAULT_MODEL, DEFAULT_TRANSLATOR

# Megabytes as du -m counts them. pip itself, which is not in this environment, has 16 more.
LIMIT = 500
FORMATS = (
    "text", "jsonl", "tsv", "csv", "vtt", "srt", "audacity", "textgrid", "rttm", "eaf",
)  # fmt: skip
SOURCES = (
    "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "LICENSE-WEIGHTS", "ser",
)  # fmt: skip

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def pip(*arguments: object) -> None:
    """Runs pip, and skips the test where no index answers."""
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    unreachable = ("No matching distribution found", "Connection", "Max retries", "timed out")
    if done.returncode and any(word in done.stderr for word in unreachable):
        pytest.skip(f"no package index answers: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # From a copy: setuptools leaves its own folders beside the sources.
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    subprocess.run(["cp", "-r", *SOURCES, str(source)], cwd=ROOT, check=True)
    pip("wheel", "--quiet", "--no-deps", "--wheel-dir", target, source)
    (path,) = target.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def base(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and what it needs; its folder."""
    folder = tmp_path_factory.mktemp("base") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    pip("--python", folder / "bin" / "python", "install", "--quiet", wheel)
    return folder


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a recording, a few clips and a manifest of them."""
    folder = tmp_path_factory.mktemp("work")
    soundfile.write(folder / "talk.wav", render_demo()[: 5 * 16_000], 16_000)
    rows = ["path,emotion,speaker"]
    for speaker in range(4):
        for emotion in ("happy", "sad"):
            name = f"{emotion}{speaker}.wav"
            soundfile.write(folder / name, render(emotion, speaker, seed=speaker), 16_000)
            rows.append(f"{name},{emotion},{speaker}")
    (folder / "clips.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def run(base: Path, work: Path) -> Command:
    # Nothing of this process' environment helps the other.
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL_ENV"))}

    def call(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [base / "bin" / name, *map(str, arguments)],
            cwd=work, env=clean, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=120,
        )  # fmt: skip

    return call


@pytest.fixture
def works(run: Command) -> Command:
    def call(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        done = run(name, *arguments)
        assert done.returncode == 0, done.stderr
        return done

    return call


@pytest.fixture(scope="module")
def table(base: Path, work: Path) -> str:
    subprocess.run(
        [base / "bin" / "ser-extract", "clips.csv", "--preset", "emotion", "-o", "clips.npy"],
        cwd=work, check=True, capture_output=True,
    )  # fmt: skip
    return "clips.npy"


@pytest.mark.slow
def test_the_base_is_small(base: Path) -> None:
    size = sum(path.lstat().st_blocks * 512 for path in base.rglob("*"))
    assert size <= LIMIT * 2**20, f"{size / 2**20:.0f} MB"


@pytest.mark.slow
@pytest.mark.parametrize("style", FORMATS)
def test_the_base_analyzes(works: Command, style: str) -> None:
    assert works("ser-analyze", "talk.wav", "--format", style).stdout


@pytest.mark.slow
def test_the_base_writes_reports(works: Command, work: Path) -> None:
    works("ser-analyze", "talk.wav", "--html", "talk.html", "--quiet")
    assert "<audio" in (work / "talk.html").read_text("utf-8")


@pytest.mark.slow
def test_the_base_handles_tables(works: Command, table: str, work: Path) -> None:
    for preset in ("speech", "librosa", "translate"):
        works("ser-extract", "clips.csv", "--preset", preset, "-o", f"{preset}.npy")
    copies = ("--augment", "noise:5..25+telephone,reverb", "--copies", 1, "--deltas", 1)
    works("ser-extract", "clips.csv", *copies, "-o", "copies.npy")
    works("ser-merge", table, "--map", "sad=neutral", "-o", "merged.npy")
    works("ser-split", table, "--test", 0.5, "-o", "train.npy", "test.npy")
    assert "8 records" in works("ser-stats", table).stdout


@pytest.mark.slow
def test_the_base_scores_models(works: Command, table: str, base: Path) -> None:
    (model,) = base.glob("lib/*/site-packages/ser/pretrained/small.keras")
    assert "prosody-cnn" in works("ser-stats", model).stdout
    assert "UAR" in works("ser-stats", model, table, "--predictions", "predictions.csv").stdout
    assert "UAR" in works("ser-stats", "predictions.csv").stdout


@pytest.mark.slow
def test_the_base_converts(works: Command, work: Path) -> None:
    works("ser-translate", "talk.wav", "--to", "angry", "--from", "auto", "-o", "angry.wav")
    assert soundfile.info(work / "angry.wav").duration > 1


@pytest.mark.slow
def test_the_base_has_yt_dlp(run: Command) -> None:
    # Nobody listens at the discard port: yt-dlp is imported and asks.
    done = run("ser-yt", "http://127.0.0.1:9/a.wav", "--retries", 0)
    assert done.returncode == 1
    assert "cannot be reached (Connection refused)" in done.stderr


@pytest.mark.slow
def test_one_command_for_all(works: Command) -> None:
    assert works("ser", "--version").stdout == f"ser {__version__}\n"
    assert works("ser", "analyze", "talk.wav").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("extra", "arguments"),
    [
        ("train", ["ser-train", "clips.npy", "-o", "model.keras"]),
        ("train", ["ser-train", "clips.npy", "--cv", "speakers", "-o", "cv/"]),
        ("train", ["ser-train", "clips.npy", "--arch", "svm", "-o", "model.keras"]),
        ("train", ["ser-analyze", "talk.wav", "--engine", "keras"]),
        ("train", ["ser-extract", "clips.csv", "--features", "f0", "-o", "f0.npy"]),
        ("plot", ["ser-analyze", "talk.wav", "--plot", "talk.png"]),
        ("plot", ["ser-stats", "clips.npy", "--plot", "clips.png"]),
        ("plot", ["ser-translate", "talk.wav", "--to", "all", "--plot", "a.png", "-o", "all/"]),
        ("listen", ["ser-listen", "talk.wav"]),
        ("listen", ["ser-analyze", "talk.wav", "--text"]),
        ("text", ["ser-listen", "talk.wav", "--asr-model", "base"]),
        ("live", ["ser-analyze", "--mic"]),
        ("live", ["ser-analyze", "--play", "talk.wav"]),
        ("clean", ["ser-extract", "clips.csv", "--clean", "denoise", "-o", "denoised.npy"]),
        ("cluster", ["ser-extract", "clips.csv", "--cluster", "tcp://127.0.0.1:9", "-o", "c.npy"]),
        ("tune", ["ser-train", "clips.npy", "--tune", 2, "-o", "model.keras"]),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else None,
)
def test_what_needs_an_extra_says_so(
    run: Command, table: str, work: Path, extra: str, arguments: list[object]
) -> None:
    before = set(work.iterdir())
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.endswith(f"pip install '.[{extra}]' in the checkout of ser")
    assert set(work.iterdir()) == before


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        said = message_from_bytes(archive.read(metadata))
    assert said["Name"] == "ser-toolkit"
    assert said["License-Expression"] == "MIT AND CC-BY-NC-SA-4.0"
    assert said.get_all("License-File") == ["LICENSE", "LICENSE-WEIGHTS"]
    for path in (*ROOT.glob("ser/pretrained/*.keras"), *ROOT.glob("ser/pretrained/*.md")):
        assert f"ser/pretrained/{path.name}" in names
    assert not any(name.startswith(("tests/", "benchmarks/")) for name in names)


def extras() -> dict[str, set[str]]:
    """The extras of setup.cfg: the names of their packages, of other extras the brackets."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    return {
        name: {
            re.split(r"[<>=;]", line)[0].strip() for line in text.split("\n") if line[:1].isalnum()
        }
        for name, text in settings["options.extras_require"].items()
    }


def test_all_is_all_that_users_may_want() -> None:
    found = extras()
    (everything,) = found["all"]
    assert set(everything.removeprefix("ser-toolkit[").removesuffix("]").split(",")) == set(
        found
    ) - {"all", "cuda", "benchmarks", "test", "lint", "dev"}


@pytest.mark.parametrize("path", [DEFAULT_MODEL, DEFAULT_TRANSLATOR], ids=lambda path: path.stem)
def test_model_cards_say_what_the_artifacts_say(path: Path) -> None:
    _, front, text = path.with_suffix(".md").read_text("utf-8").split("---\n", 2)
    head = yaml.safe_load(front)
    assert head["license"] == "cc-by-nc-sa-4.0"
    assert head["library_name"] == "keras"
    for section in ("Uses", "Training", "Evaluation", "Licence"):
        assert f"\n## {section}\n" in text
    card = read_card(path)
    assert f"{card['parameters']:,} parameters" in text
    assert f"`{card['training']['arch']}`" in text
    assert f"seed {card['seed']}" in text
    assert all(corpus.casefold() in text.casefold() for corpus in card["corpora"])
    for result in head.get("model-index", []):
        named = {entry["type"]: entry["value"] for entry in result["results"][0]["metrics"]}
        assert named == {
            "recall": pytest.approx(card["metrics"]["uar"], abs=5e-5),
            "accuracy": pytest.approx(card["metrics"]["accuracy"], abs=5e-5),
            "f1": pytest.approx(card["metrics"]["macro_f1"], abs=5e-5),
        }


def test_the_citation_is_of_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == __version__
    assert citation["license"] == ["MIT", "CC-BY-NC-SA-4.0"]


def test_the_image_holds_what_the_package_needs() -> None:
    recipe = (ROOT / "Dockerfile").read_text("utf-8")
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    assert kept == set(SOURCES)
    copied = re.findall(r"^COPY (?!--)(.+) \S+$", recipe, re.MULTILINE)
    assert {name for line in copied for name in line.split()} == set(SOURCES)
    assert re.search(r"^USER (?!root|0)", recipe, re.MULTILINE)
    assert 'ENTRYPOINT ["ser"]' in recipe
