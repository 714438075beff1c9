"""Rules: for each emotion what it does to pitch, tempo and spectrum, by the median speaker.

They need no network. What a network does to a voice has to be better than this.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ser.arrays import Doubles
from ser.conversion.contours import SPEC, Contours, check_spec, from_features
from ser.conversion.modification import Change, no_change
from ser.conversion.pairs import INTENSITIES, NEUTRAL, UNKNOWN_INTENSITY, intensity_of
from ser.dataset.table import Table, speaker_keys, spec_of
from ser.errors import LabelError, SerError, TableError
from ser.features.spec import FeatureSpec
from ser.labels import ordered

MEAN = "mean"
"""What rules are relative to where nobody speaks neutrally: a speaker's mean over emotions."""

MOST_SEMITONES = 14.0
"""The largest change of pitch, up or down."""

LOWEST_HZ, HIGHEST_HZ = 60.0, 600.0
"""Where a changed pitch lies."""

# Ratios of pitch ranges beyond these come from speakers who hardly move their voice at all.
_NARROWEST, _WIDEST = 0.4, 2.5

# The middle of a voice's pitches that its range is measured by: what is outside are mostly errors.
_MIDDLE = (10, 90)

# Frames are speech where they are so many decibels under the loudest, or less.
_SPEECH_DECIBELS = 30.0
_FEWEST_VOICED = 10

# Over bands: neighbours share what is learnt of a few dozen speakers.
_SMOOTHING = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9


