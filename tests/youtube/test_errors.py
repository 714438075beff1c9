"""yt-dlp's errors in one line."""

from __future__ import annotations

import errno
import itertools
import ssl

from ser.errors import AudioError, SerError
from ser.youtube.errors import explain, is_transient

URL = "https://a.b/c"


def raised(error: Exception, *causes: Exception) -> Exception:
    """Raises errors out of each other, as they come through yt-dlp."""
    chain = [error, *causes]
    for outer, inner in itertools.pairwise(chain):
        outer.__cause__ = inner
    return error


def line(error: Exception, *warnings: str) -> str:
    explained = explain(error, URL, warnings)
    assert explained.cure
    assert "\n" not in str(explained)
    return str(explained)


def test_words_of_yt_dlp() -> None:
    from yt_dlp.utils import DownloadError

    for message, says in (
        ("unable to write data: [Errno 28] No space left on device", "cannot be saved; check the"),
        ("\r[download] Got error: 15 bytes read, 99 more expected. Giving up after 3 retries",
         "broke off on the way (15 bytes read, 99 more expected); check the connection"),
        ("[youtube] abc: This live event has ended.", "was live, and there is no recording of it"),
        ("[youtube] abc: This live stream recording is not available.", "no recording of it"),
        ("[x] abc: This video is only available for registered users. Use --cookies",
         "is shown to people who have signed in; sign in with a browser"),
        ("m3u8 download detected but ffmpeg could not be found. Please install", "needs ffmpeg"),
        ("This format is DRM protected; Try selecting another", "(DRM)"),
        ("[youtube:tab] abc: The playlist does not exist.", "is not available; check the address"),
        ("[site] 1: Unable to extract title; please report this issue on  https://github.com/yt",
         "cannot be fetched (Unable to extract title); update yt-dlp"),
    ):  # fmt: skip
        text = line(DownloadError(f"ERROR: {message}"))
        assert text.startswith(f"{URL}: ")
        assert says in text


def test_errors_inside_errors() -> None:
    from yt_dlp.networking.exceptions import (
        CertificateVerifyError,
        IncompleteRead,
        ProxyError,
        TransportError,
    )
    from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError, UserNotLive

    refused = ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    for inner, says, passing in (
        (TransportError(cause=refused), "cannot be reached (Connection refused); check", True),
        (TransportError(cause=TimeoutError("timed out")), "cannot be reached (timed out)", True),
        (IncompleteRead(5, 9), "broke off on the way; check the connection", True),
        (ProxyError(cause="Tunnel connection failed: 407"), "through the proxy", True),
        (CertificateVerifyError(cause=ssl.SSLCertVerificationError("expired")),
         "has a certificate that is not trusted", False),
        (GeoRestrictedError("Not here", countries=["DE"]), "in this country; use a --proxy", False),
        (UserNotLive(), "is a live channel that is silent now; fetch it when", False),
    ):  # fmt: skip
        outer = ExtractorError("Unable to download webpage", cause=inner, expected=True)
        error = DownloadError("ERROR: x", (ExtractorError, outer, None))
        assert says in line(error)
        assert says in line(raised(DownloadError("ERROR: x"), inner))
        assert is_transient(error) is passing


def test_own_errors_keep_their_words() -> None:
    assert line(SerError(URL, "is odd", "mend it")) == f"{URL}: is odd; mend it"
    elsewhere = SerError("file:///x", "is not an http or https address", "give another")
    assert line(raised(ValueError("x"), elsewhere)) == (
        f"{URL}: leads to what is not an http or https address (file:///x); give another"
    )
    assert isinstance(explain(AudioError("x", "is bad", "mend it"), URL), AudioError)


def test_a_runtime_is_missing_only_where_that_explains_it() -> None:
    warning = "[youtube] abc: n challenge solving failed: Some formats may be missing."
    error = ValueError("Requested format is not available. Use --list-formats")
    assert "needs a JavaScript runtime" in line(error, warning)
    assert "offers no sound" in line(error)
    assert "needs a JavaScript" not in line(ValueError("Private video"), warning)
