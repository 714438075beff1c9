"""Fetching of recordings: listing, download, decoding, and the archive of what is done."""

from __future__ import annotations

import contextlib
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from ser.audio.selection import Selection
from ser.errors import AudioError, SerError
from ser.io.files import hold_output, make_folder
from ser.youtube.addresses import printable
from ser.youtube.bounds import BoundsError
from ser.youtube.client import YtDlpLog, open_client
from ser.youtube.config import FetchConfig, Section
from ser.youtube.decode import PartialSoundError, decode, file_duration
from ser.youtube.errors import explain, is_transient, refuse_live
from ser.youtube.listing import Entry, is_link, list_entries, resolve
from ser.youtube.metadata import (
    FetchedAudio,
    describe_audio,
    digest,
    file_name,
    join_inside,
    page_of,
)


def prepare_archive(path: Path) -> None:
    """Checks that an archive can be read and written, before hours of work rely on it.

    An archive lists the recordings that are done, in yt-dlp's format: ``site id`` on each line.

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

# yt-dlp's extractors for pages that no other knows.
_GENERIC = frozenset({"Generic", "HtmlEmbed", "HTML5MediaEmbed"})


class SeveralError(SerError):
    """An address stands for several recordings where one is wanted."""


class DownloadCallback(Protocol):
    """A function that is called while a download goes on."""

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
    progress: DownloadCallback = lambda title, done, total: None,
) -> Iterator[FetchedAudio]:
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
        progress: Follows downloads.

    Yields:
        Each recording, as soon as it is in its file.

    Raises:
        SeveralError: There are several, and `single` was asked for.
        SerError: The folder, the archive or the cookies cannot be used.
    """
    make_folder(folder)
    if config.archive is not None:
        prepare_archive(config.archive)
    log = YtDlpLog(detail)
    fetcher = _Fetcher(open_client(config, log), log, folder, config, on_error, skipped, progress)
    with contextlib.closing(fetcher):
        for url in urls:
            yield from fetcher.fetch(url, single)


