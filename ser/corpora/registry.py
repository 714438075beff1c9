"""Every corpus by name, and the search for clips in what a user gives.

To add a corpus, write a file beside this one (`ravdess.py` shows how) and a line in `CORPORA`.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from ser.corpora.ased import ASED
from ser.corpora.base import Clip, Corpus, Index
from ser.corpora.crema_d import CremaD
from ser.corpora.emobox import is_emobox, read_emobox
from ser.corpora.emodb import EmoDB
from ser.corpora.esd import ESD
from ser.corpora.folders import Folders
from ser.corpora.manifest import is_manifest, read_manifest
from ser.corpora.nemo import Nemo
from ser.corpora.ravdess import Ravdess
from ser.corpora.savee import Savee
from ser.corpora.tess import Tess
from ser.errors import CorpusError, SerError, choose_from
from ser.io.listing import PassedOver, walk
from ser.io.remote import exists, fetch, find_audio, is_url, url_or_path

CORPORA = MappingProxyType(
    {
        corpus.name: corpus
        # `auto` tries them in this order: those with the most specific names first.
        for corpus in (
            Ravdess(),
            CremaD(),
            Tess(),
            Nemo(),
            EmoDB(),
            Savee(),
            ESD(),
            ASED(),
            Folders(),
        )
    }
)
"""Corpus readers by name."""

CHOICES: tuple[str, ...] = ("auto", *CORPORA, "manifest", "none")
"""The values of ``--corpus``."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The clips that were found in the inputs.

    Attributes:
        clips: Sorted by path and start; a file that is given twice occurs once.
        skipped: Audio files whose names are not the corpus's, sorted.
        missing: One error for each input that gave no clip: it does not exist, is a folder
            without audio, is a manifest with an invalid row.
        channel_skipped: How many clips were left out because they are sung, or spoken.
        notes: Notes for the user, such as columns of a manifest that are ignored.
    """

    clips: tuple[Clip, ...] = ()
    skipped: tuple[Path, ...] = ()
    missing: tuple[SerError, ...] = ()
    channel_skipped: int = 0
    notes: tuple[str, ...] = ()


def find_clips(
    inputs: Sequence[Path],
    corpus: str = "auto",
    *,
    channel: Literal["speech", "song", "both"] = "both",
) -> Listing:
    """Finds audio files and what their corpora say about them.

    Args:
        inputs: Audio files (whatever their extension), folders (walked, hidden files ignored),
            manifests (CSV or TSV, or lists of EmoBox in JSON Lines), and URLs of files and folders.
        corpus: ``auto`` tries every reader on each file. A file that none of them knows is a clip
            without a label when it was given by itself or nothing in its folder is known;
            otherwise it is skipped. A corpus's name takes its files and skips all others.
            ``manifest`` reads every input as a manifest. ``none`` labels nothing.
        channel: Which half of RAVDESS to take.

    Returns:
        The clips, and all inputs that did not become one.

    Raises:
        CorpusError: There is no corpus of this name.
    """
    if corpus not in CHOICES:
        cure = choose_from(corpus, CHOICES)
        raise CorpusError(corpus, "is not a corpus that ser knows", cure)
    search = _Search(corpus)
    for given in inputs:
        search.add(Path(given))
    return search.listing(channel)


@dataclass
class _Search:
    """Collects clips input by input."""

    corpus: str
    clips: list[Clip] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    missing: list[SerError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    indices: dict[Path, Index | None] = field(default_factory=dict)

    def add(self, given: Path) -> None:
        url = url_or_path(given)
        if is_url(url):
            self._add_url(url)
            return
        try:
            is_folder = given.is_dir()
            exists = is_folder or given.exists()
        except OSError as error:  # a name too long, a folder without permission
            cause = f"cannot be read ({error.strerror or error})"
            self.missing.append(CorpusError(given, cause, "check the path"))
            return
        if not exists:
            self.missing.append(CorpusError(given, "does not exist", "check the path"))
        elif self.corpus == "manifest" and is_folder:
            self.missing.append(
                CorpusError(given, "is a folder", "give the manifest itself, a .csv or .tsv file")
            )
        elif is_folder:
            self._add_folder(given)
        elif self.corpus == "manifest" or (self.corpus in ("auto", "none") and _is_list(given)):
            self._add_manifest(given)
        else:
            self._add_files([given])

    def _add_folder(self, folder: Path) -> None:
        problems = len(self.missing)
        others = PassedOver()
        files = list(walk(folder, self.missing.append, others.add))
        said = others.remark()
        if said is not None:
            self.notes.append(f"{folder}: {said}")
        if not files and problems == len(self.missing):
            cure = "give a folder that holds audio files, or the files themselves"
            self.missing.append(CorpusError(folder, "holds no audio files", cure))
        self._add_files(files)

    def _add_url(self, url: str) -> None:
        if self.corpus == "manifest" or _is_list(Path(url)):
            cure = "copy it to this machine; its paths may be URLs"
            self.missing.append(CorpusError(url, "is a manifest behind a URL", cure))
            return
        try:
            self._add_files([Path(found.url) for found in find_audio(url)])
        except SerError as error:
            self.missing.append(error)

    def _add_manifest(self, path: Path) -> None:
        try:
            manifest = read_emobox(path) if is_emobox(path) else read_manifest(path)
        except CorpusError as error:
            self.missing.append(error)
            return
        self.missing += manifest.errors
        self.notes += manifest.notes
        if self.corpus == "none":
            self.clips += [
                Clip(clip.path, start=clip.start, duration=clip.duration) for clip in manifest.clips
            ]
        else:
            self.clips += map(_with_speaker, manifest.clips)

    def _add_files(self, files: Sequence[Path]) -> None:
        """Adds the files of one input."""
        if self.corpus == "none":
            self.clips += [Clip(path) for path in files]
            return
        known, unknown = [], []
        for path in files:
            clip = self._parse(path)
            if clip is None:
                unknown.append(path)
            else:
                known.append(clip)
        self.clips += known
        if self.corpus == "auto" and not known:
            # Recordings of no corpus, which can be analyzed all the same.
            if len(unknown) > 1:
                count = f"{len(unknown)} recordings"
                self.notes.append(
                    f"{count} get no emotion: no corpus has such names; a manifest can say them"
                )
            self.clips += [Clip(path) for path in unknown]
        else:
            self.skipped += unknown

    def _parse(self, path: Path) -> Clip | None:
        """Reads a file's name with the first reader that knows it."""
        readers = CORPORA.values() if self.corpus == "auto" else (CORPORA[self.corpus],)
        for reader in readers:
            clip = reader.parse(path)
            if clip is not None:
                index = self._index(reader, path)
                return reader.complete(clip, index) if index else clip
        return None

    def _index(self, reader: Corpus, path: Path) -> Index | None:
        if not reader.index:
            return None
        folder = (path if is_url(url_or_path(path)) else path.absolute()).parent
        for place in (folder / reader.index, folder.parent / reader.index):
            if place not in self.indices:
                self.indices[place] = self._read_index(reader, place)
            found = self.indices[place]
            if found is not None:
                return found
        return None

    def _read_index(self, reader: Corpus, place: Path) -> Index | None:
        try:
            with _local(place) as file:
                return None if file is None else reader.read_index(file)
        except CorpusError as error:
            # The file names say most of it; the error is reported beside the clips.
            self.missing.append(error)
            return {}

    def listing(self, channel: Literal["speech", "song", "both"]) -> Listing:
        unique: dict[tuple[str, float, float | None], Clip] = {}
        for clip in self.clips:
            # Links are not resolved: one recording under two names is two clips.
            key = (os.path.abspath(clip.path), clip.start, clip.duration)  # noqa: PTH100
            if key not in unique or not unique[key].corpus:
                unique[key] = clip
        wanted = [clip for clip in unique.values() if channel in ("both", _channel(clip, channel))]
        known = {os.path.abspath(clip.path) for clip in wanted}  # noqa: PTH100
        return Listing(
            clips=tuple(sorted(wanted, key=lambda clip: (clip.path, clip.start))),
            skipped=tuple(
                sorted(p for p in set(self.skipped) if os.path.abspath(p) not in known)  # noqa: PTH100
            ),
            missing=tuple(self.missing),
            channel_skipped=len(unique) - len(wanted),
            notes=tuple(dict.fromkeys(self.notes)),
        )


@contextlib.contextmanager
def _local(place: Path) -> Iterator[Path | None]:
    """Yields the path of a file on this machine, downloaded if need be; None if there is none."""
    name = url_or_path(place)
    if not is_url(name):
        yield place if place.is_file() else None
        return
    if not exists(name):
        yield None
        return
    with fetch(name) as copy:
        yield Path(copy)


def _channel(clip: Clip, wanted: str) -> str:
    reader = CORPORA.get(clip.corpus)
    # Recordings of no known corpus count as wanted.
    return reader.channel(clip.path) if reader else wanted


def _is_list(path: Path) -> bool:
    return is_manifest(path) or is_emobox(path)


def _with_speaker(clip: Clip) -> Clip:
    """Adds what the name of a file says, where a list of a known corpus does not say it."""
    reader = CORPORA.get(clip.corpus)
    if clip.speaker or reader is None:
        return clip
    named = reader.parse(clip.path)
    if named is None:
        return clip
    return replace(
        clip,
        speaker=named.speaker,
        text=clip.text or named.text,
        intensity=clip.intensity or named.intensity,
        gender=clip.gender or named.gender,
    )
