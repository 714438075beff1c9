#!/usr/bin/env python3
"""Fetches a corpus from its official address and checks it; needs nothing but Python.

A folder that is there is whole: everything goes to FOLDER.part first, and what an interrupted run
has left there is checked and kept. The Makefile's `download-…` targets are the usual way in.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

TRIES = 4
POINTER = re.compile(
    rb"version https://git-lfs\S+\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n(?:.*\n)*?size (\d+)\n"
)


class FetchError(Exception):
    """Something that the user has to know: which file, what is wrong, what to do."""


@dataclass(frozen=True)
class Source:
    """One file to fetch.

    Attributes:
        url: Where it is.
        path: Where it goes.
        algorithm: Name of the hash that its publisher gives, empty where none is published.
        digest: That hash in hexadecimal digits.
    """

    url: str
    path: Path
    algorithm: str = ""
    digest: str = ""

    def is_here(self) -> bool:
        """Says whether the file is there and is what its publisher has published."""
        return bool(self.digest) and self.path.is_file() and self.digest == self.measure()

    def measure(self) -> str:
        """Gives the hash of the file on disk."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, self.algorithm).hexdigest()


def fetch(source: Source, *, report: Callable[[int, int], None] | None = None) -> None:
    """Downloads one file under a temporary name, checks it and puts it in its place.

    Raises:
        FetchError: It cannot be had, or its hash is not the published one.
    """
    if source.is_here():
        return
    source.path.parent.mkdir(parents=True, exist_ok=True)
    loose = source.path.with_name(source.path.name + ".part")
    for attempt in range(1, TRIES + 1):
        try:
            _download(source.url, loose, report)
            break
        except OSError as error:  # all of urllib's errors are
            if attempt == TRIES or not _may_pass(error):
                raise FetchError(f"{source.url}: {error}; see docs/corpora.md") from error
            time.sleep(2.0**attempt)
    if source.digest:
        found = Source("", loose, source.algorithm).measure()
        if found != source.digest:
            loose.unlink()
            raise FetchError(
                f"{source.url}: {source.algorithm} is {found}, published is {source.digest}; "
                "the download was damaged or the file has changed: try again"
            )
    loose.replace(source.path)


def _may_pass(error: OSError) -> bool:
    if isinstance(error, urllib.error.HTTPError):
        return error.code == 429 or error.code >= 500
    # urllib wraps what went wrong: a missing local file, an unknown protocol, a dead connection.
    reason = getattr(error, "reason", error)
    return isinstance(reason, OSError) and not isinstance(reason, FileNotFoundError)


def _download(url: str, path: Path, report: Callable[[int, int], None] | None) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "ser-toolkit"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer, path.open("wb") as stream:  # noqa: S310
        total = int(answer.headers.get("Content-Length") or 0)
        done = 0
        while block := answer.read(1 << 18):
            stream.write(block)
            done += len(block)
            if report:
                report(done, total)
        if total and done != total:
            raise ConnectionError(f"ended after {done} of {total} bytes")


def fetch_all(sources: Iterable[Source], *, jobs: int = 8) -> int:
    """Fetches many small files side by side; gives their number."""
    sources = list(sources)
    with ThreadPoolExecutor(jobs) as pool:
        for done, _ in enumerate(pool.map(fetch, sources), start=1):
            _show(f"{done} of {len(sources)} files")
    return len(sources)


def unpack(archive: Path, folder: Path) -> None:
    """Unpacks a zip into `folder`, without a root folder that all its members share.

    Raises:
        FetchError: It is no zip file, or a damaged one.
    """
    try:
        with zipfile.ZipFile(archive) as bundle:
            members = [
                m for m in bundle.infolist() if not m.is_dir() and "__MACOSX" not in m.filename
            ]
            roots = {m.filename.partition("/")[0] for m in members}
            root = f"{roots.pop()}/" if len(roots) == 1 else ""
            for member in members:
                member.filename = member.filename.removeprefix(root)
                bundle.extract(member, folder)  # refuses to leave the folder, checks each CRC
    except (zipfile.BadZipFile, EOFError) as error:
        raise FetchError(
            f"{archive.name}: is not a sound zip file ({error}); look at its address in a browser"
        ) from error


