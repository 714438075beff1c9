"""Fetches recordings: lists what an address stands for, downloads, decodes, keeps the books."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from ser.errors import AudioError, SerError
from ser.io.files import make_folder
from ser.youtube.addresses import printable
from ser.youtube.client import Log, open_client
from ser.youtube.config import FetchConfig, Section
from ser.youtube.decode import decode, seconds_of_file
from ser.youtube.errors import explain, is_passing, refuse_live
from ser.youtube.listing import Entry, is_link, list_entries, resolve
from ser.youtube.metadata import Recording, describe, digest, file_name, inside, page_of

# The list of what is done, in yt-dlp's format: a line ``site id`` per recording.


def prepare_archive(path: Path) -> None:
    """Makes sure that a list can be read and written before hours of work rely on it.

    The file, and its folder, are made where they are missing.

    Raises:
        SerError: It is something else, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as file:
            file.seek(0)
            for number, line in enumerate(file, 1):
                if line.strip() and len(line.split()) < 2:
                    raise SerError(
                        path,
                        f"is no list of recordings (line {number} is not 'site id')",
                        "name a new file or one that yt-dlp wrote",
                    )
    except UnicodeDecodeError as error:
        raise SerError(
            path, "is no list of recordings", "name a new file or one that yt-dlp wrote"
        ) from error
    except OSError as error:
        raise SerError(
            path, f"cannot be written ({error.strerror or error})", "check the path"
        ) from error


PARTS = ".ser-yt-parts"
"""The folder, inside the output folder, of downloads that are not finished."""


_GENERIC = frozenset({"Generic", "HtmlEmbed", "HTML5MediaEmbed"})


class SeveralError(SerError):
    """An address stands for several recordings where one is wanted."""


class Watch(Protocol):
    """Follows a download."""

    def __call__(self, title: str, done: int, total: int | None) -> None:
        """Gets the title, and the bytes that are there and expected; None is not known."""


def fetch(
    urls: Iterable[str],
    folder: Path,
    config: FetchConfig,
    *,
    single: bool = False,
    on_error: Callable[[SerError], object],
    skipped: Callable[[str], object] = lambda message: None,
    detail: Callable[[str], object] = lambda message: None,
    watch: Watch = lambda title, done, total: None,
) -> Iterator[Recording]:
    """Fetches recordings into a folder, one after the other.

    What breaks off is kept in `PARTS` and continued by the next run. A file gets its name when it
    is whole.

    Args:
        urls: Addresses of recordings, playlists, channels, or pages with recordings.
        folder: Where the files go; made where it is missing.
        config: How to fetch.
        single: Insist on one recording.
        on_error: Gets a line for each recording, or address, that fails; the others are fetched.
        skipped: Gets a line for each recording that was there or in the archive already.
        detail: Gets what yt-dlp says.
        watch: Follows downloads.

    Yields:
        Each recording, as soon as it is in its file.

    Raises:
        SeveralError: There are several, and `single` was asked for.
        SerError: The folder, the archive or the cookies cannot be used.
    """
    make_folder(folder)
    if config.archive is not None:
        prepare_archive(config.archive)
    log = Log(detail)
    fetcher = _Fetcher(open_client(config, log), log, folder, config, on_error, skipped, watch)
    with contextlib.closing(fetcher):
        for url in urls:
            yield from fetcher.fetch(url, single)


