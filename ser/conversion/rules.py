"""Rules: for each emotion its changes of F0, tempo and spectrum, as medians over speakers.

They need no network, and are the baseline that networks are compared with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from ser.arrays import Doubles, Indices, Vector
from ser.conversion.contours import SPEC, Contours, check_spec, contours_from_features
from ser.conversion.modification import Modification, check_emotion, identity_modification
from ser.conversion.pairs import INTENSITIES, NEUTRAL, UNKNOWN_INTENSITY, intensity_values
from ser.dataset.table import Table, speaker_keys, spec_of
from ser.errors import SerError, TableError
from ser.features.spec import FeatureSpec
from ser.labels import ordered

MEAN = "mean"
"""The reference where there is no neutral speech: the speaker's mean over emotions."""

MAX_SEMITONES = 14.0
"""The largest change of F0, up or down."""

MIN_HZ, MAX_HZ = 60.0, 600.0
"""The range of a changed F0."""

# Ratios of F0 ranges are clipped: extreme ones come from speakers with hardly any range.
_MIN_RANGE_RATIO, _MAX_RANGE_RATIO = 0.4, 2.5

# Percentiles of F0 between which its range is measured; values outside are mostly errors.
_RANGE_PERCENTILES = (10, 90)

# Frames at most so many decibels below the loudest are speech; the others are pauses.
_SPEECH_DECIBELS = 30.0
_MIN_VOICED = 10

# Smoothing over neighboring bands, for rules of few speakers.
_SMOOTHING = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9


