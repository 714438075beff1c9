"""Opening recordings with FFmpeg's libraries (PyAV), and the choice of the track."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from ser.audio.causes import undecodable
from ser.audio.selection import Remark
from ser.errors import AudioError

# Containers that may hold a recording. Of its own accord FFmpeg also follows play lists to other
# files and addresses, and finds some format in nearly any data.
_FORMATS = (
    "3g2,3gp,aac,aax,ac3,aiff,amr,amrnb,amrwb,ape,apm,asf,au,avi,bonk,caf,dsf,dss,dts,dtshd,dv,eac3,"
    "f4v,flac,flv,gsm,gxf,iamf,iff,ilbc,ircam,loas,matroska,mlp,mov,mp2,mp3,mp4,mpc,mpc8,mpeg,mpegts,"
    "mxf,nistsphere,nut,ogg,oma,osq,paf,pvf,qcp,qoa,rka,rm,sbc,shn,sox,spdif,swf,tak,truehd,tta,voc,"
    "vqf,w64,wav,webm,wsd,wtv,wv,xa,xwma"
)

# What MP4 calls sound that is encrypted (ISO/IEC 14496-12), and Apple's own way.
_ENCRYPTED = frozenset({"enca", "drms"})


def decoder_errors() -> tuple[type[Exception], ...]:
    """Gives the exceptions of FFmpeg, and those that reading a file may raise."""
    import av

    return (av.FFmpegError, ValueError, OSError)


def reason_of(error: Exception) -> str:
    """Says in a few words what FFmpeg or the system says of a file."""
    if getattr(error, "errno", None) == errno.EINVAL:
        # What FFmpeg says of formats that are not asked for.
        return "not a format of sound"
    return getattr(error, "strerror", None) or str(error)


@contextlib.contextmanager
def open_container(
    source: Path | IO[bytes],
    name: object,
    *,
    start: bytes = b"",
    track: int | None = None,
    remark: Remark,
) -> Iterator[tuple[Any, Any]]:
    """Opens a container, and one of its audio tracks.

    Args:
        source: A path, or a binary stream, which need not be seekable.
        name: What it is called in errors.
        start: What has been read from a stream already.
        track: The number of the track, from 1; None for the default one.
        remark: Told where there are several tracks.

    Yields:
        PyAV's container and stream.

    Raises:
        AudioError: It holds no sound that can be decoded.
    """
    import av

    with contextlib.ExitStack() as stack:
        target: Any = _Stream(source, start) if not isinstance(source, Path) else f"file:{source}"
        if isinstance(source, Path) and not _encodable(source):
            # PyAV takes no names that are not UTF-8, but open files.
            target = _Stream(stack.enter_context(source.open("rb")))
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file,pipe"}
        try:
            try:
                # PyAV before 19 refuses files whose tags are not UTF-8 unless told otherwise.
                container = av.open(target, metadata_errors="replace", container_options=options)
            except TypeError:
                container = av.open(target, container_options=options)
        except decoder_errors() as error:
            raise undecodable(name, source, reason_of(error)) from error
        stack.enter_context(container)
        yield container, _choose(name, list(container.streams.audio), track, remark)


def _choose(name: object, tracks: Sequence[Any], wanted: int | None, remark: Remark) -> Any:
    """Chooses the track that was asked for, or the default one of those that can be decoded."""
    if not tracks:
        raise AudioError(name, "has no audio stream", "give a file with sound")
    if wanted is not None:
        if wanted > len(tracks):
            count = "1 track" if len(tracks) == 1 else f"{len(tracks)} tracks"
            raise AudioError(
                name,
                f"has no track {wanted} of sound: it has {count}",
                "leave `track` out" if len(tracks) == 1 else f"give one from 1 to {len(tracks)}",
            )
        _check_codec(name, tracks[wanted - 1])
        return tracks[wanted - 1]
    usable = [track for track in tracks if _fault(track) is None]
    if not usable:
        _check_codec(name, tracks[0])
    chosen = next((track for track in usable if _is_default(track)), usable[0])
    if len(tracks) > 1:
        number = tracks.index(chosen) + 1
        left = [track for track in tracks[: number - 1] if _fault(track) is not None]
        why = f" (track {tracks.index(left[0]) + 1} {_fault(left[0])})" if left else ""
        remark(
            f"it has {len(tracks)} tracks of sound, and track {number} is read{why}: "
            "`track` takes another"
        )
    return chosen


def _check_codec(name: object, track: Any) -> None:
    fault = _fault(track)
    if fault is not None:
        cure = "give it unprotected" if "encrypted" in fault else "convert it to WAV or FLAC"
        raise AudioError(name, fault, cure)


def _fault(track: Any) -> str | None:
    """Says why a track cannot be decoded; None where it can."""
    context = track.codec_context
    if context is None:
        return "has sound of a codec that FFmpeg has no decoder for"
    if context.codec_tag in _ENCRYPTED:
        return "is encrypted"
    return None


def _is_default(track: Any) -> bool:
    # PyAV has no dispositions before its version 14.
    return bool(int(getattr(track, "disposition", 0)) & 1)


def _encodable(path: Path) -> bool:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class _Stream:
    """A binary stream as PyAV wants it; it gives what is there instead of waiting for more."""

    def __init__(self, stream: IO[bytes], start: bytes = b"") -> None:
        # A pipe may be live: a whole buffer can be seconds of sound.
        self._read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
        self._start = start
        if stream.seekable():
            if start:
                stream.seek(0)
                self._start = b""
            self.seek = stream.seek
            self.tell = stream.tell

    def read(self, count: int) -> bytes:
        if self._start:
            given, self._start = self._start[:count], self._start[count:]
            return given
        return self._read(count)

    def readable(self) -> bool:
        return True
