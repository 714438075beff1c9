"""Models in folders, in the cache, and on a hub: a server on this machine that answers like it."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ser.io.hub import (
    DownloadProgress,
    MissingModelError,
    ModelFiles,
    cached,
    file_digest,
    find_model,
    model_name,
    read_license,
)

pytest.importorskip("huggingface_hub.constants", reason="the extra [text] is not installed")

import huggingface_hub as hub

MODEL = ModelFiles(
    "test model", "--test-model", (("config.json",), ("new.bin", "old.bin")), ("more.txt",)
)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b"{}", "old.bin": b"x" * 100_000, "more.txt": b"more", "other.md": b"no"}


class Hub(http.server.BaseHTTPRequestHandler):
    """Answers as far as this client asks."""

    def do_GET(self) -> None:
        self.answer(body=True)

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def answer(self, *, body: bool) -> None:
        path = self.path.split("?")[0].strip("/")
        headers = {}
        if path in ("api/models/some/model", "api/models/some/model/revision/main"):
            siblings = [{"rfilename": name, "size": len(data)} for name, data in FILES.items()]
            data = json.dumps({"id": "some/model", "sha": COMMIT, "siblings": siblings}).encode()
            headers["Content-Type"] = "application/json"
        elif path == f"api/models/some/model/tree/{COMMIT}":
            data = json.dumps(
                [
                    {"type": "file", "path": name, "size": len(data), "oid": f"{number:040x}"}
                    for number, (name, data) in enumerate(FILES.items())
                ]
            ).encode()
            headers["Content-Type"] = "application/json"
        elif path.startswith(f"some/model/resolve/{COMMIT}/"):
            data = FILES[path.rsplit("/", 1)[1]]
            headers["ETag"] = f'"{hashlib.sha256(data).hexdigest()}"'
            headers["X-Repo-Commit"] = COMMIT
        else:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.asked.append((self.command, path))  # type: ignore[attr-defined]
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if body:
            self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Recorded(DownloadProgress):
    """Records what is reported."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        self.arrived = 0
        self.ended = 0

    def begin(self, name: str, size: int) -> None:
        self.begun.append((name, size))

    def update(self, size: int) -> None:
        self.arrived += size

    def end(self) -> None:
        self.ended += 1


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(hub.constants, "HF_HUB_DISABLE_XET", True)
    return folder


def point_to(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Does what HF_ENDPOINT does when the package is imported."""
    monkeypatch.setenv("HF_ENDPOINT", address)
    monkeypatch.setattr(hub.constants, "ENDPOINT", address)
    template = address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[http.server.ThreadingHTTPServer]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as running:
        running.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=running.serve_forever, daemon=True).start()
        point_to(f"http://127.0.0.1:{running.server_address[1]}", monkeypatch)
        yield running
        running.shutdown()


def test_a_folder(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    with pytest.raises(MissingModelError) as raised:
        find_model(str(tmp_path), MODEL)
    assert str(raised.value) == (
        f"{tmp_path}: is no test model: new.bin (or old.bin) is missing; "
        "the folder needs config.json, new.bin (or old.bin)"
    )
    (tmp_path / "old.bin").touch()
    assert find_model(str(tmp_path), MODEL) == tmp_path


@pytest.mark.parametrize("name", ["model", "./some/model", "/not/there", "a/b/c", "../model"])
def test_what_is_neither_a_folder_nor_a_name(name: str) -> None:
    with pytest.raises(MissingModelError, match="is neither a folder nor a name"):
        find_model(name, MODEL)


def test_a_name_that_the_hub_would_not_take() -> None:
    with pytest.raises(MissingModelError, match="is no name on the Hugging Face Hub"):
        find_model("some/mo del", MODEL, offline=True)


def test_offline() -> None:
    with pytest.raises(MissingModelError) as raised:
        find_model("some/model", MODEL, offline=True)
    assert str(raised.value) == (
        "some/model: is not in the cache, and the network may not be used; where there is a "
        "network, download config.json, new.bin (or old.bin) from "
        "https://huggingface.co/some/model, put them into one folder and give --test-model FOLDER"
    )


def test_a_hub_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    point_to("http://127.0.0.1:9", monkeypatch)
    progress = Recorded()
    with pytest.raises(MissingModelError) as raised:
        find_model("some/model", MODEL, progress=progress)
    assert "cannot be downloaded (" in str(raised.value)
    assert "from http://127.0.0.1:9/some/model, put them into one folder" in str(raised.value)
    assert progress.begun == []
    assert cached("some/model", MODEL) is None


def test_a_download(server: http.server.ThreadingHTTPServer) -> None:
    progress = Recorded()
    folder = find_model("some/model", MODEL, progress=progress)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "more.txt", "old.bin"]
    assert (folder / "old.bin").read_bytes() == FILES["old.bin"]
    size = sum(len(FILES[name]) for name in ("config.json", "more.txt", "old.bin"))
    assert progress.begun == [("some/model", size)]
    assert progress.arrived == size
    assert progress.ended == 1
    asked = len(server.asked)  # type: ignore[attr-defined]
    # The second time there is nothing to ask.
    assert find_model("some/model", MODEL) == folder
    assert find_model("some/model", MODEL, offline=True) == folder
    assert len(server.asked) == asked  # type: ignore[attr-defined]


@pytest.mark.usefixtures("server")
def test_a_model_that_the_hub_does_not_have() -> None:
    with pytest.raises(MissingModelError, match="is not on the Hugging Face Hub"):
        find_model("other/model", MODEL)


@pytest.mark.usefixtures("server")
def test_a_model_of_another_kind() -> None:
    files = ModelFiles("test model", "--test-model", (("config.json",), ("absent.bin",)))
    with pytest.raises(MissingModelError, match=r"is no test model: absent\.bin is missing there"):
        find_model("some/model", files)


@pytest.mark.parametrize(
    ("card", "license"),
    [
        ("---\nlanguage: en\nlicense: mit\n---\n# Model\n", "mit"),
        ("---\r\nlicense: 'cc-by-nc-4.0'\r\n---\r\n", "cc-by-nc-4.0"),
        ("---\nlicense: other\nlicense_name: own\n---\n", "own"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\nlanguage: en\n---\nlicense: mit\n", None),
        ("license: mit\n", None),
        ("---\nlicense: mit\n", None),
        ("---\nlicense: a\x07b\n---\n", None),
        ("---\nlicense: " + 200 * "x" + "\n---\n", None),
        ("", None),
    ],
)
def test_the_license_of_a_card(card: str, license: str | None, tmp_path: Path) -> None:
    assert read_license(tmp_path) is None
    (tmp_path / "README.md").write_bytes(card.encode())
    assert read_license(tmp_path) == license


def test_names_and_digests_that_travel(tmp_path: Path) -> None:
    (tmp_path / "mine/model").mkdir(parents=True)
    assert model_name(str(tmp_path / "mine")) == "mine"
    assert model_name(str(tmp_path / "mine/model")) == "mine"
    assert model_name("some/model") == "some/model"
    (tmp_path / "file").write_bytes(b"abc")
    assert file_digest(tmp_path / "file") == hashlib.sha256(b"abc").hexdigest()


def test_an_option_that_is_the_beginning_of_a_name() -> None:
    assert MODEL.named("a/b") == "--test-model a/b"
    assert ModelFiles("it", "--test-model x:", ()).named("a/b") == "--test-model x:a/b"