@dataclass(frozen=True, slots=True)
class Rule:
    """The deviation of an emotion from the same speaker's neutral speech.

    Attributes:
        intensity: Of the emotion: 1 for an actor's strong recordings.
        pitch: Difference of the median F0 in semitones.
        range: Ratio of the F0 ranges in semitones.
        stretch: Ratio of the durations.
        gain: Difference of the long-term spectra of speech in decibels on the mel bands, including
            the level, (80,).
        speakers: Number of speakers that it was learned from.
    """

    intensity: float
    pitch: float
    range: float
    stretch: float
    gain: tuple[float, ...]
    speakers: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Gives the fields as plain JSON types, rounded to audible precision."""
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
    """The rules of all emotions.

    Attributes:
        reference: What they are relative to: ``neutral``, or `MEAN`.
        emotions: For each emotion its rules by rising intensity; at least one.
    """

    reference: str
    emotions: Mapping[str, tuple[Rule, ...]]

    def to_dict(self) -> dict[str, Any]:
        """Gives plain JSON types, a few kilobytes."""
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
            valid = bool(emotions) and all(
                rules and all(_is_valid(rule) for rule in rules) for rules in emotions.values()
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SerError("rules", f"are malformed ({error})", "learn them again") from error
        if not valid:
            raise SerError("rules", "hold impossible values", "learn them again")
        return found

    def _items(self) -> list[tuple[str, tuple[Rule, ...]]]:
        return [(name, self.emotions[name]) for name in ordered(self.emotions)]


class RuleConverter:
    """The engine ``rules``; see `ser.conversion.modification.Converter`.

    Attributes:
        emotions: The target emotions that it knows.
    """

    def __init__(self, rules: Rules) -> None:
        self.emotions: tuple[str, ...] = tuple(ordered(rules.emotions))
        self._curves = {
            name: [(rule.intensity, _vector(rule)) for rule in levels]
            for name, levels in rules.emotions.items()
        }

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Computes the modification of a phrase.

        Between the intensities of the rules, changes are interpolated linearly, from 0 at intensity
        0, and extrapolated beyond. An unknown source is taken for neutral.

        Args:
            contours: The phrase.
            to: The target emotion, one of `emotions`.
            intensity: 0 changes nothing, 1 is an actor's strong recording.
            source: The emotion of the phrase, where known.

        Returns:
            A value for each frame; tempo and spectrum change equally in all frames.

        Raises:
            ParameterError: The emotion is not one of `emotions`.
        """
        check_emotion(to, self.emotions)
        if source == to or not intensity or not len(contours):
            return identity_modification(len(contours))
        values = self._at(to, intensity)
        if source in self._curves:
            # The source emotion is removed in full from the target's weakest intensity on.
            removed = min(1.0, intensity / self._curves[to][0][0])
            values = values - removed * self._at(str(source), UNKNOWN_INTENSITY)
        pitch, widening, stretch = values[0], np.exp(values[1]), np.exp(values[2])
        frames = len(contours)
        return Modification(
            _pitch_modification(contours, float(pitch), float(widening)),
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
        interpolated: Doubles = points[above - 1] + part * (points[above] - points[above - 1])
        return interpolated


def learn_rules(
    table: Table,
    indices: Indices | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> Rules:
    """Learns rules from the differences between a speaker's emotional and neutral recordings.

    Takes of a sentence are averaged; then the median over the sentences of a speaker, and over
    speakers, is taken. Corpora without intensities count for emotions that no other corpus states
    an intensity of.

    Args:
        table: Features of the preset ``translate``.
        indices: The training records; None for all. Augmented copies are left out.
        progress: Called with the number of records read since the last call.

    Raises:
        SerError: The features are others.
        TableError: No speaker speaks in two emotions.
    """
    spec = spec_of(table)
    check_spec(spec)
    numbers = np.arange(len(table)) if indices is None else np.asarray(indices)
    takes = _measure_takes(table, numbers, spec, progress or (lambda count: None))
    means = {
        key: {style: np.mean(rows, axis=0) for style, rows in styles.items()}
        for key, styles in takes.items()
    }
    has_neutral = any(_neutral(styles) is not None for styles in means.values())
    differences: dict[_Style, dict[str, list[Doubles]]] = defaultdict(lambda: defaultdict(list))
    for (speaker, _), styles in means.items():
        base = _neutral(styles) if has_neutral else _mean_over_emotions(styles)
        if base is None:
            continue
        has_several = len({emotion for emotion, _, _ in styles}) > 1
        for style, values in styles.items():
            if has_several and style[0] != (NEUTRAL if has_neutral else None):
                difference = values - base
                difference[1] = np.clip(
                    difference[1], np.log(_MIN_RANGE_RATIO), np.log(_MAX_RANGE_RATIO)
                )
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
    if has_neutral:
        all_speakers = {speaker for speakers in differences.values() for speaker in speakers}
        found[NEUTRAL] = [_rule(1.0, np.zeros(3 + spec.n_mels), len(all_speakers))]
    return Rules(
        NEUTRAL if has_neutral else MEAN,
        MappingProxyType({n: tuple(found[n]) for n in ordered(found)}),
    )


_Style = tuple[str, bool, float]
"""An emotion, whether its corpus states the intensity, and the intensity."""

_Styles = dict[_Style, Doubles]


def _measure_takes(
    table: Table,
    indices: Indices,
    spec: FeatureSpec,
    progress: Callable[[int], None],
) -> dict[tuple[str, str], dict[_Style, list[Doubles]]]:
    """Measures recordings, grouped by speaker and sentence, and by emotion and intensity."""
    keys, strengths = speaker_keys(table), intensity_values(table)
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
        measured = _measure(contours_from_features(table["x"][number, : frames[number]], spec))
        if measured is not None:
            stated = names[number] in INTENSITIES and emotions[number] != NEUTRAL
            style = (emotions[number], stated, round(float(strengths[number]), 3))
            takes[keys[number], texts[number]][style].append(measured)
    return takes


def _measure(contours: Contours) -> Doubles | None:
    """Measures median F0, log F0 range, log duration and the long-term spectrum of speech."""
    voiced = contours.pitch[contours.voiced]
    if len(voiced) < _MIN_VOICED:
        return None
    low, high = np.percentile(voiced, _RANGE_PERCENTILES)
    power = 10.0 ** (contours.bands.astype(np.float64) / 10)
    level = 10 * np.log10(power.sum(axis=1))
    spectrum = 10 * np.log10(power[level > level.max() - _SPEECH_DECIBELS].mean(axis=0))
    # At least a tenth of a semitone, for the logarithm.
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
    """Gives a rule as additive values: semitones, logarithms of ratios, decibels."""
    return np.array([rule.pitch, np.log(rule.range), np.log(rule.stretch), *rule.gain])


def _is_valid(rule: Rule) -> bool:
    values = [rule.intensity, rule.pitch, rule.range, rule.stretch, *rule.gain]
    positive = min(rule.intensity, rule.range, rule.stretch) > 0
    return positive and len(rule.gain) == SPEC.n_mels and bool(np.isfinite(values).all())


def _pitch_modification(contours: Contours, shift: float, widening: float) -> Vector:
    """Computes the change that shifts an F0 contour and widens it around its median."""
    pitch = contours.pitch.astype(np.float64)
    if not contours.voiced.any():
        return np.zeros(len(pitch), np.float32)
    median = np.median(pitch[contours.voiced])
    change = np.clip(shift + (widening - 1) * (pitch - median), -MAX_SEMITONES, MAX_SEMITONES)
    lowest, highest = 12 * np.log2([MIN_HZ, MAX_HZ])
    # F0 that is outside already is not moved inside.
    bounded = np.clip(change, np.minimum(lowest - pitch, 0), np.maximum(highest - pitch, 0))
    return bounded.astype(np.float32)
