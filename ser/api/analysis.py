"""Emotions of recordings: `analyze` and `load_model`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from ser.api.arguments import check_choice, several
from ser.api.sources import Recording, as_source
from ser.api.timeline import Timeline
from ser.audio.causes import IncompleteError
from ser.audio.reader import Source, source_name
from ser.errors import ParameterError
from ser.inference.classifier import open_classifier
from ser.inference.config import make_config
from ser.inference.consumers import RemarkList, TalkKeeper, WindowList
from ser.inference.engine import EngineName
from ser.inference.recognizer import Recognizer
from ser.inference.recognizer import analyze as analyze_recording
from ser.inference.turns import GivenTurns, ListedTurns, TurnSource
from ser.models.backend import Device
from ser.pretrained import DEFAULT_MODEL, find_model
from ser.timeline.readers.registry import TurnFile
from ser.timeline.turn import Turn


def load_model(
    path: str | Path | None = None,
    *,
    engine: EngineName = "auto",
    device: Device = "auto",
    prior: Literal["alike"] | Mapping[str, float] | None = None,
) -> Recognizer:
    """Loads a classifier of voices.

    Args:
        path: An artifact that `train` or ``ser-train`` wrote; ``"small"`` for the smaller and
            faster one that ships with the package, None for the more accurate one.
        engine: What runs the network: ``litert`` starts quickly on a CPU, ``keras`` uses a GPU;
            ``auto`` takes LiteRT where it can.
        device: Where Keras runs: ``auto``, ``cpu`` or ``gpu``.
        prior: How frequent emotions are in what will be analyzed, where you know it: ``"alike"``,
            or the share of each emotion that occurs; the others are never given.

    Returns:
        A recognizer: `ser.inference.recognizer.Recognizer.predict` classifies a clip,
        `ser.inference.recognizer.Recognizer.stream` sound that comes in blocks, and `analyze` takes
        it for its `model`.

    Raises:
        ArtifactError: The file is no classifier, or cannot be read.
        ParameterError: There is no such engine or device, or the model does not know an emotion.

    Examples:
        >>> model = load_model()
        >>> model.labels[:3]
        ('neutral', 'calm', 'happy')
    """
    check_choice("engine", engine, get_args(EngineName))
    check_choice("device", device, get_args(Device))
    chosen = DEFAULT_MODEL if path is None else find_model(path)
    classifier = open_classifier(chosen, engine, device, prior)
    return Recognizer(classifier, make_config(classifier))


def analyze(
    source: Recording,
    *,
    sample_rate: int | None = None,
    model: Recognizer | str | Path | None = None,
    duration: float | None = None,
    hop: float | None = None,
    start: float = 0.0,
    end: float | None = None,
    segments: bool = False,
    smooth: float | None = None,
    min_confidence: float = 0.0,
    coverage: float | None = None,
    vad: bool = True,
    adapt: Source | Sequence[Source] | None = None,
    enrol: Mapping[str, Source | Sequence[Source]] | None = None,
    prior: Literal["alike"] | Mapping[str, float] | None = None,
    channel: int | Literal["mix", "each"] = "mix",
    track: int | None = None,
    segments_from: str | Path | Iterable[Sequence[Any]] | None = None,
    tiers: str | Sequence[str] = (),
    speakers: str | int | tuple[int, int] | Path | None = None,
    enrol_speakers: Mapping[str, Source | Sequence[Source]] | None = None,
    speaker_store: str | Path | None = None,
    name: str | None = None,
) -> Timeline:
    """Finds the emotions of a recording over time, as ``ser-analyze`` does.

    Args:
        source: The recording: a path, a URL, an open binary file, or samples: an array of shape
            (samples,) or (samples, channels), with `sample_rate`, or as a pair with their rate.
        sample_rate: Of an array, in hertz.
        model: A recognizer from `load_model`, or an artifact's path; None for the one that ships
            with the package.
        duration: Seconds per window; None for what the model was trained on.
        hop: Seconds from the start of one window to the start of the next; None for windows
            without overlap.
        start: Where to begin, in seconds.
        end: Where to end, in seconds; None for the end of the recording.
        segments: Join neighbouring windows of one emotion; windows then overlap by half and are
            smoothed by 0.8 unless told otherwise.
        smooth: Smooth by a hidden Markov model in which an emotion lasts for another second with
            this probability, 0 to 1.
        min_confidence: Call windows uncertain whose emotion is less probable than this, 0 to 1.
        coverage: Give each window the set of emotions that holds the true one with this
            probability (conformal prediction over speakers; see docs/commands.md for where the
            promise ends); None for no sets.
        vad: Leave windows without speech unclassified (voice activity detection).
        adapt: Adapt to the voice by unlabelled speech: recordings of it, ``"self"`` for the
            recording itself, ``"none"`` for no adaptation; None for ``"self"`` where the model can
            and the recording holds ten seconds of speech.
        enrol: Adapt to the voice by labelled speech: recordings of it by emotion.
        prior: How frequent emotions are in the recording, where you know it: ``"alike"``, or the
            share of each emotion that occurs, as ``{"neutral": 0.8, "angry": 0.2}``; the others are
            never given. None to learn it from the recording, or from `model` if that has a prior.
        channel: ``"mix"`` for the mean of all channels, the number of one from 1, or ``"each"``
            for every channel by itself: windows then name their channel.
        track: The number of an audio track, from 1; None for the default one.
        segments_from: Give one window for each segment that somebody has marked: a CSV, TSV, RTTM,
            TextGrid or EAF file, or a folder that has one for each recording; or segments
            themselves, each a start and an end in seconds, and the speaker if that is known.
        tiers: The tiers of a TextGrid or EAF file whose segments are taken; none for all.
        speakers: Tell speakers apart, and adapt to each voice by itself: ``"auto"``, how many
            there are, the least and the largest number, or a file that says who speaks when (RTTM,
            TextGrid, EAF, CSV). Windows then have a `speaker`.
        enrol_speakers: Recordings of persons by the names that their voices get.
        speaker_store: A file that keeps voices, so that the same names hold over many recordings.
            Voiceprints are personal data: nothing is kept unless this is given.
        name: The recording's name in the timeline; None for its path.

    Returns:
        The timeline: a sequence of windows, or segments. Of a recording that breaks off it has
        those that are there; its `remarks` say so, and what else is unusual.

    Raises:
        ParameterError: An option is out of its range.
        SerError: The recording, the model or the speech to adapt to cannot be read.

    Examples:
        >>> import numpy as np
        >>> analyze(np.zeros(48_000), sample_rate=16_000)[0].emotion
        'no speech'
    """
    recording: Source = as_source(source, sample_rate)
    recognizer = model if isinstance(model, Recognizer) else load_model(model)
    classifier = recognizer.classifier
    if prior is not None:
        classifier = classifier.with_prior(prior)
    turns = _turns(segments_from, tiers)
    if speakers is not None:
        if turns is not None:
            raise ParameterError("speakers", "does not go with `segments_from`", "give one of them")
        turns = _speaker_turns(speakers, enrol_speakers or {}, speaker_store)
    config = make_config(
        classifier,
        duration=duration,
        hop=hop,
        start=start,
        end=end,
        segments=segments,
        smooth=smooth,
        min_confidence=min_confidence,
        coverage=coverage,
        vad=vad,
        adapt=_sources(adapt),
        enrol=[
            (emotion, speech)
            for emotion, sources in (enrol or {}).items()
            for speech in _sources(sources)
        ],
        channel=channel,
        track=track,
        turns=turns,
    )
    recognizer = Recognizer(classifier, config)
    found = WindowList()
    said = RemarkList()
    talking = TalkKeeper()
    try:
        analyze_recording(recognizer, recording, [found, said, talking], name=name)
    except IncompleteError as error:
        said.add_remark(error.cause)
        warnings.warn(str(error), stacklevel=2)
    return Timeline(
        found.windows,
        labels=recognizer.labels,
        source=recording,
        name=name,
        model=recognizer.classifier.path.stem,
        sample_rate=recognizer.classifier.spec.sample_rate,
        time_range=config.time_range,
        selection=config.selection,
        remarks=said.remarks,
        talk=talking.talk,
        turns=talking.turns,
        annotation="" if turns is None else turns.annotation(name or source_name(recording)),
    )


def _speaker_turns(
    speakers: Any, enrolled: Mapping[str, Any], store: str | Path | None
) -> TurnSource:
    from ser.speakers.diarization import MOST_SPEAKERS, SpeakerTurns
    from ser.speakers.voiceprints import enrol

    match speakers:
        case "auto":
            least, most = 1, MOST_SPEAKERS
        case int():
            least = most = speakers
        case (int(), int()):
            least, most = speakers
        case str() | Path():
            return GivenTurns(TurnFile(str(speakers)), whole=False)
        case _:
            raise ParameterError(
                "speakers", "is no number of speakers", "give 'auto', 2, (2, 4) or a file", speakers
            )
    voices = tuple(enrol(name, _sources(sources)) for name, sources in enrolled.items())
    return SpeakerTurns(least, most, voices, "" if store is None else str(store))


def _turns(given: Any, tiers: str | Sequence[str]) -> TurnSource | None:
    if given is None:
        return None
    if isinstance(given, str | Path):
        return GivenTurns(TurnFile(str(given), tuple(several(tiers))))
    turns = []
    for number, (start, end, *speaker) in enumerate(given):
        if not 0 <= start < end:
            raise ParameterError(
                "segments_from",
                f"has a segment {number} from {start:g} to {end:g} s",
                "give a start from 0 on, and a later end",
            )
        turns.append(Turn(float(start), float(end), *map(str, speaker)))
    return ListedTurns(tuple(turns))


def _sources(given: Any) -> list[Source]:
    if given is None:
        return []
    if isinstance(given, str | Path | tuple) or hasattr(given, "read"):
        return [given]
    if isinstance(given, Iterable):
        return list(given)
    return [given]
