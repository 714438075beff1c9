"""yt-dlp, configured: no output, no protocols but http and https, no other programs."""

from __future__ import annotations

import functools
import io
import os
import urllib.parse
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ser.errors import SerError, missing_package
from ser.youtube.addresses import check_address, printable
from ser.youtube.bounds import PAGE_BYTES, Bounds, inflate
from ser.youtube.config import FetchConfig

# The protocols that yt-dlp downloads by itself. The others need ffmpeg or other programs.
_PROTOCOLS = frozenset(
    [
        "http", "https", "m3u8", "m3u8_native", "http_dash_segments",
        "http_dash_segments_generator", "ism",
    ]
)  # fmt: skip

# The picture is thrown away. Beyond this height the sound gets no better.
_MAX_PICTURE_HEIGHT = 480


def choose_format(context: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Chooses a format, as yt-dlp's ``format`` option takes a function.

    The best sound that comes alone; where none does, the best with a picture that is small.

    Args:
        context: Its ``formats`` are sorted from worst to best, language and quality considered.

    Yields:
        The format, or nothing where none will do.
    """
    sound = [one for one in context["formats"] if _usable(one)]
    alone = [one for one in sound if one.get("vcodec") == "none"]
    if alone:
        yield alone[-1]
    elif sound:
        small = [one for one in sound if (one.get("height") or 0) <= _MAX_PICTURE_HEIGHT]
        yield small[-1] if small else min(sound, key=lambda one: one["height"])


def _usable(one: Mapping[str, Any]) -> bool:
    scheme = urllib.parse.urlsplit(str(one.get("url"))).scheme
    protocol = one.get("protocol") or scheme
    return (
        one.get("acodec") != "none"
        and scheme in ("http", "https")
        # Several at once are joined by a plus sign.
        and set(str(protocol).split("+")) <= _PROTOCOLS
    )


# yt-dlp takes Deno alone unless it is told of the others.
_RUNTIMES = ("deno", "node", "bun", "quickjs")

# With these, every address of a request can be checked; see `_WebClient.urlopen`. The others speak
# other protocols, or follow redirects to FTP inside a library.
_HANDLERS = frozenset({"Urllib", "Requests"})


class YtDlpLog:
    """Receives yt-dlp's messages, which would otherwise go to the terminal.

    Args:
        detail: Gets each line; for ``--verbose``.

    Attributes:
        warnings: The warnings since the list was cleared; they explain errors.
    """

    def __init__(self, detail: Callable[[str], object]) -> None:
        self._detail = detail
        self.warnings: list[str] = []

    def debug(self, message: str) -> None:
        """Receives progress and details."""
        self._say(message)

    def info(self, message: str) -> None:
        """Receives what yt-dlp would show on the screen."""
        self._say(message)

    def warning(self, message: str, *, once: bool = False, only_once: bool = False) -> None:
        """Receives a warning."""
        self.warnings.append(printable(message))
        self._say(f"warning: {message}")

    def error(self, message: str) -> None:
        """Receives an error; yt-dlp raises it as well."""
        self._say(message)

    def _say(self, message: str) -> None:
        if text := printable(message):
            self._detail(f"yt-dlp: {text}")


def open_client(config: FetchConfig, log: YtDlpLog) -> Any:
    """Makes a `yt_dlp.YoutubeDL` that fetches as configured.

    Args:
        config: How to fetch.
        log: Gets everything that yt-dlp says.

    Raises:
        SerError: yt-dlp is missing, or a file of cookies is none.
    """
    return _client_class(config.max_size, config.patience)(parameters(config, log))


def parameters(config: FetchConfig, log: YtDlpLog) -> dict[str, Any]:
    """Writes a configuration as yt-dlp's parameters.

    Raises:
        SerError: The file of cookies is none.
    """
    waits = dict.fromkeys(("http", "fragment", "file_access", "extractor"), _waiting(config))
    return {
        "logger": log,
        "quiet": True,
        "noprogress": True,
        "color": "never",
        "format": choose_format,
        # An address of a video inside a list means the video.
        "noplaylist": True,
        "default_search": "error",
        "cookiefile": None if config.cookies is None else read_cookies(config.cookies),
        "proxy": config.proxy,
        "ratelimit": config.limit_rate,
        "socket_timeout": config.timeout,
        "retries": config.retries,
        "fragment_retries": config.retries,
        "file_access_retries": config.retries,
        # Extraction as a whole is tried again as well.
        "extractor_retries": min(config.retries, 1),
        "retry_sleep_functions": waits,
        "continuedl": True,
        "updatetime": False,
        # A hole in a recording is worse than none.
        "skip_unavailable_fragments": False,
        "external_downloader": {"default": "native"},
        "hls_prefer_native": True,
        # A place without ffmpeg: it would follow addresses that nobody has checked.
        "ffmpeg_location": str(Path(os.devnull) / "none"),
        "fixup": "never",
        "download_archive": None if config.archive is None else str(config.archive),
        "js_runtimes": {name: {} for name in _RUNTIMES},
    }


def _waiting(config: FetchConfig) -> Callable[..., float]:
    def seconds(n: int = 0, **_: object) -> float:
        return config.wait(n)

    return seconds


@functools.cache
def _client_class(max_size: int, patience: float) -> Any:
    try:
        from yt_dlp import YoutubeDL
    except ModuleNotFoundError as error:
        raise missing_package("ser-yt", error.name) from error

    class _WebClient(YoutubeDL):  # type: ignore[misc]  # yt-dlp has no types
        """Refuses what is not http or https, in the one method that all requests pass."""

        def urlopen(self, req: Any) -> Any:
            check_address(req if isinstance(req, str) else _address(req))
            response = super().urlopen(req)
            check_address(response.url)
            Bounds(max_size, patience).watch(response, printable(response.url))
            return response

        def build_request_director(self, handlers: Iterable[Any], preferences: Any = None) -> Any:
            kept = [_web_handler(one) for one in handlers if one.RH_KEY in _HANDLERS]
            return super().build_request_director(kept, preferences)

    return _WebClient


def _address(request: Any) -> str:
    # yt-dlp has its own requests, and still takes those of urllib.
    url = str(getattr(request, "full_url", None) or request.url)
    # It also repairs some addresses of pages itself, such as those without a scheme.
    return f"https:{url}" if url.startswith("//") else url


def _web_handler(handler: Any) -> Any:
    """Keeps urllib's handler from following a redirect to FTP."""
    if handler.RH_KEY != "Urllib":
        return handler

    class UrllibRH(handler):  # type: ignore[misc]
        _SUPPORTED_URL_SCHEMES = ("http", "https")

        def _create_instance(self, *args: Any, **named: Any) -> Any:
            opener = super()._create_instance(*args, **named)
            for scheme in ("ftp", "file", "data"):
                opener.handle_open.pop(scheme, None)
            for one in opener.handlers:
                if hasattr(one, "gz"):
                    _bound_unpacking(one)
            return opener

    return UrllibRH


def _bound_unpacking(handler: Any) -> None:
    """Bounds what compressed answers become: yt-dlp reads and unpacks them in memory."""
    respond = handler.http_response

    def http_response(request: Any, response: Any) -> Any:
        if response.headers.get("Content-Encoding"):
            read = response.read
            response.read = lambda size=None: read(PAGE_BYTES if size is None else size)
        return respond(request, response)

    def deflate(data: bytes) -> bytes:
        try:
            return inflate(data, -zlib.MAX_WBITS)
        except zlib.error:
            return inflate(data, zlib.MAX_WBITS)

    handler.gz = lambda data: inflate(data, zlib.MAX_WBITS | 16)
    handler.deflate = deflate
    handler.http_response = handler.https_response = http_response


_COOKIE_FIELDS = 7


def read_cookies(path: Path) -> io.StringIO:
    """Reads a file of cookies in Netscape's format, as browsers' extensions and curl write it.

    yt-dlp gets a copy: it would write to the file otherwise, and speak about its lines.

    Raises:
        SerError: The file cannot be read or holds no cookies.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = []
    except OSError as error:
        raise SerError(
            path, f"cannot be read ({error.strerror or error})", "check the path"
        ) from error
    kept = [line for line in lines if _is_cookie(line)]
    if not kept:
        raise SerError(
            path, "holds no cookies in Netscape's format", "export cookies.txt from the browser"
        )
    return io.StringIO("\n".join(["# Netscape HTTP Cookie File", *kept, ""]))


def _is_cookie(line: str) -> bool:
    if line.startswith("#") and not line.startswith("#HttpOnly_"):
        return False
    fields = line.split("\t")
    return len(fields) == _COOKIE_FIELDS and (
        not fields[4] or fields[4].replace(".", "", 1).isdigit()
    )
