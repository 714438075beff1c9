"""The tests stand as the package does: `ser/audio/wav.py` has `tests/audio/test_wav.py`.

A test file is named for the module that it tests; where a module has many tests, more words may
follow: `test_recognizer_live.py`.
"""

from __future__ import annotations

from pathlib import Path

from conftest import ROOT

PACKAGE, TESTS = ROOT / "ser", ROOT / "tests"

# Test files that look at a folder, or at the whole.
WHOLE = {
    "tests/cli/analyze/test_sound.py": "channels, tracks, and recordings with something missing",
    "tests/cli/test_bad_inputs.py": "inputs that break something, among others that do not",
    "tests/cli/test_killed.py": "commands that are killed, or write the same at once",
    "tests/cli/test_startup.py": "what every command imports when it starts",
    "tests/test_floors.py": "the imports of every file",
    "tests/test_mirror.py": "this",
    "tests/test_packaging.py": "the package as it is installed",
    "tests/test_pretrained.py": "the models that ship",
    "tests/test_rules.py": "the rules of the house, file by file",
    "tests/test_speech.py": "the tests' own voice",
}

# Modules without a test file of their own, and where they are tested.
ELSEWHERE: dict[str, str] = {
    "ser/arrays.py": "names of types, which mypy reads",
    "ser/exporting/rearrangement.py": "tests/exporting/test_operators.py, with all others",
    "ser/text/asr/base.py": "a protocol and records: tests/text/asr/test_whisper.py",
    "ser/models/inception.py": "tests/models/test_transfer.py, for all published networks alike",
    "ser/models/vgg16.py": "tests/models/test_transfer.py, for all published networks alike",
    "ser/models/vgg19.py": "tests/models/test_transfer.py, for all published networks alike",
}


def modules() -> dict[str, Path]:
    return {
        str(path.relative_to(ROOT)): path
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name != "__init__.py"
    }


def mirrors(module: str) -> list[Path]:
    place = Path(module)
    folder = TESTS.joinpath(*place.parts[1:-1])
    return [*folder.glob(f"test_{place.stem}.py"), *folder.glob(f"test_{place.stem}_*.py")]


def test_every_module_has_a_test_file_or_a_reason() -> None:
    lonely = [name for name in modules() if not mirrors(name) and name not in ELSEWHERE]
    assert lonely == []


def test_reasons_are_still_needed() -> None:
    assert [name for name in ELSEWHERE if name not in modules() or mirrors(name)] == []
    assert [name for name in WHOLE if not (ROOT / name).exists()] == []


def test_every_test_file_tests_a_module() -> None:
    known = {str(path.relative_to(ROOT)) for name in modules() for path in mirrors(name)}
    files = {
        str(path.relative_to(ROOT))
        for path in TESTS.rglob("test_*.py")
        if path.relative_to(TESTS).parts[0] not in ("mk", "docs", "benchmarks", "fuzz")
    }
    assert sorted(files - known - set(WHOLE)) == []
