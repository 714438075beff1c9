"""``ser-yt``: recordings from the web as WAV or FLAC."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from ser.audio.selection import Selection
from ser.cli.common import Console, Progress, command, output_option, refuse_terminal
from ser.cli.options import check_stdin, sound_options
from ser.cli.paths import InputPath, OutputPath
from ser.errors import SerError
from ser.io.files import STANDARD
from ser.youtube.addresses import read_addresses
from ser.youtube.config import FetchConfig, Items, parse_items, parse_section, parse_size
from ser.youtube.fetch import DownloadCallback, SeveralError, fetch

T = TypeVar("T")


@command("ser-yt")
@click.argument("url", nargs=-1, metavar="URL...")
@click.option(
    "--batch-file",
    metavar="FILE",
    type=InputPath(allow_dash=True),
    help="Read more URLs from FILE (- is stdin), one per line; lines with # are comments.",
)
@output_option(
    "The folder for the files; - writes the sound of one recording to stdout.",
    default=".",
    metavar="DIR|-",
)
@click.option(
    "-f",
    "--format",
    "kind",
    type=click.Choice(["wav", "flac"]),
    default="wav",
    show_default=True,
    help="What is written: mono, 16 bits.",
)
@click.option(
    "--rate",
    type=click.IntRange(8_000, 192_000),
    default=16_000,
    show_default=True,
    metavar="HERTZ",
    help="Sample rate of the files.",
)
@sound_options(each=False)
@click.option("--items", metavar="LIST", help="Entries of playlists and channels: 1-20 or 3,7,10-.")
@click.option(
    "--sections",
    metavar="FROM-TO",
    multiple=True,
    help="Keep this part, as 1:00-5:30 or 90-. May be given several times: a file for each.",
)
@click.option(
    "--archive",
    metavar="FILE",
    type=OutputPath(dir_okay=False, path_type=Path),
    help="Skip what FILE lists and add what is done, in yt-dlp's format.",
)
@click.option("--overwrite", is_flag=True, help="Fetch again what is in the folder already.")
@click.option(
    "--limit-rate", metavar="BYTES", help="Most bytes per second to download: 500K or 4.2M."
)
@click.option(
    "--max-size",
    metavar="BYTES",
    default="4G",
    show_default=True,
    help="End the download of a recording that has more bytes than this: 500M or 2G.",
)
@click.option("--proxy", metavar="URL", help="HTTP or SOCKS proxy; '' goes without one.")
@click.option(
    "--cookies",
    metavar="FILE",
    type=InputPath(dir_okay=False, path_type=Path),
    help="Cookies in Netscape's format, for what needs signing in. Never written to.",
)
@click.option(
    "--retries",
    type=click.IntRange(0, 100),
    default=3,
    show_default=True,
    metavar="INTEGER",
    help="How often to try again, after 1, 2, 4 … seconds.",
)
def main(
    console: Console,
    url: tuple[str, ...],
    batch_file: str | None,
    output: str,
    kind: Any,
    rate: int,
    channel: Any,
    track: int | None,
    items: str | None,
    sections: tuple[str, ...],
    archive: Path | None,
    overwrite: bool,
    limit_rate: str | None,
    max_size: str,
    proxy: str | None,
    cookies: Path | None,
    retries: int,
) -> None:
    """Fetches the sound of URLs: recordings, playlists, channels; - reads URLs from stdin.

    Any site that yt-dlp knows. Only sound is downloaded where the site has it apart, and it is
    decoded without ffmpeg. A line of JSON per recording goes to stdout: id, title, uploader,
    duration, url, path. What breaks off is continued by the next run.

    \b
    Examples:
      ser-yt https://youtu.be/… -o talks/
      ser-yt https://www.youtube.com/playlist?list=… --items 1-20 --archive done.txt -o talks/
      ser-yt https://youtu.be/… --sections 1:00-5:30 -o - | ser-analyze -
      ser-yt --batch-file urls.txt -o talks/ | jq -r .path | ser-analyze --files-from -
    """  # noqa: D301
    config = FetchConfig(
        rate=rate,
        kind=kind,
        sections=tuple(_parse_option("--sections", parse_section, text) for text in sections),
        selection=Selection(channel, track),
        items=Items() if items is None else _parse_option("--items", parse_items, items),
        archive=archive,
        limit_rate=None
        if limit_rate is None
        else _parse_option("--limit-rate", parse_size, limit_rate),
        max_size=_parse_option("--max-size", parse_size, max_size),
        proxy=proxy,
        cookies=cookies,
        retries=retries,
        overwrite=overwrite,
    )
    if output == STANDARD and len(config.sections) > 1:
        raise click.UsageError("-o - writes one recording: give one section, or -o DIR.")
    refuse_terminal(output)
    urls = _urls(url, batch_file)
    if output == STANDARD:
        _pipe(console, urls, config)
    else:
        _save(console, urls, Path(output), config)


def _save(console: Console, urls: Sequence[str], folder: Path, config: FetchConfig) -> None:
    count = skipped = 0

    def skip(message: str) -> None:
        nonlocal skipped
        skipped += 1
        console.detail(message)

    with _download_bar(console) as progress:
        for recording in fetch(
            urls,
            folder,
            config,
            on_error=console.fail,
            skipped=skip,
            detail=console.detail,
            progress=progress,
        ):
            count += 1
            click.echo(recording.to_json(sys.stdout.encoding))
    there = f", {skipped} skipped as done already" if skipped else ""
    console.info(f"{folder}: {count} {'recording' if count == 1 else 'recordings'}{there}")


def _pipe(console: Console, urls: Sequence[str], config: FetchConfig) -> None:
    if len(urls) != 1:
        raise click.UsageError(f"-o - writes one recording, and there are {len(urls)} URLs.")
    with (
        tempfile.TemporaryDirectory(prefix="ser-yt-") as folder,
        _download_bar(console) as progress,
    ):
        try:
            for recording in fetch(
                urls,
                Path(folder),
                config,
                single=True,
                on_error=console.fail,
                skipped=console.info,
                detail=console.detail,
                progress=progress,
            ):
                # Only now, when it is whole: who reads it gets all of it or nothing.
                with Path(recording.path).open("rb") as source:
                    shutil.copyfileobj(source, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
        except SeveralError as error:
            raise click.UsageError(
                f"-o - writes one recording, and {error.subject} {error.cause}: "
                f"{error.cure}, or give -o DIR."
            ) from error


def _urls(given: Sequence[str], batch_file: str | None) -> list[str]:
    check_stdin([*given, batch_file])
    urls: list[str] = []
    for url in given:
        urls += _read_urls(STANDARD) if url == STANDARD else [url]
    if batch_file is not None:
        urls += _read_urls(batch_file)
    if not urls:
        raise click.UsageError("No URL is given: name URLs, - for stdin, or --batch-file.")
    return urls


def _read_urls(source: str) -> list[str]:
    name = "standard input" if source == STANDARD else source
    try:
        data = sys.stdin.buffer.read() if source == STANDARD else Path(source).read_bytes()
    except OSError as error:
        raise SerError(source, f"cannot be read ({error.strerror or error})") from error
    found = read_addresses(data.decode("utf-8", "replace").splitlines())
    if not found:
        raise SerError(name, "lists no URLs", "write one per line")
    return found


def _parse_option(option: str, parse: Callable[[str], T], text: str) -> T:
    try:
        return parse(text)
    except SerError as error:
        raise click.UsageError(f"{option}: {error}.") from error


@contextlib.contextmanager
def _download_bar(console: Console) -> Iterator[DownloadCallback]:
    with console.progress(None, "B", "listing", scale=True) as bar:
        yield _DownloadBar(bar)


class _DownloadBar:
    """One progress bar for all downloads, which starts anew with each."""

    def __init__(self, bar: Progress) -> None:
        self.bar = bar
        self.current: tuple[str, int | None] | None = None
        self.done = 0

    def __call__(self, title: str, done: int, total: int | None) -> None:
        if self.current != (title, total) or done < self.done:
            self.current, self.done = (title, total), 0
            self.bar.expect(total or 0)
            self.bar.describe(title)
        self.bar.update(done - self.done)
        self.done = done


if __name__ == "__main__":
    main()
