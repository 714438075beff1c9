"""Estimates the distributions of a speaker model from scores of speakers that were left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ser.arrays import Doubles, Floats, Indices, LabelIndices, Mask, Matrix, Vector
from ser.models.calibration import fit_temperature
from ser.models.speaker_model import SpeakerModel, prior_clips
from ser.training.discriminant import additive_means

# How much a covariance is shrunk to its mean variance: there are few speakers.
_SHRINKAGE = 0.1
# The variance of deviations counts as so much: more lets the emotions of a voice change places.
_INTERACTION_SCALE = 0.3
# The least variance of offsets and deviations, in shares of that within.
_LEAST = 0.02
_STEPS = 20
# Recordings that are mostly neutral have so much of the other emotions.
_OTHERS_SHARE = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class LeftOutClips:
    """Clips of speakers that the discriminants were not fitted on.

    Attributes:
        scores: Shape (clips, c).
        plain: Probabilities without adaptation, likewise.
        targets: The emotion of each, shape (clips,).
        speakers: The number of the speaker of each, shape (clips,). A speaker whose corpus was
            left out as well has another number then.
        familiar: Whether the clip is like those that the model is made for: of a main corpus, which
            was not left out; shape (clips,).
    """

    scores: Doubles
    plain: Floats
    targets: LabelIndices
    speakers: Indices
    familiar: Mask

    def chosen(self, which: Mask) -> LeftOutClips:
        """Gives some of the clips, with speakers counted anew."""
        speakers = np.unique(self.speakers[which], return_inverse=True)[1]
        return LeftOutClips(
            self.scores[which],
            self.plain[which],
            self.targets[which],
            speakers,
            self.familiar[which],
        )


def fit_speaker_model(
    clips: LeftOutClips,
    labels: Sequence[str],
    *,
    mean: Vector,
    scale: Vector,
    weights: Matrix,
    seed: int,
) -> SpeakerModel:
    """Estimates means and covariances by the method of moments, and the temperature.

    The distributions of familiar clips come first. Where there are others, all together make the
    distributions of what is unfamiliar.

    Args:
        clips: The clips.
        labels: Names of the c emotions.
        mean: See `ser.models.speaker_model.SpeakerModel`, as are the arguments after it.
        scale: As there.
        weights: As there.
        seed: Of the choice of clips that the temperature is fitted to.
    """
    sets = [_moments(clips.chosen(clips.familiar), len(labels))]
    if not clips.familiar.all():
        sets.append(_moments(clips, len(labels)))
    centers, within, between, interaction = (np.stack(part) for part in zip(*sets, strict=True))
    prior, numbers = prior_clips(labels, len(sets))
    model = SpeakerModel(
        mean=mean,
        scale=scale,
        weights=weights,
        centers=centers,
        within=within,
        between=between,
        interaction=interaction,
        prior=prior,
        sets=numbers,
        temperature=np.ones(1),
    )
    found = _temperature(model, clips, np.random.default_rng((seed, 4)))
    return replace(model, temperature=np.array([found]))


def _moments(clips: LeftOutClips, classes: int) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Estimates centers, and covariances within, between and of the interaction."""
    scores, targets, speakers = clips.scores, clips.targets, clips.speakers
    emotion, voice = np.eye(classes)[targets], np.eye(int(speakers.max()) + 1)[speakers]
    centers, offsets = additive_means(scores, (targets, emotion), (speakers, voice), None, _STEPS)
    cells, cell = np.unique(speakers * classes + targets, return_inverse=True)
    counts = np.bincount(cell).astype(np.float64)
    means = np.zeros((len(cells), classes))
    np.add.at(means, cell, scores)
    means /= counts[:, None]
    noise = scores - means[cell]
    within = _shrink(noise.T @ noise / max(1, len(scores) - len(cells)))
    least = _LEAST * np.trace(within) / classes
    deviations = means - centers[cells % classes] - offsets[cells // classes]
    freedom = max(1, len(cells) - len(offsets))
    interaction = deviations.T @ deviations / freedom - within * float(np.mean(1 / counts))
    between = offsets.T @ offsets / max(1, len(offsets) - 1)
    return (
        centers,
        within,
        _shrink(_positive(between, least)),
        _INTERACTION_SCALE * _shrink(_positive(interaction, least)),
    )


def _positive(covariance: Doubles, least: float) -> Doubles:
    """Raises variances of a symmetric matrix to the least: estimates of few speakers go below 0."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    found: Doubles = (vectors * np.maximum(values, least)) @ vectors.T
    return found


def _shrink(covariance: Doubles) -> Doubles:
    size = len(covariance)
    mean_variance = float(np.trace(covariance)) / size + 1e-9
    found: Doubles = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * mean_variance * np.eye(size)
    return found


def _temperature(model: SpeakerModel, clips: LeftOutClips, rng: np.random.Generator) -> float:
    """Fits the temperature to speakers as they are met: of all emotions, and mostly neutral."""
    neutral = int(np.argmax(model.prior[0]))
    found, truth = [], []
    for speaker in np.unique(clips.speakers).tolist():
        own = np.flatnonzero(clips.speakers == speaker)
        mostly = (clips.targets[own] == neutral) | (rng.random(len(own)) < _OTHERS_SHARE)
        for chosen in (own, own[mostly]):
            if len(chosen):
                adaptation = model.adapt(clips.scores[chosen], clips.plain[chosen])
                found.append(model.probabilities(clips.scores[chosen], adaptation))
                truth.append(clips.targets[chosen])
    return fit_temperature(np.concatenate(found), np.concatenate(truth))
