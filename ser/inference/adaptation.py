"""Adaptation to a voice: learning from its speech before its recording is analyzed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Array
from ser.audio import reader
from ser.audio.causes import until_incomplete
from ser.audio.reader import Source, source_name
from ser.audio.selection import DEFAULT, Selection
from ser.errors import AudioError, ParameterError, choose_from
from ser.features.extract import fit_frames
from ser.features.prosody.speaker import MIN_CLIPS
from ser.inference.classifier import Adaptation, Classifier
from ser.inference.voice import ADAPTATION_SECONDS
from ser.inference.windowing import Windowing, cut_windows, default_windowing, parts_of_window
from ser.inference.windows import WindowBatch
from ser.parallel.resources import limit_blas_threads

SELF = "self"
"""Stands for the recording itself among the recordings that a voice is learnt from."""

NONE = "none"
"""Stands for no adaptation, in the place of recordings."""

# Windows that are this much softer than the loudest are pauses and say nothing of a voice.
_PAUSE_DB = 30.0


def speech_features(
    source: Source,
    classifier: Classifier,
    *,
    seconds: float = math.inf,
    vad: bool = True,
    selection: Selection = DEFAULT,
) -> tuple[Array, Array]:
    """Computes the features of a recording's speech.

    Args:
        source: The recording; see `ser.audio.reader.stream`.
        classifier: Its specification says what is computed.
        seconds: How much of the recording is used.
        vad: Leave out windows without speech.
        selection: Which track is heard, and which channel.

    Returns:
        Features (n, frames, coefficients) and functionals (n, functionals) of windows that overlap
        by half; those more than 30 dB softer than the loudest are left out.

    Raises:
        AudioError: The recording cannot be decoded, or holds no speech.
    """
    spec = classifier.spec
    length = default_windowing(classifier).duration
    windowing = Windowing(length, length / 2)
    blocks = until_incomplete(reader.stream(source, spec.sample_rate, selection=selection))
    batches: list[tuple[WindowBatch, list[bool], list[float]]] = []
    with limit_blas_threads():
        for batch in cut_windows(blocks, classifier.extractor, windowing):
            inside = [begin < seconds for begin, _ in batch.times]
            if any(inside):
                speech = batch.speech(spec.sample_rate) if vad else inside
                chosen = [near and spoken for near, spoken in zip(inside, speech, strict=True)]
                batches.append((batch, chosen, batch.power()))
            if not all(inside):
                break
        loudest = max((max(power) for _, _, power in batches), default=0.0)
        found = []
        for batch, chosen, power in batches:
            parts = [
                (number, start, stop)
                for number, (wanted, level) in enumerate(zip(chosen, power, strict=True))
                if wanted and level > loudest * 10 ** (-_PAUSE_DB / 10)
                for start, stop in parts_of_window(
                    batch.spans[number][1] - batch.spans[number][0], classifier, batch.grid(spec)
                )
            ]
            found += batch.features(parts, classifier.extractor)
    if not found:
        raise AudioError(
            source_name(source), "has no speech: there is no voice to learn", "give speech"
        )
    return stack_inputs(found, classifier)


def stack_inputs(
    found: Sequence[tuple[Array, Array]], classifier: Classifier
) -> tuple[Array, Array]:
    """Brings features of parts to the network's length.

    Args:
        found: Features (frames, coefficients) and functionals (functionals,) of each part.
        classifier: The classifier.

    Returns:
        Features (n, frames, coefficients) and functionals (n, functionals).
    """
    matrices = [fit_frames(matrix, classifier.frames) for matrix, _ in found]
    return np.stack(matrices), np.stack([vector for _, vector in found])


def adapt(
    sources: Sequence[Source],
    classifier: Classifier,
    *,
    seconds: float = ADAPTATION_SECONDS,
    vad: bool = True,
    selection: Selection = DEFAULT,
) -> Adaptation:
    """Adapts to a voice by unlabelled speech.

    Args:
        sources: Recordings of this one voice.
        classifier: The classifier.
        seconds: How much of each recording is used.
        vad: Leave out windows without speech.
        selection: Which track of each is heard, and which channel.

    Raises:
        AudioError: A recording cannot be decoded, or together they are too short.
    """
    parts = [
        speech_features(source, classifier, seconds=seconds, vad=vad, selection=selection)
        for source in sources
    ]
    x, functionals = (np.concatenate(part) for part in zip(*parts, strict=True))
    adaptation = classifier.adapt(x, functionals)
    if adaptation is None:
        first = source_name(sources[0])
        raise AudioError(
            first if len(sources) == 1 else f"{first} and {len(sources) - 1} more",
            f"too little speech: {len(x)} windows, and a voice is learnt from {MIN_CLIPS} or more",
            "give half a minute of the voice at least",
        )
    return adaptation


def check_emotions(emotions: Iterable[str], classifier: Classifier) -> None:
    """Makes sure that a model knows emotions, before any speech is read.

    Raises:
        ParameterError: It does not know one of them.
    """
    for emotion in emotions:
        if emotion not in classifier.labels:
            cause = "the model does not know this emotion"
            raise ParameterError("enrol", cause, choose_from(emotion, classifier.labels), emotion)


def enrol(
    labelled: Sequence[tuple[str, Source]],
    classifier: Classifier,
    adaptation: Adaptation | None = None,
    *,
    seconds: float = ADAPTATION_SECONDS,
    vad: bool = True,
) -> Adaptation:
    """Adapts to a voice by labelled speech: learns which of its emotions are mistaken.

    Args:
        labelled: Pairs of emotion and recording.
        classifier: The classifier.
        adaptation: What has been learnt of the voice before.
        seconds: How much of each recording is used.
        vad: Leave out windows without speech.

    Raises:
        LabelError: The model does not know an emotion.
        AudioError: A recording cannot be decoded.
    """
    check_emotions((emotion for emotion, _ in labelled), classifier)
    parts = [
        speech_features(source, classifier, seconds=seconds, vad=vad) for _, source in labelled
    ]
    x, functionals = (np.concatenate(part) for part in zip(*parts, strict=True))
    emotions = [
        emotion
        for (emotion, _), part in zip(labelled, parts, strict=True)
        for _ in range(len(part[0]))
    ]
    return classifier.enrol(x, functionals, emotions, adaptation)


@dataclass(frozen=True, slots=True)
class AdaptationSource:
    """Where the adaptation to the voice in each recording comes from.

    Attributes:
        adaptation: Learnt before: the same for all recordings; None for none.
        from_recording: Adapt to each recording by its own speech, before it is analyzed; an error
            where it holds too little.
        while_reading: Adapt to each recording by its own speech while it is analyzed, where the
            model has a speaker model and the recording holds enough.
        labelled: Pairs of emotion and recording that each voice is enrolled with then.
    """

    adaptation: Adaptation | None = None
    from_recording: bool = False
    while_reading: bool = False
    labelled: tuple[tuple[str, Source], ...] = ()

    def adaptation_for(
        self,
        recording: Source,
        classifier: Classifier,
        *,
        vad: bool = True,
        selection: Selection = DEFAULT,
    ) -> Adaptation | None:
        """Gives the adaptation to the voice in a recording.

        Args:
            recording: The recording.
            classifier: The classifier.
            vad: Leave out windows without speech.
            selection: Which track of it is heard, and which channel.

        Raises:
            SerError: It holds too little speech to learn from, or cannot be read.
        """
        if not self.from_recording:
            return self.adaptation
        return _learn([recording], self.labelled, classifier, vad, selection)


def prepare_adaptation(
    sources: Sequence[Source] | None,
    labelled: Sequence[tuple[str, Source]],
    classifier: Classifier,
    *,
    vad: bool = True,
) -> AdaptationSource:
    """Learns what can be learnt before the recordings are read.

    Args:
        sources: Recordings of the voice; `SELF` alone for each recording by itself, `NONE` alone
            for no adaptation. Without any, each recording adapts a model that has a speaker model.
        labelled: Pairs of emotion and recording of the voice.
        classifier: The classifier.
        vad: Leave out windows without speech.

    Raises:
        SerError: A recording cannot be read, there is too little speech, or the model does not
            know an emotion.
    """
    check_emotions((emotion for emotion, _ in labelled), classifier)
    given = list(sources or ())
    automatic = not given and not labelled and classifier.speaker_model is not None
    if given == [SELF] and (labelled or classifier.speaker_model is None):
        return AdaptationSource(from_recording=True, labelled=tuple(labelled))
    if given in ([SELF], [NONE]):
        given, automatic = [], given == [SELF]
    return AdaptationSource(_learn(given, labelled, classifier, vad), while_reading=automatic)


def _learn(
    speech: Sequence[Source],
    labelled: Sequence[tuple[str, Source]],
    classifier: Classifier,
    vad: bool,
    selection: Selection = DEFAULT,
) -> Adaptation | None:
    adaptation = adapt(speech, classifier, vad=vad, selection=selection) if speech else None
    return enrol(labelled, classifier, adaptation, vad=vad) if labelled else adaptation
