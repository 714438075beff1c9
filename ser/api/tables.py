"""Feature tables: `extract`, `merge` and `split`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from ser.api.arguments import check_choice, check_names, several
from ser.audio.selection import ChannelChoice, Selection
from ser.augment.copies import Copies
from ser.augment.recipe import parse_recipe
from ser.corpora.registry import CHOICES
from ser.dataset.extract import extract as extract_clips
from ser.dataset.groups import By
from ser.dataset.merge import MergeConfig
from ser.dataset.merge import merge as merge_tables
from ser.dataset.plan import RecordWindows
from ser.dataset.split import split_table
from ser.dataset.table import FeatureTable, Table, read_table, spec_of
from ser.errors import ParameterError, SerError
from ser.features.spec import PRESETS, FeatureSpec
from ser.inference.recognizer import Recognizer
from ser.labels import canonical
from ser.models.artifact import read_card


def extract(
    inputs: str | Path | Sequence[str | Path],
    *,
    preset: str | FeatureSpec = "speech",
    like: str | Path | Recognizer | Table | None = None,
    corpus: str = "auto",
    vocal_channel: Literal["speech", "song", "both"] = "both",
    channel: int | Literal["mix", "speech", "song", "both"] = "mix",
    track: int | None = None,
    window: float | None = None,
    hop: float | None = None,
    augment: str | None = None,
    copies: int = 1,
    balance: bool = False,
    noise_from: str | Path | None = None,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int], None] = lambda n: None,
    on_error: Callable[[SerError], None] | None = None,
    **features: Any,
) -> FeatureTable:
    """Computes features of recordings, as ``ser-extract`` does, into a table in memory.

    Args:
        inputs: Audio files, folders and manifests; one or several. Emotion, speaker and sentence
            are read from the corpus' file names.
        preset: The feature specification: a preset's name (``"speech"``, ``"emotion"`` …), or a
            specification.
        like: Take the specification of a model or a table instead.
        corpus: How file names say the emotion: a corpus' name, or ``"auto"``.
        vocal_channel: Which recordings of RAVDESS to take.
        channel: ``"mix"`` for the mean of all channels of each recording, or the number of one,
            from 1. The words of `vocal_channel` are still taken here.
        track: The number of an audio track, from 1; None for the default one.
        window: Cut recordings into windows of so many seconds.
        hop: Seconds from one window to the next; None for `window`.
        augment: A recipe of augmented copies, such as ``"noise,stretch+reverb"``.
        copies: Copies of each clip.
        balance: Make more copies of rare emotions.
        noise_from: A folder of recordings that noise is taken from.
        seed: The same seed makes the same copies.
        jobs: Worker processes.
        progress: Called with the number of records finished since the last call.
        on_error: Called for each recording that cannot be read; the others go on. None raises the
            first of these errors.
        **features: Fields of `ser.features.spec.FeatureSpec` that differ from the preset's, such
            as ``n_mels=40`` or ``pool="stats"``. An ``encoder`` alone is the only feature family.

    Returns:
        The table, shape (n,), in the order of the clips.

    Raises:
        ParameterError: There is no such preset, or a value is out of its range.
        TypeError: There is no such field.
        SerError: A recording cannot be read and `on_error` is None, or none can.
    """
    check_names("extract", features, [field.name for field in fields(FeatureSpec)])
    check_choice("corpus", corpus, CHOICES)
    heard: ChannelChoice = "mix"
    if channel == "speech" or channel == "song" or channel == "both":
        vocal_channel = channel
    else:
        heard = channel
    check_choice("vocal_channel", vocal_channel, ("speech", "song", "both"))
    if not isinstance(heard, int):
        check_choice("channel", heard, ("mix", "speech", "song", "both"))
    if hop is not None and window is None:
        raise ParameterError("hop", "needs `window`", "give the length of the windows too")
    return extract_clips(
        inputs,
        _spec(preset, like).with_changes(**features),
        corpus=corpus,
        vocal_channel=vocal_channel,
        selection=Selection(heard, track),
        windows=None if window is None else RecordWindows(window, hop or window),
        copies=None
        if augment is None
        else Copies(
            parse_recipe(augment, None if noise_from is None else Path(noise_from)),
            copies,
            balance,
            seed,
        ),
        jobs=jobs,
        progress=progress,
        on_error=on_error,
    )


def merge(
    tables: Table | str | Path | Sequence[Table | str | Path],
    *,
    mapping: Mapping[str, str] = MappingProxyType({}),
    keep: str | Collection[str] = (),
    drop: str | Collection[str] = (),
    unlabelled: bool = True,
    duplicates: bool = False,
) -> FeatureTable:
    """Merges feature tables, as ``ser-merge`` does, into a table in memory.

    Args:
        tables: Tables of one feature specification, or their paths; one or several.
        mapping: Old emotion names to new ones; applied first.
        keep: Emotions to keep; none for all.
        drop: Emotions to leave out.
        unlabelled: Keep records whose emotion is not known.
        duplicates: Keep records whose features equal those of an earlier record.

    Returns:
        The records of all, in the order of the tables.

    Raises:
        TableError: The tables do not fit each other, there is none, or no record is left.
    """
    config = MergeConfig(
        {
            canonical(old, strict=False): canonical(new, strict=False)
            for old, new in mapping.items()
        },
        frozenset(canonical(name, strict=False) for name in several(keep)),
        frozenset(canonical(name, strict=False) for name in several(drop)),
        unlabelled,
        duplicates,
    )
    return merge_tables(*map(as_table, several(tables)), config=config)


def split(
    table: Table | str | Path,
    test: float | str | Sequence[str] = 0.2,
    *,
    by: By = "speaker",
    seed: int = 0,
) -> tuple[FeatureTable, FeatureTable]:
    """Splits a table into a training and a test table, as ``ser-split`` does.

    Args:
        table: A feature table, or its path.
        test: The part of the clips that the test table gets, between 0 and 1; or its
            speaker, or speakers, or its corpora with `by` ``corpus``.
        by: What the tables do not share: ``speaker``, ``corpus``, or only ``clip``. Augmented
            copies stay with their clip, and exact duplicates are kept together, whatever it is.
        seed: The same seed gives the same split.

    Returns:
        The training table, with its augmented copies, and the test table without.

    Raises:
        ParameterError: `test` is not between 0 and 1, or names what the table does not have.
        TableError: The table cannot be split so: speakers are unknown, or there is only one group.
    """
    check_choice("by", by, get_args(By))
    return split_table(as_table(table), several(test), by=by, seed=seed)


def as_table(table: Table | str | Path) -> Table:
    """Gives a table, read from its file where a path is given.

    Raises:
        TableError: The file is no feature table.
    """
    return read_table(table) if isinstance(table, str | Path) else table


def _spec(preset: str | FeatureSpec, like: str | Path | Recognizer | Table | None) -> FeatureSpec:
    if isinstance(like, Recognizer):
        return like.classifier.spec
    if isinstance(like, str | Path):
        if Path(like).suffix == ".keras":
            return FeatureSpec.from_dict(read_card(Path(like))["spec"])
        return spec_of(read_table(like), like)
    if like is not None:
        return spec_of(like)
    if isinstance(preset, FeatureSpec):
        return preset
    check_choice("preset", preset, PRESETS)
    return PRESETS[preset]
