"""Everything beside the classifier that decides what is found in a recording, in one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from ser.audio.reader import Source
from ser.audio.selection import DEFAULT, ChannelChoice, Selection
from ser.errors import ParameterError
from ser.inference.adaptation import AdaptationSource, prepare_adaptation
from ser.inference.classifier import Classifier
from ser.inference.turns import TurnSource
from ser.inference.windowing import FULL, TimeRange, Windowing, default_windowing
from ser.timeline.postprocess import SEGMENT_OVERLAP, SEGMENT_SMOOTHING, Postprocessing


@dataclass(frozen=True, slots=True)
class AnalysisConfig:
    """Everything beside the classifier that decides what is found in a recording.

    Attributes:
        windowing: How recordings are divided into windows.
        time_range: Which part of each recording is analyzed.
        postprocessing: Smoothing, uncertainty and joining of the windows.
        vad: Leave windows without speech unclassified (voice activity detection).
        coverage: Windows get the set of emotions that holds the true one with this probability;
            None for no sets.
        adaptation: Where the adaptation to the voice of each recording comes from.
        selection: Which track of each recording is heard, and which channel.
        each_channel: Hear every channel by itself, each as a recording of its own.
        turns: Says who speaks when; windows then lie within turns, and each speaker's voice is
            adapted to by itself. None where speakers are not told apart.
    """

    windowing: Windowing
    time_range: TimeRange = FULL
    postprocessing: Postprocessing = field(default_factory=Postprocessing)
    vad: bool = True
    coverage: float | None = None
    adaptation: AdaptationSource = field(default_factory=AdaptationSource)
    selection: Selection = DEFAULT
    each_channel: bool = False
    turns: TurnSource | None = None


def make_config(
    classifier: Classifier,
    *,
    duration: float | None = None,
    hop: float | None = None,
    start: float = 0.0,
    end: float | None = None,
    segments: bool = False,
    smooth: float | None = None,
    min_confidence: float = 0.0,
    coverage: float | None = None,
    vad: bool = True,
    adapt: Sequence[Source] | None = None,
    enrol: Sequence[tuple[str, Source]] = (),
    default_hop: float | None = None,
    channel: ChannelChoice | Literal["each"] = "mix",
    track: int | None = None,
    turns: TurnSource | None = None,
) -> AnalysisConfig:
    """Makes a configuration of what a user asks for; what is left open gets its default.

    With `segments`, windows overlap by half and are smoothed by 0.8 unless told otherwise.

    Args:
        classifier: The classifier.
        duration: Seconds per window; None for what the network was trained on.
        hop: Seconds from one window to the next; None for windows without overlap.
        start: Where to begin, in seconds.
        end: Where to end, in seconds; None for the end of the recording.
        segments: Join neighbouring windows of one emotion.
        smooth: Probability that an emotion lasts for another second; None for no smoothing.
        min_confidence: Windows of less confidence are called uncertain, 0 to 1.
        coverage: Give the set of emotions that holds the true one with this probability; None for
            no sets.
        vad: Leave windows without speech unclassified.
        adapt: Unlabelled recordings of the voice; or `ser.inference.adaptation.SELF` or `NONE`
            alone; None for what suits the classifier.
        enrol: Pairs of emotion and recording of the voice.
        default_hop: What takes the place of `hop` where that is None.
        channel: ``mix`` for the mean of all channels, the number of one from 1, or ``each`` for
            every channel by itself.
        track: The number of an audio track, from 1; None for the default one.
        turns: Says who speaks when; None where speakers are not told apart.

    Raises:
        ParameterError: A value is out of its range, or does not go with another.
        ArtifactError: The model cannot promise a coverage.
        SerError: Speech to adapt to cannot be read, is too short, or the model does not know an
            emotion.
    """
    if coverage is not None:
        if classifier.shares is not None:
            raise ParameterError(
                "coverage", "is promised where the prior is learnt", "leave `prior` out"
            )
        # Whether it can be promised is known before anything is read.
        classifier.threshold(coverage, adapted=False)
    chosen = default_hop if hop is None else hop
    windowing = default_windowing(classifier, duration, chosen)
    if segments and chosen is None:
        windowing = replace(windowing, hop=windowing.duration / SEGMENT_OVERLAP)
    adaptation = prepare_adaptation(adapt, enrol, classifier, vad=vad)
    if turns is not None and adaptation.from_recording:
        raise ParameterError(
            "adapt",
            "to the recording itself would mix its speakers with this model",
            "use a model with a speaker model, such as the one that ships, or give their speech",
            "self",
        )
    return AnalysisConfig(
        windowing,
        TimeRange(start, end),
        Postprocessing(
            SEGMENT_SMOOTHING if segments and smooth is None else smooth, min_confidence, segments
        ),
        vad,
        coverage,
        adaptation,
        Selection("mix" if channel == "each" else channel, track),
        channel == "each",
        turns,
    )
