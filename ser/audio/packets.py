"""Packets of a track in a container: reading them, and how long they are together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ser.audio.declared import MOST_FLAC_SAMPLES
from ser.audio.placement import BACK, MAX_GAP, TOLERANCE, zero_of

# Reading on after so many failures in a row has no sense.
_MAX_FAILURES = 1000


def read_packets(
    container: Any, stream: Any, on_failure: Callable[[Exception], None] = lambda error: None
) -> Iterator[Any]:
    """Reads the packets of a track, on behind places that cannot be read.

    Args:
        container: PyAV's container.
        stream: The track.
        on_failure: Told what FFmpeg says of such places.
    """
    import av

    failures = 0
    while failures <= _MAX_FAILURES:
        try:
            for packet in container.demux(stream):
                failures = 0
                yield packet
            return
        except av.InvalidDataError as error:
            on_failure(error)
            failures += 1
        except IndexError:
            # PyAV does not know tracks that begin within a broadcast.
            failures += 1


def said_by_index(container: Any, stream: Any) -> float | None:
    """Gives where the sound ends by the index of an MP4; None in other formats."""
    if "mov" not in container.format.name or not stream.duration:
        return None
    late = max(float((stream.start_time or 0) * stream.time_base), 0.0)
    return float(stream.duration * stream.time_base) + (late if late > TOLERANCE else 0.0)


def said_by_header(container: Any, stream: Any) -> float:
    """Gives how long the header says that the sound is; 0 where it is not reliable.

    WebM may end anywhere, and FFmpeg takes it for complete. Beside a picture, sound may well be
    shorter than the header says; other formats either have an index that is missed, or guess.
    """
    said = said_by_index(container, stream)
    if said is not None:
        return said
    formats = set(container.format.name.split(","))
    if "flac" in formats:
        seconds = float((stream.duration or 0) * stream.time_base)
        # A damaged header may have no rate.
        samples = seconds * (stream.codec_context.sample_rate or 0)
        return seconds if 0 < samples < MOST_FLAC_SAMPLES else 0.0
    if not formats & {"matroska", "flv"} or len(container.streams) > 1:
        return 0.0
    return (container.duration or 0) / 1_000_000


def packets_length(container: Any, stream: Any) -> float:
    """Sums up the packets' seconds, less what encoders add at the ends and players drop.

    Durations are rounded, sometimes to milliseconds, and time stamps do not add that up; so a run
    of packets is as long as its stamps say, and runs are added where stamps begin anew.
    """
    base, rate = stream.time_base, stream.codec_context.sample_rate or 1
    zero = zero_of(container)
    usual = first = last = None
    total = 0.0
    dropped = 0
    for packet in read_packets(container, stream):
        if not packet.size:
            continue
        duration = packet.duration or 0
        usual = usual or duration
        if packet.pts is None:
            total += float(duration * base)
        else:
            if first is None or last is None:
                late = float(packet.pts * base) - zero
                total += late if TOLERANCE < late <= MAX_GAP else 0.0
                first = packet.pts
            elif not -BACK <= float((packet.pts - last) * base) <= MAX_GAP:
                total += float((last - first) * base)
                first = packet.pts
            last = packet.pts + duration
        # PyAV before 16 hides this from us; the length is then a few hundredths too long.
        if getattr(packet, "has_sidedata", lambda kind: False)("skip_samples"):
            start, end = np.frombuffer(bytes(packet.get_sidedata("skip_samples"))[:8], "<u4")
            # Some formats shorten the last packet themselves.
            dropped += int(start + (end if duration == usual else 0))
    if first is not None and last is not None:
        total += float((last - first) * base)
    return max(total - dropped / rate, 0.0)
