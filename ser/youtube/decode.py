"""Decoding of downloads to mono WAV or FLAC, in this process and in constant memory."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ser.audio import reader
from ser.audio.selection import DEFAULT, Selection
from ser.errors import AudioError, SerError, cannot_write
from ser.io.files import TemporaryOutput
from ser.youtube.config import FileFormat, Section

# The length fields of WAV have 32 bits.
_MAX_WAV_SAMPLES = (2**32 - 4096) // 2


class PartialSoundError(SerError):
    """A download breaks off in the middle; the sound before that is kept."""


def decode(
    source: Path,
    target: Path,
    rate: int,
    kind: FileFormat,
    section: Section,
    selection: Selection = DEFAULT,
) -> float:
    """Decodes a part of a file to mono 16-bit WAV or FLAC; whole, or under another name.

    Args:
        source: Anything that libsndfile or FFmpeg's libraries read.
        target: The file to write.
        rate: Its sample rate in hertz.
        kind: Its format.
        section: The part that is kept.
        selection: Which track is heard, and which channel.

    Returns:
        Seconds of sound written.

    Raises:
        AudioError: The source cannot be decoded, or holds nothing in this part.
        PartialSoundError: It breaks off; what came before is kept in ``NAME.partial.wav``.
        SerError: The target cannot be written.
    """
    import soundfile

    temporary = TemporaryOutput(target)
    count = 0
    with contextlib.ExitStack() as stack:
        stack.callback(temporary.discard)
        try:
            with soundfile.SoundFile(
                str(temporary.create()), "w", rate, 1, "PCM_16", format=kind.upper()
            ) as file:
                for block in reader.stream(
                    source,
                    rate,
                    offset=section.start,
                    duration=section.duration,
                    selection=selection,
                ):
                    if kind == "wav" and count + len(block) > _MAX_WAV_SAMPLES:
                        raise AudioError(
                            target, "is too long for WAV", "use --format flac or a lower --rate"
                        )
                    count += len(block)
                    file.write(block)
            if not count:
                raise AudioError(source, "holds no samples in this part", "check --sections")
            temporary.commit()
        except AudioError as error:
            if not count:
                raise
            raise PartialSoundError(
                source,
                f"{error.cause}, as downloaded; the {count / rate:.1f} s before that are in "
                f"{temporary.commit_partial()}",
                error.cure,
            ) from error
        except (OSError, soundfile.LibsndfileError) as error:
            raise cannot_write(target, error, SerError) from error
    return count / rate


def file_duration(path: Path, rate: int) -> float | None:
    """Gives the length of a file that was fetched before.

    Returns:
        Seconds; None where there is no file, or not one of this rate.
    """
    import soundfile

    if not path.is_file():
        return None
    try:
        about = soundfile.info(str(path))
    except soundfile.LibsndfileError:
        return None
    return about.frames / rate if about.samplerate == rate and about.frames else None