def from_zip(url: str, work: Path, *, md5: str = "") -> None:
    """Fetches one zip file and unpacks it into `work`."""
    archive = work.with_name(work.name + ".zip")
    name = url.partition("?")[0].rpartition("/")[2]
    fetch(
        Source(url, archive, "md5" if md5 else "", md5),
        report=lambda done, total: _show(f"{name}: {done / 1e6:.0f} of {total / 1e6:.0f} MB"),
    )
    # A half-unpacked folder of an earlier run has files of unknown size in it.
    shutil.rmtree(work, ignore_errors=True)
    unpack(archive, work)
    archive.unlink()


def from_dataverse(server: str, doi: str, work: Path) -> None:
    """Fetches every file of a Dataverse dataset and checks it against the catalogue's hash."""
    query = urllib.parse.urlencode({"persistentId": doi})
    catalogue = work / ".catalogue.json"
    fetch(Source(f"{server}/api/datasets/:persistentId/?{query}", catalogue))
    files = json.loads(catalogue.read_text("utf-8"))["data"]["latestVersion"]["files"]
    sources = []
    for entry in files:
        file = entry["dataFile"]
        checksum = file.get("checksum") or {"type": "MD5", "value": file.get("md5", "")}
        sources.append(
            Source(
                f"{server}/api/access/datafile/{file['id']}",
                work / Path(file["filename"]).name,
                checksum["type"].replace("-", "").lower() if checksum["value"] else "",
                checksum["value"],
            )
        )
    fetch_all(sources)
    catalogue.unlink()


def from_lfs(media: str, work: Path) -> None:
    """Replaces the Git LFS pointers below `work` by the files that they stand for.

    Does what ``git lfs pull`` does, where git-lfs is missing: a pointer holds its file's SHA-256.
    """
    if not work.is_dir():
        raise FetchError(f"{work}: no such folder; check the repository out there first")
    sources = []
    for path in sorted(p for p in work.rglob("*") if p.is_file() and ".git" not in p.parts):
        if path.stat().st_size < 1024 and (pointer := POINTER.match(path.read_bytes())):
            address = urllib.parse.quote(path.relative_to(work).as_posix())
            sources.append(Source(f"{media}/{address}", path, "sha256", pointer[1].decode()))
    fetch_all(sources)


def _show(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line and fetches one corpus."""
    parser = argparse.ArgumentParser(description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("zip", help="one zip file")
    one.add_argument("folder", type=Path)
    one.add_argument("url")
    one.add_argument("--md5", default="", help="its published MD5")
    many = kinds.add_parser("dataverse", help="all files of a Dataverse dataset")
    many.add_argument("folder", type=Path)
    many.add_argument("server")
    many.add_argument("doi")
    lfs = kinds.add_parser("lfs", help="the files behind a checkout's Git LFS pointers")
    lfs.add_argument("folder", type=Path, help="FOLDER.part is the checkout")
    lfs.add_argument("media", help="address of the repository's media")
    options = parser.parse_args(arguments)

    folder: Path = options.folder
    if folder.exists():
        print(f"{folder} is there already; delete it to download it again", file=sys.stderr)
        return 0
    work = folder.with_name(folder.name + ".part")
    try:
        print(f"fetching {folder}", file=sys.stderr)
        if options.kind == "zip":
            from_zip(options.url, work, md5=options.md5)
        elif options.kind == "dataverse":
            from_dataverse(options.server, options.doi, work)
        else:
            from_lfs(options.media, work)
        work.rename(folder)
    except FetchError as error:
        _show("")
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        _show("")
        return 130
    _show("")
    count = sum(p.is_file() and ".git" not in p.parts for p in folder.rglob("*"))
    print(f"{folder}: {count} files", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