@dataclass(frozen=True, slots=True)
class Rule:
    """What an emotion, as strong as `intensity` says, is beside the same speaker's neutral voice.

    Attributes:
        intensity: How strong it is: 1 for an actor's strong recordings.
        pitch: Semitones between the medians.
        range: The ratio of the ranges in semitones.
        stretch: The ratio of durations.
        gain: Decibels between the long-term spectra of speech on the mel bands, level included,
            (80,).
        speakers: How many speakers it was learned from.
    """

    intensity: float
    pitch: float
    range: float
    stretch: float
    gain: tuple[float, ...]
    speakers: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Gives the fields as plain JSON types, rounded to what can be heard."""
        return {
            "intensity": self.intensity,
            "pitch": round(self.pitch, 3),
            "range": round(self.range, 4),
            "stretch": round(self.stretch, 4),
            "gain": [round(value, 2) for value in self.gain],
            "speakers": self.speakers,
        }


@dataclass(frozen=True, slots=True)
class Rules:
    """What is known of emotions.

    Attributes:
        reference: What they are relative to: ``neutral``, or `MEAN`.
        emotions: For each emotion its rules by rising intensity; at least one.
    """

    reference: str
    emotions: Mapping[str, tuple[Rule, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Gives plain JSON types, some kilobytes of them."""
        emotions = {name: [rule.to_dict() for rule in rules] for name, rules in self._items()}
        return {"reference": self.reference, "emotions": emotions}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Makes rules from what `to_dict` gave.

        Raises:
            SerError: They are not rules.
        """
        try:
            emotions = {
                str(name): tuple(
                    Rule(**{**rule, "gain": tuple(map(float, rule["gain"]))}) for rule in rules
                )
                for name, rules in values["emotions"].items()
            }
            found = cls(str(values["reference"]), MappingProxyType(emotions))
            sound = bool(emotions) and all(
                rules and all(_sound(rule) for rule in rules) for rules in emotions.values()
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SerError("rules", f"are malformed ({error})", "learn them again") from error
        if not sound:
            raise SerError("rules", "hold impossible values", "learn them again")
        return found

    def _items(self) -> list[tuple[str, tuple[Rule, ...]]]:
        return [(name, self.emotions[name]) for name in ordered(self.emotions)]


class RuleConverter:
    """The engine ``rules``; see `ser.conversion.modification.Converter`.

    Attributes:
        emotions: The emotions it can make.
    """

    def __init__(self, rules: Rules) -> None:
        self.emotions: tuple[str, ...] = tuple(ordered(rules.emotions))
        self._curves = {
            name: [(rule.intensity, _vector(rule)) for rule in levels]
            for name, levels in rules.emotions.items()
        }

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Change:
        """Says what is to become of a phrase.

        From nothing the change goes in straight lines through the rule of normal recordings to that
        of strong ones, and on. A source that is not known is taken for neutral.

        Args:
            contours: The phrase.
            to: An emotion of `emotions`.
            intensity: 0 changes nothing, 1 is as strong as an actor's strong recordings.
            source: The emotion that it has, where known.

        Returns:
            A value for each frame; tempo and spectrum change equally in all of them.

        Raises:
            LabelError: The emotion is not one of `emotions`.
        """
        if to not in self._curves:
            raise LabelError(
                to, "is not an emotion of these rules", f"use one of {', '.join(self.emotions)}"
            )
        if source == to or not intensity or not len(contours):
            return no_change(len(contours))
        values = self._at(to, intensity)
        if source in self._curves:
            # All of it is gone where the target's weakest recordings begin.
            gone = min(1.0, intensity / self._curves[to][0][0])
            values = values - gone * self._at(str(source), UNKNOWN_INTENSITY)
        pitch, widening, stretch = values[0], np.exp(values[1]), np.exp(values[2])
        frames = len(contours)
        return Change(
            _pitch_change(contours, float(pitch), float(widening)),
            np.tile(values[3:].astype(np.float32), (frames, 1)),
            np.full(frames, stretch, np.float32),
        )

    def _at(self, emotion: str, intensity: float) -> Doubles:
        curve = self._curves[emotion]
        last, strongest = curve[-1]
        if intensity >= last:
            return strongest * (intensity / last)
        levels = np.array([0.0, *(level for level, _ in curve)])
        points = np.stack([np.zeros_like(strongest), *(point for _, point in curve)])
        above = int(np.searchsorted(levels, intensity, side="right"))
        part = (intensity - levels[above - 1]) / (levels[above] - levels[above - 1])
        between: Doubles = points[above - 1] + part * (points[above] - points[above - 1])
        return between


def learn_rules(
    table: Table,
    indices: npt.NDArray[np.intp] | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> Rules:
    """Learns rules: what recordings differ by from the same speaker's neutral ones.

    Takes of a sentence are averaged, sentences of a speaker and then speakers by the median.
    Corpora that do not say how strong an emotion is count where no other one says it.

    Args:
        table: Features of the preset ``translate``.
        indices: The records to learn from; None for all. Augmented copies are left out.
        progress: Called with the number of records read since the last call.

    Raises:
        SerError: The features are others.
        TableError: No speaker says anything in two emotions.
    """
    spec = spec_of(table)
    check_spec(spec)
    numbers = np.arange(len(table)) if indices is None else np.asarray(indices)
    takes = _takes(table, numbers, spec, progress or (lambda count: None))
    means = {
        key: {style: np.mean(rows, axis=0) for style, rows in styles.items()}
        for key, styles in takes.items()
    }
    plain = any(_neutral(styles) is not None for styles in means.values())
    differences: dict[_Style, dict[str, list[Doubles]]] = defaultdict(lambda: defaultdict(list))
    for (speaker, _), styles in means.items():
        base = _neutral(styles) if plain else _mean_over_emotions(styles)
        if base is None:
            continue
        several = len({emotion for emotion, _, _ in styles}) > 1
        for style, values in styles.items():
            if several and style[0] != (NEUTRAL if plain else None):
                difference = values - base
                difference[1] = np.clip(difference[1], np.log(_NARROWEST), np.log(_WIDEST))
                differences[style][speaker].append(difference)
    if not differences:
        raise TableError(
            "table",
            "has nothing to learn rules from: no speaker speaks in two emotions",
            "take a corpus whose names say speakers, such as RAVDESS",
        )
    found: dict[str, list[Rule]] = defaultdict(list)
    for (emotion, stated, intensity), speakers in sorted(differences.items()):
        if not stated and any(name == emotion and known for name, known, _ in differences):
            continue
        median = np.median([np.median(rows, axis=0) for rows in speakers.values()], axis=0)
        found[emotion].append(_rule(intensity, median, len(speakers)))
    if plain:
        who = {speaker for speakers in differences.values() for speaker in speakers}
        found[NEUTRAL] = [_rule(1.0, np.zeros(3 + spec.n_mels), len(who))]
    return Rules(
        NEUTRAL if plain else MEAN, MappingProxyType({n: tuple(found[n]) for n in ordered(found)})
    )


_Style = tuple[str, bool, float]
"""An emotion, whether its corpus says how strong it is, and how strong."""

_Styles = dict[_Style, Doubles]


def _takes(
    table: Table,
    indices: npt.NDArray[np.intp],
    spec: FeatureSpec,
    progress: Callable[[int], None],
) -> dict[tuple[str, str], dict[_Style, list[Doubles]]]:
    """Measures all recordings: by speaker and sentence, and by emotion and intensity."""
    keys, strengths = speaker_keys(table), intensity_of(table)
    texts, emotions, names, copies, frames = (
        table[name].tolist() for name in ("text", "y", "intensity", "augment", "frames")
    )
    takes: dict[tuple[str, str], dict[_Style, list[Doubles]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for number in indices.tolist():
        progress(1)
        if not (keys[number] and emotions[number]) or copies[number]:
            continue
        measured = _measured(from_features(table["x"][number, : frames[number]], spec))
        if measured is not None:
            stated = names[number] in INTENSITIES and emotions[number] != NEUTRAL
            style = (emotions[number], stated, round(float(strengths[number]), 3))
            takes[keys[number], texts[number]][style].append(measured)
    return takes


def _measured(contours: Contours) -> Doubles | None:
    """Gives median pitch, logarithms of its range and of the duration, and the spectrum."""
    voiced = contours.pitch[contours.voiced]
    if len(voiced) < _FEWEST_VOICED:
        return None
    low, high = np.percentile(voiced, _MIDDLE)
    power = 10.0 ** (contours.bands.astype(np.float64) / 10)
    level = 10 * np.log10(power.sum(axis=1))
    spectrum = 10 * np.log10(power[level > level.max() - _SPEECH_DECIBELS].mean(axis=0))
    # A tenth of a semitone is no range, but has a logarithm.
    prosody = [np.median(voiced), np.log(max(high - low, 0.1)), np.log(len(contours))]
    return np.concatenate([prosody, spectrum])


def _neutral(styles: _Styles) -> Doubles | None:
    return next((values for (name, _, _), values in styles.items() if name == NEUTRAL), None)


def _mean_over_emotions(styles: _Styles) -> Doubles:
    mean: Doubles = np.mean(list(styles.values()), axis=0)
    return mean


def _rule(intensity: float, values: Doubles, speakers: int) -> Rule:
    margin = len(_SMOOTHING) // 2
    gain = np.convolve(np.pad(values[3:], margin, mode="edge"), _SMOOTHING, mode="valid")
    return Rule(
        intensity,
        float(values[0]),
        float(np.exp(values[1])),
        float(np.exp(values[2])),
        tuple(gain.tolist()),
        speakers,
    )


def _vector(rule: Rule) -> Doubles:
    """Puts a rule into numbers that can be added: semitones, logarithms of ratios, decibels."""
    return np.array([rule.pitch, np.log(rule.range), np.log(rule.stretch), *rule.gain])


def _sound(rule: Rule) -> bool:
    values = [rule.intensity, rule.pitch, rule.range, rule.stretch, *rule.gain]
    positive = min(rule.intensity, rule.range, rule.stretch) > 0
    return positive and len(rule.gain) == SPEC.n_mels and bool(np.isfinite(values).all())


def _pitch_change(contours: Contours, shift: float, widening: float) -> npt.NDArray[np.float32]:
    """Moves a pitch contour, and widens it around its own median."""
    pitch = contours.pitch.astype(np.float64)
    if not contours.voiced.any():
        return np.zeros(len(pitch), np.float32)
    middle = np.median(pitch[contours.voiced])
    change = np.clip(shift + (widening - 1) * (pitch - middle), -MOST_SEMITONES, MOST_SEMITONES)
    lowest, highest = 12 * np.log2([LOWEST_HZ, HIGHEST_HZ])
    # What is outside already is not pulled in.
    bounded = np.clip(change, np.minimum(lowest - pitch, 0), np.maximum(highest - pitch, 0))
    return bounded.astype(np.float32)
