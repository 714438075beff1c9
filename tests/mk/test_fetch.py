"""The downloader of the corpora, against local files and a server on this machine."""

import hashlib
import importlib.util
import json
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SCRIPT = Path(__file__).parents[2] / "mk" / "fetch.py"


@pytest.fixture(scope="module")
def fetch():
    spec = importlib.util.spec_from_file_location("fetch", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["fetch"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fetch"]


def make_zip(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)
    return hashlib.md5(path.read_bytes()).hexdigest()


@pytest.fixture
def server():
    """Serves a dictionary of paths to (status, body); counts what is asked for."""
    pages, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(urlsplit(self.path).path)
            status, body = pages.get(asked[-1], (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments):
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", pages, asked
        httpd.shutdown()
        thread.join()


def test_a_zip_is_checked_and_unpacked(fetch, tmp_path):
    md5 = make_zip(
        tmp_path / "a.zip", {"Actor_01/x.wav": b"one", "Actor_02/y.wav": b"two", "__MACOSX/z": b""}
    )
    folder = tmp_path / "data" / "ravdess"
    assert fetch.main(["zip", str(folder), (tmp_path / "a.zip").as_uri(), "--md5", md5]) == 0
    assert (folder / "Actor_01/x.wav").read_bytes() == b"one"
    assert sorted(p.name for p in folder.iterdir()) == ["Actor_01", "Actor_02"]
    assert [p.name for p in folder.parent.iterdir()] == ["ravdess"]


def test_a_common_root_folder_is_left_out(fetch, tmp_path):
    make_zip(tmp_path / "a.zip", {"nEMO-main/data.tsv": b"t", "nEMO-main/samples/a.wav": b"a"})
    assert fetch.main(["zip", str(tmp_path / "nemo"), (tmp_path / "a.zip").as_uri()]) == 0
    assert (tmp_path / "nemo/data.tsv").is_file()
    assert (tmp_path / "nemo/samples/a.wav").is_file()


def test_a_wrong_checksum_leaves_nothing_to_build_on(fetch, tmp_path, capsys):
    make_zip(tmp_path / "a.zip", {"x.wav": b"one"})
    folder = tmp_path / "data" / "ravdess"
    assert fetch.main(["zip", str(folder), (tmp_path / "a.zip").as_uri(), "--md5", "0" * 32]) == 1
    assert not folder.exists()
    assert not list(folder.parent.glob("*.zip*"))
    message = capsys.readouterr().err
    assert "a.zip" in message and "published is 000" in message and "try again" in message


@pytest.mark.parametrize("body", [b"<html>moved</html>", b""])
def test_a_web_page_in_place_of_a_zip_is_refused(fetch, tmp_path, capsys, body):
    (tmp_path / "a.zip").write_bytes(body)
    assert fetch.main(["zip", str(tmp_path / "emodb"), (tmp_path / "a.zip").as_uri()]) == 1
    assert not (tmp_path / "emodb").exists()
    assert "not a sound zip" in capsys.readouterr().err


def test_a_zip_cannot_leave_its_folder(fetch, tmp_path):
    make_zip(tmp_path / "a.zip", {"../../evil.wav": b"x", "b/good.wav": b"y"})
    folder = tmp_path / "deep" / "er" / "corpus"
    assert fetch.main(["zip", str(folder), (tmp_path / "a.zip").as_uri()]) == 0
    assert not list(tmp_path.glob("evil.wav")) and not list(tmp_path.glob("deep/evil.wav"))


def test_a_folder_that_is_there_is_left_alone(fetch, tmp_path, capsys):
    (tmp_path / "ravdess").mkdir()
    assert fetch.main(["zip", str(tmp_path / "ravdess"), "file:///nowhere.zip"]) == 0
    assert "there already" in capsys.readouterr().err


def test_a_missing_file_is_one_line(fetch, tmp_path, capsys):
    address = (tmp_path / "none.zip").as_uri()
    assert fetch.main(["zip", str(tmp_path / "x"), address]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and address in lines[1] and "docs/corpora.md" in lines[1]


def test_a_dataverse_is_fetched_file_by_file(fetch, tmp_path, server):
    address, pages, asked = server
    clips = {f"OAF_word{i}_angry.wav": bytes([i]) * 50 for i in range(5)}
    files = []
    for i, (name, data) in enumerate(clips.items()):
        md5 = hashlib.md5(data).hexdigest()
        checksum = {"md5": md5} if i % 2 else {"checksum": {"type": "MD5", "value": md5}}
        files.append({"dataFile": {"id": i, "filename": name, **checksum}})
        pages[f"/api/access/datafile/{i}"] = (200, data)
    catalogue = {"data": {"latestVersion": {"files": files}}}
    pages["/api/datasets/:persistentId/"] = (200, json.dumps(catalogue).encode())

    # One file cannot be had at first: the others are kept, and not asked for again.
    pages["/api/access/datafile/3"] = (404, b"")
    command = ["dataverse", str(tmp_path / "tess"), address, "doi:10.1/X"]
    assert fetch.main(command) == 1
    assert not (tmp_path / "tess").exists()
    pages["/api/access/datafile/3"] = (200, clips["OAF_word3_angry.wav"])
    asked.clear()
    assert fetch.main(command) == 0
    assert "/api/access/datafile/0" not in asked
    assert {p.name: p.read_bytes() for p in (tmp_path / "tess").iterdir()} == clips


def test_a_damaged_dataverse_file_is_refused(fetch, tmp_path, server, capsys):
    address, pages, _ = server
    files = [{"dataFile": {"id": 7, "filename": "a.wav", "md5": "1" * 32}}]
    catalogue = {"data": {"latestVersion": {"files": files}}}
    pages["/api/datasets/:persistentId/"] = (200, json.dumps(catalogue).encode())
    pages["/api/access/datafile/7"] = (200, b"damaged")
    assert fetch.main(["dataverse", str(tmp_path / "tess"), address, "doi:10.1/X"]) == 1
    assert "published is 111" in capsys.readouterr().err


def test_a_server_that_stumbles_is_asked_again(fetch, tmp_path, server, monkeypatch):
    address, pages, asked = server
    monkeypatch.setattr(fetch.time, "sleep", lambda seconds: pages.update({"/a.zip": (200, body)}))
    make_zip(tmp_path / "source.zip", {"a.wav": b"a", "b.wav": b"b"})
    body = (tmp_path / "source.zip").read_bytes()
    pages["/a.zip"] = (503, b"")
    assert fetch.main(["zip", str(tmp_path / "x"), f"{address}/a.zip"]) == 0
    assert asked == ["/a.zip", "/a.zip"]


def test_git_lfs_pointers_become_their_files(fetch, tmp_path):
    media = tmp_path / "media" / "AudioWAV"
    media.mkdir(parents=True)
    checkout = tmp_path / "crema-d.part" / "AudioWAV"
    checkout.mkdir(parents=True)
    clips = {f"{n}_DFA_ANG_XX.wav": bytes([n % 256]) * 3000 for n in range(1001, 1006)}
    for name, data in clips.items():
        (media / name).write_bytes(data)
        (checkout / name).write_text(
            "version https://git-lfs.github.com/spec/v1\n"
            f"oid sha256:{hashlib.sha256(data).hexdigest()}\nsize {len(data)}\n"
        )
    (checkout / "README.md").write_text("no pointer")
    command = ["lfs", str(tmp_path / "crema-d"), media.parent.as_uri()]
    assert fetch.main(command) == 0
    made = tmp_path / "crema-d" / "AudioWAV"
    assert {p.name: p.read_bytes() for p in made.glob("*.wav")} == clips
    assert (made / "README.md").read_text() == "no pointer"
