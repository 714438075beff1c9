"""yt-dlp's errors as one line: the address, the cause and the cure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ser.errors import SerError
from ser.youtube.addresses import printable

_UPDATE = "update yt-dlp (pip install -U 'yt-dlp[default]'), for sites change"
_SIGN_IN = "sign in with a browser and give its cookies with --cookies FILE"
_GONE = "remove it from the list"
_LIVE = "fetch it when the broadcast is over"
_RETRY = "check the connection and run it again: what is there already is kept"
_RUNTIME = "install Deno (https://deno.com) or Node.js, and pip install 'yt-dlp[default]'"

# Patterns of the messages of sites, with cause and cure; the first that matches is taken.
_MESSAGES: tuple[tuple[str, str, str], ...] = (
    (r"not an? http or https|unknown url type|no connection adapters|unsupported url scheme",
     "leads to an address that is not http or https", "give another address"),
    (r"no space left|unable to (open|write)", "cannot be saved",
     "check the output folder and free space"),
    (r"live event has ended|recording is not available",
     "was live, and there is no recording of it", "look for it again later"),
    (r"not a bot|confirm (that )?you.?re not", "is shown to people who have signed in", _SIGN_IN),
    (r"confirm your age|age.?restricted|inappropriate for some users",
     "is shown to adults who have signed in", _SIGN_IN),
    (r"members.only|join this channel", "is for members of the channel", _SIGN_IN),
    (r"requires payment|paid|purchase|subscribers? only|premium",
     "has to be paid for", _SIGN_IN),
    (r"private", "is private", _SIGN_IN),
    (r"live event will begin|premieres? (in|will begin)|is_upcoming|begins? in",
     "has not been broadcast yet", _LIVE),
    (r"not currently live|is offline|not live", "is a live channel that is silent now", _LIVE),
    (r"live (stream|hls)|livestream|is live", "is a live stream", _LIVE),
    (r"removed|terminated|deleted|no longer (available|exists)|taken down|has been blocked",
     "has been removed", _GONE),
    (r"drm|protected", "is protected against copying (DRM)", _GONE),
    (r"rate.?limit|try again later|too many requests",
     "is refused for a while (too many requests)", "wait an hour, or give --cookies FILE"),
    (r"logged.?in|log in|sign in|login|registered users|account",
     "is shown to people who have signed in", _SIGN_IN),
    (r"your country|your location|geo.?restrict",
     "is not shown in this country", "use a --proxy in another one"),
    (r"unavailable|not available|does not exist|doesn.t exist|not found|isn.t available",
     "is not available", "check the address"),
    (r"ffmpeg|unsupported features", "needs ffmpeg to be downloaded, which ser does not use",
     "give another address of the recording"),
)  # fmt: skip

_NO_FORMAT = re.compile(
    r"requested format|no video formats|only images|no suitable format|unable to extract.*format",
    re.IGNORECASE,
)
_RUNTIME_MISSING = re.compile(r"javascript runtime|challenge solving", re.IGNORECASE)


def explain(error: BaseException, url: str, warnings: Sequence[str] = ()) -> SerError:
    """Turns an error of yt-dlp into one line.

    Args:
        error: From yt-dlp, or what it let through.
        url: The address.
        warnings: What yt-dlp warned of before.

    Returns:
        The error to report. Its subject is the address.
    """
    for known in _chain(error):
        if isinstance(known, SerError):
            return _renamed(known, url)
    text = " ".join(printable(str(one), 1000) for one in _chain(error))
    status = _status(error)
    if (_NO_FORMAT.search(text) or status == 403) and _lacks_runtime(warnings):
        return SerError(
            printable(url), "needs a JavaScript runtime, and none that works was found", _RUNTIME
        )
    cause, cure = _by_status(status) or _by_network(error) or _by_kind(error, text) or _other(error)
    return SerError(printable(url), cause, cure)


def refuse_live(info: Mapping[str, Any], url: str) -> None:
    """Refuses broadcasts that have not ended.

    Args:
        info: yt-dlp's fields.
        url: The address.

    Raises:
        SerError: It is broadcast now, was a moment ago, or will be.
    """
    status = info.get("live_status") or ("is_live" if info.get("is_live") else None)
    cause = {
        "is_live": "is a live stream",
        "is_upcoming": "has not been broadcast yet",
        "post_live": "was live a moment ago, and the site has not finished it",
    }.get(str(status))
    if cause is not None:
        raise SerError(printable(url), cause, _LIVE)


def is_transient(error: BaseException) -> bool:
    """Says whether trying again may help: the network failed, or the server has too much to do."""
    from yt_dlp.networking.exceptions import CertificateVerifyError, HTTPError, TransportError

    status = _status(error)
    if status is not None:
        return status in (408, 425, 429) or status >= 500
    # Before the chain is looked at: a request's cause may be the socket's own error.
    return any(
        isinstance(one, TransportError) and not isinstance(one, CertificateVerifyError | HTTPError)
        for one in _chain(error)
    ) and not re.search(r"unknown url type", str(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Goes from an error to what it was made of, each once."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        # yt-dlp keeps the original beside the error as often as behind it.
        carried = getattr(one, "exc_info", None)
        inner = carried[1] if isinstance(carried, tuple) and len(carried) > 1 else None
        waiting += [inner, getattr(one, "cause", None), one.__cause__]


def _renamed(error: SerError, url: str) -> SerError:
    if error.subject == printable(url):
        return error
    # The address that was refused is somewhere behind the one that was given.
    cause = f"{error.cause} ({error.subject})" if "http" in error.cause else error.cause
    cause = cause.replace("is not an http", "leads to what is not an http")
    return type(error)(printable(url), cause, error.cure)


def _lacks_runtime(warnings: Sequence[str]) -> bool:
    return any(_RUNTIME_MISSING.search(warning) for warning in warnings)


def _status(error: BaseException) -> int | None:
    from yt_dlp.networking.exceptions import HTTPError

    return next((int(one.status) for one in _chain(error) if isinstance(one, HTTPError)), None)


def _by_status(status: int | None) -> tuple[str, str] | None:
    if status is None:
        return None
    code = f"HTTP {status}"
    if status in (404, 410):
        return f"does not exist ({code})", "check the address"
    if status == 429:
        return f"is refused for a while ({code})", "wait, or give --cookies FILE"
    if status == 407:
        return f"is behind a proxy that refuses ({code})", "put name and password in --proxy"
    if status in (401, 403):
        return f"is refused ({code})", f"{_SIGN_IN}, or {_UPDATE}"
    if status >= 500:
        return f"cannot be sent by the server ({code})", "run it again later"
    if 300 <= status < 400:
        return f"is redirected where ser does not follow ({code})", "give the final address"
    return f"is refused ({code})", f"check the address, or {_UPDATE}"


def _by_network(error: BaseException) -> tuple[str, str] | None:
    from yt_dlp.networking.exceptions import (
        CertificateVerifyError,
        IncompleteRead,
        ProxyError,
        TransportError,
    )

    for one in _chain(error):
        reason = _reason(one)
        if isinstance(one, CertificateVerifyError):
            return f"has a certificate that is not trusted ({reason})", "check date and address"
        if isinstance(one, ProxyError):
            return f"cannot be reached through the proxy ({reason})", "check --proxy"
        if isinstance(one, IncompleteRead):
            return "broke off on the way", _RETRY
        if isinstance(one, TransportError) and not re.search("unknown url type", str(one)):
            return f"cannot be reached ({reason})", _RETRY
    if re.search(r"got error:|giving up after", str(error), re.IGNORECASE):
        # A download that yt-dlp has tried often enough; the cause is in the words alone.
        words = re.sub(r"(?i)^.*got error:\s*|\.? *giving up after.*$", "", _message(error))
        return f"broke off on the way ({words})", _RETRY
    return None


def _reason(error: BaseException) -> str:
    """Shortens what the network says, in which libraries wrap each other."""
    text = printable(str(error))
    for pattern in (r"\[Errno -?\d+\] ([^'\")>]+)", r"(timed? ?out)", r": ([^:()<>]+)\)*$"):
        if match := re.search(pattern, text, re.IGNORECASE):
            return match[1].strip(" .'\"")
    return text.rstrip(".")


def _by_kind(error: BaseException, text: str) -> tuple[str, str] | None:
    from yt_dlp.utils import GeoRestrictedError, UnsupportedError, UserNotLive

    for one in _chain(error):
        if isinstance(one, UnsupportedError):
            return (
                "is no page on which yt-dlp finds a recording",
                f"check the address, or {_UPDATE}",
            )
        if isinstance(one, GeoRestrictedError):
            return "is not shown in this country", "use a --proxy in another one"
        if isinstance(one, UserNotLive):
            return "is a live channel that is silent now", _LIVE
    if _NO_FORMAT.search(text):
        return "offers no sound that can be downloaded", _UPDATE
    for pattern, cause, cure in _MESSAGES:
        # Of the message itself: advice of yt-dlp behind it speaks of signing in and the like.
        if re.search(pattern, _message(error), re.IGNORECASE):
            return cause, cure
    return None


def _other(error: BaseException) -> tuple[str, str]:
    message = _message(error) or type(error).__name__
    return f"cannot be fetched ({message})", _UPDATE


def _message(error: BaseException) -> str:
    """Takes the first sentence or two of what yt-dlp says, without what it puts around it."""
    innermost = next(
        (one for one in _chain(error) if getattr(one, "orig_msg", None)),
        error,
    )
    text = printable(str(getattr(innermost, "orig_msg", None) or innermost), 1000)
    text = re.sub(r"^ERROR:\s*", "", text)
    text = re.sub(r"^\[[\w:+.-]+\] (\S+: )?", "", text)
    text = re.split(
        r"[;.]? *(?:please report this issue|\(caused by|Use --|See +https?:|You might want)", text
    )[0]
    return printable(text, 160).rstrip(". ")
