"""The rules of the house, as far as a program can check them."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "ser"
FILES = sorted(PACKAGE.rglob("*.py"))
CORE = [path for path in FILES if "cli" not in path.parts and path.stem != "__main__"]
NAMES = {path: str(path.relative_to(ROOT)) for path in FILES}

# Importing these takes from tenths of a second to many seconds.
HEAVY = {
    "tensorflow", "keras", "librosa", "sklearn", "scipy", "matplotlib", "numba", "h5py", "av",
    "yt_dlp", "ai_edge_litert", "tensorboard", "jax", "torch", "optuna", "sqlalchemy",
    "transformers", "huggingface_hub", "faster_whisper", "ctranslate2", "pocketsphinx",
}  # fmt: skip

LONGEST_FILE = 500


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@functools.cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree(path)))


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return []


def at_import(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Walks through what runs when a module is imported: no functions, but classes and ifs."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(node, field, None)
            if isinstance(inner, list) and not isinstance(
                node, ast.FunctionDef | ast.AsyncFunctionDef
            ):
                yield from at_import(inner)
        for handler in getattr(node, "handlers", []):
            yield from at_import(handler.body)


@functools.cache
def calls(path: Path) -> list[tuple[ast.Call, str]]:
    found = (node for node in nodes(path) if isinstance(node, ast.Call))
    return [(node, ast.unparse(node.func)) for node in found]


def keywords(path: Path) -> Iterator[tuple[ast.Call, str, object]]:
    for call, _ in calls(path):
        for keyword in call.keywords:
            value = keyword.value.value if isinstance(keyword.value, ast.Constant) else ...
            yield call, keyword.arg or "**", value


def test_there_is_something_to_check() -> None:
    assert len(FILES) > 60
    assert len(CORE) < len(FILES)


def test_nothing_heavy_is_imported_at_the_top() -> None:
    found = [
        f"{where(path, node)} imports {name}"
        for path in FILES
        for node in at_import(tree(path).body)
        for name in imported(node)
        if name.split(".")[0] in HEAVY
    ]
    assert found == []


def test_nothing_below_imports_the_command_line() -> None:
    found = [
        f"{where(path, node)} imports {name}"
        for path in CORE
        for node in nodes(path)
        for name in imported(node)
        if name.startswith("ser.cli") or name.split(".")[0] in ("click", "tqdm")
        # Hugging Face reports a download to a class like tqdm's, and to nothing else.
        if (NAMES[path], name) != ("ser/io/hub.py", "tqdm.auto.tqdm")
    ]
    assert found == []


def test_a_corpus_file_imports_labels_and_the_base_alone() -> None:
    # The registry and the walk through folders are what brings the readers together.
    readers = [
        path
        for path in sorted((PACKAGE / "corpora").glob("*.py"))
        if path.stem not in ("__init__", "base", "registry", "manifest", "emobox")
    ]
    assert len(readers) >= 6
    allowed = ("ser.corpora.base.", "ser.labels.", "ser.errors.")
    found = [
        f"{where(path, node)} imports {name}"
        for path in readers
        for node in nodes(path)
        for name in imported(node)
        if name.startswith("ser.") and not name.startswith(allowed)
    ]
    assert found == []


def test_the_core_neither_prints_nor_exits() -> None:
    # A worker process may end itself with os._exit; that ends nothing of the caller's.
    forbidden = {"print", "sys.exit", "exit", "quit", "input"}
    found = [
        f"{where(path, call)} calls {name}"
        for path in CORE
        for call, name in calls(path)
        if name in forbidden
    ]
    arguments = [
        f"{NAMES[path]} reads sys.argv"
        for path in CORE
        if re.search(r"\bsys\.argv\b", path.read_text(encoding="utf-8"))
    ]
    assert found + arguments == []


def test_nothing_is_unpickled() -> None:
    modules = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
    found = [
        f"{where(path, node)} imports {name}"
        for path in FILES
        for node in nodes(path)
        for name in imported(node)
        if name.split(".")[0] in modules
    ]
    found += [
        f"{where(path, call)} says {name}={value}"
        for path in FILES
        for call, name, value in keywords(path)
        if name == "allow_pickle" and value is not False
    ]
    # NumPy's default may change; what matters is said.
    found += [
        f"{where(path, call)} loads without allow_pickle=False"
        for path in FILES
        for call, name in calls(path)
        if name in ("np.load", "numpy.load", "np.save", "np.lib.format.read_array")
        and "allow_pickle" not in {keyword.arg for keyword in call.keywords}
    ]
    assert found == []


def test_models_run_no_code_from_their_files() -> None:
    found = [
        f"{where(path, call)} says {name}={value}"
        for path in FILES
        for call, name, value in keywords(path)
        if name == "safe_mode" and value is not True
    ]
    found += [
        f"{where(path, call)} calls {name}"
        for path in FILES
        for call, name in calls(path)
        if name.endswith(".Lambda") or "enable_unsafe_deserialization" in name
    ]
    found += [
        f"{where(path, call)} loads a model without safe_mode=True"
        for path in FILES
        for call, name in calls(path)
        if name.endswith(".load_model")
        and "safe_mode" not in {keyword.arg for keyword in call.keywords}
    ]
    assert found == []


def test_no_shell_and_no_evaluation() -> None:
    found = [
        f"{where(path, call)} calls {name}"
        for path in FILES
        for call, name in calls(path)
        if name in ("eval", "exec", "os.system", "os.popen", "subprocess.getoutput")
    ]
    found += [
        f"{where(path, call)} says shell={value}"
        for path in FILES
        for call, name, value in keywords(path)
        if name == "shell" and value is not False
    ]
    assert found == []


def test_exceptions_are_not_swallowed() -> None:
    def broad(handler: ast.ExceptHandler) -> bool:
        caught = ast.unparse(handler.type) if handler.type is not None else "BaseException"
        return caught in ("Exception", "BaseException")

    found = [
        f"{where(path, node)} swallows everything"
        for path in FILES
        for node in nodes(path)
        if isinstance(node, ast.ExceptHandler)
        and broad(node)
        and all(isinstance(statement, ast.Pass | ast.Continue) for statement in node.body)
    ]
    found += [
        f"{where(path, call)} suppresses everything"
        for path in FILES
        for call, name in calls(path)
        if name.endswith("suppress")
        and {ast.unparse(a) for a in call.args} & {"Exception", "BaseException"}
    ]
    assert found == []


def test_public_names_are_described() -> None:
    def public(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.AST]]:
        for node in body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if node.name.startswith("_"):
                continue
            yield prefix + node.name, node
            if isinstance(node, ast.ClassDef):
                yield from public(node.body, f"{prefix}{node.name}.")

    found = [NAMES[path] for path in FILES if not ast.get_docstring(tree(path))]
    found += [
        f"{where(path, node)} {name} has no docstring"
        for path in FILES
        for name, node in public(tree(path).body, "")
        if not ast.get_docstring(node)  # type: ignore[arg-type]
        and not any("overload" in ast.unparse(d) for d in getattr(node, "decorator_list", []))
    ]
    assert found == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: NAMES[path])
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_nothing_is_left_half_done() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    found = [
        f"{NAMES[path]}:{number} {line.strip()}"
        for path in FILES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if marks.search(line)
    ]
    assert found == []
