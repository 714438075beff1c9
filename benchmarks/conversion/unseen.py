"""Words of corpora that a translator has not learnt from: are sentences it never saw kept?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.conversion.making import Wish
from benchmarks.conversion.trial import all_made, listen
from ser.conversion.evaluation.sentences import recognize_sentences
from ser.conversion.pairs import NEUTRAL
from ser.corpora.base import Clip
from ser.errors import SerError
from ser.labels import ordered
from ser.parallel.resources import limit_blas_threads

# With fewer speakers a sentence is recognised by the speaker's own voice: of two, one knows too
# little of the other.
_ENOUGH = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """How often a sentence is recognised among all those of a corpus.

    Attributes:
        sentences: How many there are to choose from.
        clips: How many were asked about, translated and real each.
        made: The share that is recognised after translation.
        real: The share of the actors' own recordings of the same words and emotions.
    """

    sentences: int
    clips: int
    made: float
    real: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Which clips are translated, what of, and by what words are recognised.

    Attributes:
        sources: Neutral clips, some of each speaker.
        emotions: What is asked for.
        templates: Clips of every sentence, by the speaker and the emotion of what is to be
            recognised: neutral ones of other speakers, or, where there are not two others, the
            speaker's own in other emotions. Neither source nor target is among them.
        targets: Real clips of the sources' words, and the source of each.
    """

    sources: tuple[Clip, ...]
    emotions: tuple[str, ...]
    templates: Mapping[tuple[str, str], tuple[Clip, ...]]
    targets: tuple[tuple[Clip, int], ...]


def plan(clips: Sequence[Clip], per_speaker: int = 5, per_sentence: int = 2) -> Plan:
    """Chooses clips of a corpus.

    Args:
        clips: All of them.
        per_speaker: Sentences of each speaker that are translated.
        per_sentence: Clips that stand for a sentence.

    Raises:
        SerError: Nobody says the same neutrally and otherwise.
    """
    by_speaker: dict[str, dict[str, dict[str, Clip]]] = defaultdict(lambda: defaultdict(dict))
    for clip in clips:
        if clip.emotion and clip.text:
            by_speaker[clip.speaker][clip.text].setdefault(clip.emotion, clip)
    emotions = tuple(e for e in ordered({clip.emotion for clip in clips if clip.emotion}))
    others = tuple(emotion for emotion in emotions if emotion != NEUTRAL)
    sources: list[Clip] = []
    targets: list[tuple[Clip, int]] = []
    for number, said in enumerate(by_speaker.values()):
        usable = [text for text in sorted(said) if set(emotions) <= set(said[text])]
        count = min(per_speaker, len(usable))
        # Others than those of the next speaker.
        places = (np.arange(count) * len(usable) // max(count, 1) + number) % max(len(usable), 1)
        for place in sorted(set(places.tolist())):
            found = said[usable[place]]
            targets += [(found[emotion], len(sources)) for emotion in others]
            sources.append(found[NEUTRAL])
    if not sources:
        raise SerError(
            "corpus", "has nobody who says a sentence in every emotion", "take nEMO or TESS"
        )
    return Plan(
        tuple(sources),
        others,
        {
            (speaker, emotion): _of_others(by_speaker, speaker, per_sentence)
            if len(by_speaker) >= _ENOUGH
            else _own(by_speaker[speaker], {NEUTRAL, emotion}, per_sentence)
            for speaker in by_speaker
            for emotion in others
        },
        tuple(targets),
    )


def kept(
    chosen: Plan,
    model: Path,
    folder: Path,
    *,
    engine: str = "auto",
    jobs: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Kept:
    """Translates what was chosen and says which sentences are still recognised.

    Args:
        chosen: See `plan`. Emotions that the translator does not make are an error.
        model: The artifact.
        folder: Where what is heard is kept.
        engine: ``network``, ``rules`` or ``auto``.
        jobs: Processes.
        progress: Called with 1 for each clip that was listened to or translated.

    Raises:
        SerError: A clip cannot be read, or the translator cannot do it.
    """
    known = sorted({clip.path: clip for t in chosen.templates.values() for clip in t}.items())
    real = [clip for clip, _ in chosen.targets]
    heard = listen([clip for _, clip in known] + real, jobs, progress)
    templates = dict(zip([path for path, _ in known], heard, strict=False))
    made = all_made(
        [clip.path for clip in chosen.sources],
        [Wish(emotion, 1.0) for emotion in chosen.emotions],
        str(model),
        engine,
        folder,
        jobs,
        progress=progress,
    )
    speakers = [source.speaker for source in chosen.sources]
    texts = [source.text for source in chosen.sources]
    translated = [
        (result.heard, emotion, number)
        for number, results in enumerate(made)
        for emotion, result in zip(chosen.emotions, results, strict=True)
    ]
    spoken = [
        (clip, target.emotion, number)
        for clip, (target, number) in zip(heard[len(known) :], chosen.targets, strict=True)
    ]
    shares = []
    with limit_blas_threads():
        for some in (translated, spoken):
            right = 0
            for (speaker, emotion), stand_in in chosen.templates.items():
                own = [
                    (clip, texts[number])
                    for clip, asked, number in some
                    if (speakers[number], asked) == (speaker, emotion)
                ]
                found = recognize_sentences(
                    [clip for clip, _ in own],
                    [templates[clip.path] for clip in stand_in],
                    [clip.text for clip in stand_in],
                )
                right += sum(a == b for a, (_, b) in zip(found, own, strict=True))
            shares.append(right / len(some))
    names = {clip.text for some in chosen.templates.values() for clip in some}
    return Kept(len(names), len(translated), *shares)


def _of_others(
    by_speaker: Mapping[str, Mapping[str, Mapping[str, Clip]]], speaker: str, count: int
) -> tuple[Clip, ...]:
    """Gives neutral clips of every sentence, of voices like the speaker's first."""
    gender = next(iter(next(iter(by_speaker[speaker].values())).values())).gender
    found: dict[str, list[Clip]] = defaultdict(list)
    for other, said in by_speaker.items():
        for text, manners in said.items():
            if other != speaker and NEUTRAL in manners:
                found[text].append(manners[NEUTRAL])
    return tuple(
        clip
        for text in sorted(found)
        for clip in sorted(found[text], key=lambda clip: clip.gender != gender)[:count]
    )


def _own(
    said: Mapping[str, Mapping[str, Clip]], without: Collection[str], count: int
) -> tuple[Clip, ...]:
    """Gives clips of every sentence in some emotions, the same ones throughout."""
    return tuple(
        said[text][emotion]
        for text in sorted(said)
        for emotion in [e for e in ordered(said[text]) if e not in without][:count]
    )
