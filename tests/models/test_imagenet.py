"""Published weights: found, fetched once, checked, or named where they are not to be had."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ser.errors import SerError
from ser.models.imagenet import PublishedWeights, fetch_weights, keras_folder
from ser.models.inception import Inception
from ser.models.vgg16 import VGG16
from ser.models.vgg19 import VGG19

CONTENT = b"\x89HDF\r\n\x1a\n" + bytes(range(256)) * 9000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serves a file `w.h5` over HTTP; whatever proxy there is must not be asked."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "w.h5").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as httpd:
        thread = threading.Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()
        thread.join()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


def test_fetched_once(server: str, home: Path) -> None:
    source = PublishedWeights(f"{server}/w.h5", MD5)
    said: list[str] = []
    path = fetch_weights(source, said.append)
    assert path == home / "w.h5"
    assert path.read_bytes() == CONTENT
    assert said == [f"fetching {server}/w.h5 into {home}"]
    # Nobody is asked a second time.
    assert fetch_weights(PublishedWeights("http://127.0.0.1:9/w.h5", MD5), said.append) == path
    assert len(said) == 1
    assert [each.name for each in home.iterdir()] == ["w.h5"]


@pytest.mark.parametrize(
    ("name", "md5", "reason"),
    [
        ("w.h5", "0" * 32, "what arrived is incomplete or another file"),
        ("nothing.h5", MD5, "File not found"),
    ],
)
def test_what_is_not_the_published_file_is_not_kept(
    server: str, home: Path, name: str, md5: str, reason: str
) -> None:
    with pytest.raises(SerError, match=rf"^{name}: .*cannot be downloaded \({reason}"):
        fetch_weights(PublishedWeights(f"{server}/{name}", md5))
    assert list(home.iterdir()) == []


def test_without_a_network(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody listens on this port.
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    for arch in (VGG16(), VGG19(), Inception()):
        with pytest.raises(SerError) as caught:
            arch.required_files()
        said = str(caught.value)
        assert said.startswith(f"{arch.source.name}: is not in {home} and cannot be downloaded (")
        assert "Connection refused" in said
        assert f"get {arch.source.url} elsewhere and put it there" in said
        assert "--set weights=PATH; --set weights=none trains from random weights" in said
        assert "\n" not in said
    assert list(home.iterdir()) == []


def test_a_damaged_file_is_named(home: Path) -> None:
    home.mkdir(parents=True)
    target = home / VGG16().source.name
    target.write_bytes(b"half")
    with pytest.raises(SerError, match="is damaged or another file than the published one") as e:
        VGG16().required_files()
    assert str(e.value).startswith(str(target))
    assert VGG16().source.url in e.value.cure
    # It may have cost somebody an hour.
    assert target.read_bytes() == b"half"


def test_the_folder_is_keras_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert keras_folder() == tmp_path / ".keras" / "models"


@pytest.mark.parametrize("arch", [VGG16, VGG19, Inception])
def test_addresses_and_checksums_are_those_of_keras(arch: type[VGG16]) -> None:
    import inspect

    from keras.applications import inception_v3, vgg16, vgg19

    module = {"vgg16": vgg16, "vgg19": vgg19, "inception": inception_v3}[arch.name]
    function = {"vgg16": "VGG16", "vgg19": "VGG19", "inception": "InceptionV3"}[arch.name]
    made = inspect.getmodule(getattr(module, function))
    assert made is not None
    assert arch.source.url == made.WEIGHTS_PATH_NO_TOP
    text = inspect.getsource(made)
    assert f'file_hash="{arch.source.md5}"' in text.split(arch.source.name)[-1]