class _Fetcher:
    def __init__(
        self,
        client: Any,
        log: Log,
        folder: Path,
        config: FetchConfig,
        on_error: Callable[[SerError], object],
        skipped: Callable[[str], object],
        watch: Watch,
    ) -> None:
        self.client = client
        self.log = log
        self.folder = folder
        self.config = config
        self.on_error = on_error
        self.skipped = skipped
        self.watch = watch
        self.url = ""
        self.title = ""
        client.add_progress_hook(self._progress)

    def close(self) -> None:
        """Lets connections go, and the folder of parts where it is empty."""
        self.client.close()
        with contextlib.suppress(OSError):
            (self.folder / PARTS).rmdir()

    def fetch(self, url: str, single: bool) -> Iterator[Recording]:
        self.url = url
        self.log.warnings.clear()
        try:
            entries = list_entries(self.client, url, self.config.items, self._ask)
            if single:
                entries = iter(_only(entries, url))
            for entry in entries:
                yield from self._fetch_entry(entry, url)
                self.url = url
        except SeveralError:
            raise
        except SerError as error:
            self.on_error(error)

    def _fetch_entry(self, entry: Entry, url: str) -> Iterator[Recording]:
        # A page may have several recordings; then its own address is all that is known of each.
        self.url = page_of(entry) if page_of(entry).startswith("http") else url
        self.log.warnings[:] = self.log.warnings[-20:]
        try:
            if self._archived(entry):
                return
            refuse_live(entry, self.url)
            if is_link(entry):
                found = resolve(self.client, entry, self._ask)
                # Links out of a list lead to recordings, or now and then to lists.
                for video in found:
                    if is_link(video):
                        yield from self._fetch_entry(video, url)
                    else:
                        yield from self._fetch_video(video)
            else:
                yield from self._fetch_video(entry)
        except SerError as error:
            self.on_error(error)

    def _fetch_video(self, video: Entry) -> Iterator[Recording]:
        if self._archived(video):
            return
        refuse_live(video, self.url)
        info = self._ask(lambda: self.client.process_ie_result(video, download=False), again=False)
        if info is None:
            return
        refuse_live(info, self.url)
        if self._archived(info):
            return
        self.title = printable(str(info.get("title") or info["id"]), 60)
        wanted = self.config.sections or (Section(),)
        clip = Section(info.pop("section_start", None) or 0.0, info.pop("section_end", None))
        media: Path | None = None
        failed = False
        for section in wanted:
            target = self._target(info, section)
            length = None if self.config.overwrite else self._length(target)
            if length is not None:
                self.skipped(f"{target}: is there already")
                yield describe(info, target, length, section)
                continue
            if media is None:
                media = self._download(info)
            try:
                length = decode(
                    media, target, self.config.rate, self.config.kind, section.within(clip)
                )
            except AudioError as error:
                failed = True
                self.on_error(_of_page(error, self.url, section))
                continue
            yield describe(info, target, length, section)
        if media is not None:
            media.unlink(missing_ok=True)
        if self.config.archive is not None and not failed:
            self._ask(lambda: self.client.record_download_archive(_booked(info)), again=False)

    def _archived(self, entry: Entry) -> bool:
        # Links to pages that no extractor knows have no id of their own yet.
        named = not is_link(entry) or entry.get("ie_key") not in (None, *_GENERIC)
        if self.config.archive is None or not named:
            return False
        if not self.client.in_download_archive(_booked(entry)):
            return False
        self.skipped(f"{printable(self.url)}: is in the archive")
        return True

    def _length(self, target: Path) -> float | None:
        return seconds_of_file(target, self.config.rate)

    def _target(self, info: Mapping[str, Any], section: Section) -> Path:
        name = file_name(
            str(info.get("title") or ""),
            str(info["id"]),
            f".{self.config.kind}",
            section="" if section.whole else str(section),
            key=_key(info),
        )
        return inside(self.folder, name)

    def _download(self, info: Mapping[str, Any]) -> Path:
        """Downloads the chosen stream, or the rest of it."""
        parts = self.folder / PARTS
        name = f"{info.get('extractor_key')}\0{info['id']}\0{_key(info)}"
        digits = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:20]
        # Another stream of the same recording cannot be continued with this one.
        stream = re.sub(r"[^A-Za-z0-9]", "_", str(info.get("format_id") or ""))[:40]
        media = parts / f"{digits}-{stream}.media"
        make_folder(parts)
        done = self._ask(lambda: self.client.dl(str(media), dict(info))[0], again=False)
        if not done or not media.is_file():
            raise SerError(
                printable(self.url), "could not be downloaded", "run it with -v for yt-dlp's words"
            )
        return media

    def _progress(self, state: Mapping[str, Any]) -> None:
        total = state.get("total_bytes") or state.get("total_bytes_estimate")
        self.watch(
            self.title, int(state.get("downloaded_bytes") or 0), int(total) if total else None
        )

    def _ask(self, question: Callable[[], Any], *, again: bool = True) -> Any:
        """Runs a part of yt-dlp; see `ser.youtube.listing.Ask`."""
        for attempt in range(self.config.retries + 1):
            try:
                return question()
            # Extractors for a thousand sites fail in every way there is, and one that does
            # must not end the batch.
            except Exception as error:
                if not again or attempt == self.config.retries or not is_passing(error):
                    raise explain(error, self.url, self.log.warnings) from error
                wait = self.config.wait(attempt)
                self.log.info(f"trying again in {wait:g} s ({attempt + 1}/{self.config.retries})")
                time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def _only(entries: Iterator[Entry], url: str) -> list[Entry]:
    """Takes the one entry, and refuses a second without listing the rest."""
    first = next(entries, None)
    if first is None:
        return []
    if next(entries, None) is not None:
        raise SeveralError(url, "stands for several recordings", "choose one with --items 1")
    return [first]


def _key(info: Mapping[str, Any]) -> str:
    """Gives what tells recordings of different pages apart where ids do not.

    The ids of yt-dlp's generic extractors are file names, which many pages have alike.
    """
    extractor = info.get("extractor_key") or info.get("ie_key") or "Generic"
    return page_of(info) if extractor in _GENERIC else ""


def _booked(info: Mapping[str, Any]) -> dict[str, Any]:
    """Gives a recording the id that stands in the archive: on one site, no two have the same."""
    key = _key(info)
    if not key or not info.get("id"):
        return dict(info)
    return {**info, "id": f"{info['id']}-{digest(str(info['id']), key)}"}


def _of_page(error: AudioError, url: str, section: Section) -> SerError:
    """Names the page instead of the temporary file."""
    if error.cause.startswith("holds no samples") and not section.whole:
        return SerError(printable(url), f"ends before the section {section}", "check --sections")
    return SerError(printable(url), f"{error.cause}, as downloaded", error.cure)