class _Fetcher:
    """Fetches addresses one after the other; the arguments are those of `fetch`."""

    def __init__(
        self,
        client: Any,
        log: YtDlpLog,
        folder: Path,
        config: FetchConfig,
        on_error: Callable[[SerError], object],
        skipped: Callable[[str], object],
        progress: DownloadCallback,
    ) -> None:
        self.client = client
        self.log = log
        self.folder = folder
        self.config = config
        self.on_error = on_error
        self.skipped = skipped
        self.progress = progress
        self.url = ""
        self.title = ""
        client.add_progress_hook(self._progress)

    def close(self) -> None:
        """Closes connections, and removes the folder of parts where it is empty."""
        self.client.close()
        with contextlib.suppress(OSError):
            (self.folder / PARTS).rmdir()

    def fetch(self, url: str, single: bool) -> Iterator[FetchedAudio]:
        self.url = url
        self.log.warnings.clear()
        try:
            entries = list_entries(self.client, url, self.config.items, self._call)
            if single:
                entries = iter(_take_only(entries, url))
            for entry in entries:
                yield from self._fetch_entry(entry, url)
                self.url = url
        except SeveralError:
            raise
        except SerError as error:
            self.on_error(error)

    def _fetch_entry(self, entry: Entry, url: str) -> Iterator[FetchedAudio]:
        # A page may have several recordings; then its own address is all that is known of each.
        self.url = page_of(entry) if page_of(entry).startswith("http") else url
        self.log.warnings[:] = self.log.warnings[-20:]
        try:
            if self._archived(entry):
                return
            refuse_live(entry, self.url)
            if is_link(entry):
                found = resolve(self.client, entry, self._call)
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

    def _fetch_video(self, video: Entry) -> Iterator[FetchedAudio]:
        if self._archived(video):
            return
        refuse_live(video, self.url)
        info = self._call(lambda: self.client.process_ie_result(video, download=False), again=False)
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
                yield describe_audio(info, target, length, section)
                continue
            if media is None:
                media = self._download(info)
            try:
                length = decode(
                    media,
                    target,
                    self.config.rate,
                    self.config.kind,
                    section.within(clip),
                    self.config.selection,
                )
            except AudioError as error:
                failed = True
                self.on_error(_with_page(error, self.url, section))
                continue
            except PartialSoundError as error:
                failed = True
                self.on_error(SerError(printable(self.url), error.cause, error.cure))
                continue
            yield describe_audio(info, target, length, section)
        if media is not None:
            media.unlink(missing_ok=True)
        if self.config.archive is not None and not failed:
            self._call(
                lambda: self.client.record_download_archive(_archive_entry(info)), again=False
            )

    def _archived(self, entry: Entry) -> bool:
        # Links to pages that no extractor knows have no id of their own yet.
        named = not is_link(entry) or entry.get("ie_key") not in (None, *_GENERIC)
        if self.config.archive is None or not named:
            return False
        if not self.client.in_download_archive(_archive_entry(entry)):
            return False
        self.skipped(f"{printable(self.url)}: is in the archive")
        return True

    def _length(self, target: Path) -> float | None:
        return file_duration(target, self.config.rate)

    def _target(self, info: Mapping[str, Any], section: Section) -> Path:
        name = file_name(
            str(info.get("title") or ""),
            str(info["id"]),
            f".{self.config.kind}",
            section=_part_name(section, self.config.selection),
            key=_page_key(info),
        )
        return join_inside(self.folder, name)

    def _download(self, info: Mapping[str, Any]) -> Path:
        """Downloads the chosen stream, or the rest of it."""
        parts = self.folder / PARTS
        name = f"{info.get('extractor_key')}\0{info['id']}\0{_page_key(info)}"
        digits = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:20]
        # Another stream of the same recording cannot be continued with this one.
        stream = re.sub(r"[^A-Za-z0-9]", "_", str(info.get("format_id") or ""))[:40]
        media = parts / f"{digits}-{stream}.media"
        make_folder(parts)
        # Two runs that fetch the same recording into one folder would mix their bytes.
        with hold_output(media):
            done = self._call(lambda: self.client.dl(str(media), dict(info))[0], again=False)
        if not done or not media.is_file():
            raise SerError(
                printable(self.url), "could not be downloaded", "run it with -v for yt-dlp's words"
            )
        return media

    def _progress(self, state: Mapping[str, Any]) -> None:
        if int(state.get("downloaded_bytes") or 0) > self.config.max_size:
            # Of many fragments, each of which is small enough.
            most = self.config.max_size / (1 << 20)
            raise BoundsError(self.url, f"sends more than {most:.4g} MB", "allow more: --max-size")
        total = state.get("total_bytes") or state.get("total_bytes_estimate")
        self.progress(
            self.title, int(state.get("downloaded_bytes") or 0), int(total) if total else None
        )

    def _call(self, function: Callable[[], Any], *, again: bool = True) -> Any:
        """Calls yt-dlp; see `ser.youtube.listing.RetryingCall`."""
        for attempt in range(self.config.retries + 1):
            try:
                return function()
            # Extractors for a thousand sites fail in every way there is, and one that does
            # must not end the batch.
            except Exception as error:
                if not again or attempt == self.config.retries or not is_transient(error):
                    raise explain(error, self.url, self.log.warnings) from error
                wait = self.config.wait(attempt)
                self.log.info(f"trying again in {wait:g} s ({attempt + 1}/{self.config.retries})")
                time.sleep(wait)
        raise AssertionError("the last attempt returns or raises")


def _take_only(entries: Iterator[Entry], url: str) -> list[Entry]:
    """Gives the one entry; a second is an error, and the rest is not listed."""
    first = next(entries, None)
    if first is None:
        return []
    if next(entries, None) is not None:
        raise SeveralError(url, "stands for several recordings", "choose one with --items 1")
    return [first]


def _page_key(info: Mapping[str, Any]) -> str:
    """Gives the key that separates recordings of different pages that may have one id.

    The ids of yt-dlp's generic extractors are file names, which many pages have alike.
    """
    extractor = info.get("extractor_key") or info.get("ie_key") or "Generic"
    return page_of(info) if extractor in _GENERIC else ""


def _archive_entry(info: Mapping[str, Any]) -> dict[str, Any]:
    """Gives yt-dlp's fields with the id for the archive, which is unique on its site."""
    key = _page_key(info)
    if not key or not info.get("id"):
        return dict(info)
    return {**info, "id": f"{info['id']}-{digest(str(info['id']), key)}"}


def _part_name(section: Section, selection: Selection) -> str:
    """Names what a file holds of a recording; nothing for all of it."""
    parts = [] if section.whole else [str(section)]
    if selection.track is not None:
        parts.append(f"track {selection.track}")
    if selection.channel != "mix":
        parts.append(f"channel {selection.channel}")
    return " ".join(parts)


def _with_page(error: AudioError, url: str, section: Section) -> SerError:
    """Gives an error about the page instead of the temporary file."""
    if error.cause.startswith("holds no samples") and not section.whole:
        return SerError(printable(url), f"ends before the section {section}", "check --sections")
    return SerError(printable(url), f"{error.cause}, as downloaded", error.cure)
