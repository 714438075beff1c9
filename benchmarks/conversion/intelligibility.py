"""Intelligibility after conversion: recognition of sentences of corpora unseen in training."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.conversion.conversions import ConversionTarget
from benchmarks.conversion.outputs import convert_all, measure_clips
from ser.conversion.evaluation.sentences import recognize_sentences
from ser.conversion.pairs import NEUTRAL
from ser.corpora.base import Clip
from ser.errors import SerError
from ser.labels import ordered
from ser.parallel.resources import limit_blas_threads

# With fewer speakers, templates are the speaker's own: a single other voice is too different.
_MIN_SPEAKERS = 3

_Sentences = Mapping[str, Mapping[str, Clip]]
"""The clips of a speaker by sentence and emotion."""


@dataclass(frozen=True, slots=True)
class RecognitionRate:
    """How often a sentence is recognized among all those of a corpus.

    Attributes:
        sentences: Number of sentences to choose from.
        clips: Number of clips, of converted and of real ones each.
        made: Recognition rate after conversion.
        real: Recognition rate of real recordings of the same sentences and emotions.
    """

    sentences: int
    clips: int
    made: float
    real: float


@dataclass(frozen=True, slots=True)
class SentencePlan:
    """The clips that are converted, and the templates for recognition.

    Attributes:
        sources: Neutral clips, some of each speaker.
        emotions: The target emotions.
        templates: Clips of every sentence, by speaker and target emotion: neutral ones of other
            speakers, or, where there are not two others, the speaker's own in other emotions.
            Neither source nor target is among them.
        targets: Real clips of the sources' sentences, and the index of the source of each.
    """

    sources: tuple[Clip, ...]
    emotions: tuple[str, ...]
    templates: Mapping[tuple[str, str], tuple[Clip, ...]]
    targets: tuple[tuple[Clip, int], ...]


def plan_sentences(
    clips: Sequence[Clip], per_speaker: int = 5, per_sentence: int = 2
) -> SentencePlan:
    """Chooses clips of a corpus.

    Args:
        clips: All its clips.
        per_speaker: Sentences of each speaker that are converted.
        per_sentence: Templates of each sentence.

    Raises:
        SerError: No speaker says a sentence in every emotion.
    """
    by_speaker: dict[str, dict[str, dict[str, Clip]]] = defaultdict(lambda: defaultdict(dict))
    for clip in clips:
        if clip.emotion and clip.text:
            by_speaker[clip.speaker][clip.text].setdefault(clip.emotion, clip)
    emotions = tuple(ordered({clip.emotion for clip in clips if clip.emotion}))
    others = tuple(emotion for emotion in emotions if emotion != NEUTRAL)
    sources: list[Clip] = []
    targets: list[tuple[Clip, int]] = []
    for number, sentences in enumerate(by_speaker.values()):
        usable = [text for text in sorted(sentences) if set(emotions) <= set(sentences[text])]
        count = min(per_speaker, len(usable))
        # Shifted by the number of the speaker, so that speakers have different sentences.
        places = (np.arange(count) * len(usable) // max(count, 1) + number) % max(len(usable), 1)
        for place in sorted(set(places.tolist())):
            found = sentences[usable[place]]
            targets += [(found[emotion], len(sources)) for emotion in others]
            sources.append(found[NEUTRAL])
    if not sources:
        raise SerError(
            "corpus", "has nobody who says a sentence in every emotion", "take nEMO or TESS"
        )
    return SentencePlan(
        tuple(sources),
        others,
        {
            (speaker, emotion): _templates_of_others(by_speaker, speaker, per_sentence)
            if len(by_speaker) >= _MIN_SPEAKERS
            else _own_templates(by_speaker[speaker], {NEUTRAL, emotion}, per_sentence)
            for speaker in by_speaker
            for emotion in others
        },
        tuple(targets),
    )


def measure_recognition(
    plan: SentencePlan,
    model: Path,
    folder: Path,
    *,
    engine: str = "auto",
    jobs: int = 1,
    progress: Callable[[int], object] | None = None,
) -> RecognitionRate:
    """Converts the sources of a plan, and recognizes the sentences of the results.

    Args:
        plan: See `plan_sentences`. Emotions that the model does not make are an error.
        model: The path of the model.
        folder: Where measures are stored.
        engine: ``network``, ``rules`` or ``auto``.
        jobs: Processes.
        progress: Called with 1 for each clip that was measured or converted.

    Raises:
        SerError: A clip cannot be read, or the model does not make an emotion.
    """
    by_path = {clip.path: clip for group in plan.templates.values() for clip in group}
    templates = [clip for _, clip in sorted(by_path.items())]
    real = [clip for clip, _ in plan.targets]
    measures = measure_clips(templates + real, jobs, progress)
    template_measures = dict(zip([clip.path for clip in templates], measures, strict=False))
    results = convert_all(
        [clip.path for clip in plan.sources],
        [ConversionTarget(emotion, 1.0) for emotion in plan.emotions],
        str(model),
        engine,
        folder,
        jobs,
        progress=progress,
    )
    speakers = [source.speaker for source in plan.sources]
    texts = [source.text for source in plan.sources]
    # Of each clip: measures, emotion, and index of the source.
    converted_clips = [
        (result.measures, emotion, number)
        for number, found in enumerate(results)
        for emotion, result in zip(plan.emotions, found, strict=True)
    ]
    real_clips = [
        (clip, target.emotion, number)
        for clip, (target, number) in zip(measures[len(templates) :], plan.targets, strict=True)
    ]
    rates = []
    with limit_blas_threads():
        for clips in (converted_clips, real_clips):
            right = 0
            for (speaker, emotion), group in plan.templates.items():
                asked = [
                    (clip, texts[number])
                    for clip, target, number in clips
                    if (speakers[number], target) == (speaker, emotion)
                ]
                recognized = recognize_sentences(
                    [clip for clip, _ in asked],
                    [template_measures[clip.path] for clip in group],
                    [clip.text for clip in group],
                )
                right += sum(a == b for a, (_, b) in zip(recognized, asked, strict=True))
            rates.append(right / len(clips))
    sentences = {clip.text for group in plan.templates.values() for clip in group}
    return RecognitionRate(len(sentences), len(converted_clips), *rates)


def _templates_of_others(
    by_speaker: Mapping[str, _Sentences], speaker: str, count: int
) -> tuple[Clip, ...]:
    """Gives neutral clips of every sentence by other speakers, those of the same gender first."""
    gender = next(iter(next(iter(by_speaker[speaker].values())).values())).gender
    found: dict[str, list[Clip]] = defaultdict(list)
    for other, sentences in by_speaker.items():
        for text, emotions in sentences.items():
            if other != speaker and NEUTRAL in emotions:
                found[text].append(emotions[NEUTRAL])
    return tuple(
        clip
        for text in sorted(found)
        for clip in sorted(found[text], key=lambda clip: clip.gender != gender)[:count]
    )


def _own_templates(sentences: _Sentences, without: Collection[str], count: int) -> tuple[Clip, ...]:
    """Gives the speaker's clips of every sentence, in the first emotions but some."""
    return tuple(
        sentences[text][emotion]
        for text in sorted(sentences)
        for emotion in [e for e in ordered(sentences[text]) if e not in without][:count]
    )
