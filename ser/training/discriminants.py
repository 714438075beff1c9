"""Fits an ensemble of linear discriminants and its speaker model in closed form."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, cast

import numpy as np

from ser.arrays import Doubles, Indices, LabelIndices, Mask, Matrix, Probabilities, Vector
from ser.models.calibration import fit_temperature, softmax
from ser.models.lda import DISCRIMINANT_LAYER, LDA, TEMPERATURE_LAYER, groups_of
from ser.models.speaker_model import CLIP, SpeakerModel
from ser.training.batches import Batch
from ser.training.discriminant import Discriminant, fit_discriminant
from ser.training.speaker_model import LeftOutClips, fit_speaker_model
from ser.training.trainer import EpochFigures, Trainer

_FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class _Clips:
    """The training clips.

    Attributes:
        x: Standardized functionals, shape (clips, n).
        targets: The emotion of each, shape (clips,).
        speakers: The number of the speaker of each; the unknown ones of a corpus are one.
        corpora: The number of the corpus of each.
        weights: How much each counts.
        main: Whether each is of a corpus that is not supporting.
        original: Whether each is no augmented copy.
    """

    x: Matrix
    targets: LabelIndices
    speakers: Indices
    corpora: Indices
    weights: Vector
    main: Mask
    original: Mask


@dataclass(frozen=True, slots=True, eq=False)
class _Ensemble:
    """Discriminants of all groups: of clips by themselves, and apart from their voices."""

    plain: list[Discriminant]
    relative: list[Discriminant]


class DiscriminantsTrainer(Trainer):
    """Fits every discriminant of an `ser.models.lda.LDA`, and a speaker model beside it.

    The first epoch does everything, and further ones change nothing. Learning rate, augmentation
    of features and label smoothing have no effect. Temperature and speaker model are fitted to
    scores of speakers (and, where there are several, of corpora) that the discriminants were not
    fitted on.
    """

    searched: ClassVar[tuple[str, ...]] = ()

    def build(self) -> None:
        """Builds the network without weights; see `Trainer.build`."""
        self.model = self.architecture.build(self.keras, self.problem)

    def epoch(
        self, number: int, stream: Iterator[Batch], on_step: Callable[[int], None]
    ) -> EpochFigures:
        """Fits the discriminants; see `Trainer.epoch`.

        Returns:
            Cross-entropy and accuracy on clips of speakers that were left out.
        """
        clips = self._clips()
        ensemble = self._fit(clips, np.arange(len(clips.x)))
        plain, scores, left_out = self._leave_out(clips)
        targets = clips.targets[left_out]
        temperature = fit_temperature(softmax(plain), targets) if len(left_out) else 1.0
        self._set_weights(ensemble, temperature)
        probabilities = softmax(plain / temperature)
        if len(left_out):
            self.speaker_model = self._speaker_model(
                clips, ensemble, scores, probabilities, left_out
            )
        on_step(self.steps)
        correct = probabilities[np.arange(len(targets)), targets]
        return {
            "accuracy": float((probabilities.argmax(axis=1) == targets).mean()),
            "loss": float(-np.log(np.maximum(correct, 1e-12)).mean()),
        }

    @property
    def _lda(self) -> LDA:
        return cast(LDA, self.architecture)

    def _clips(self) -> _Clips:
        examples = self.examples
        mean, scale = self._standardization
        names = examples.speakers
        corpora = np.asarray(examples.table["corpus"])[examples.indices]
        # The unknown speakers of a corpus count as one: they have microphone and room in common.
        names = [
            name or f"\0{corpus}" for name, corpus in zip(names, corpora.tolist(), strict=True)
        ]
        _, speakers = np.unique(names, return_inverse=True)
        counts = np.bincount(speakers)[speakers]
        weights = np.minimum(1.0, self._lda.speaker_clips / counts)
        weights *= np.where(examples.main, 1.0, self._lda.support_weight)
        x = np.clip((examples.functionals - mean) / scale, -CLIP, CLIP)
        return _Clips(
            x.astype(np.float32),
            examples.targets,
            speakers,
            np.unique(corpora, return_inverse=True)[1],
            weights.astype(np.float32),
            examples.main,
            np.asarray(examples.table["augment"])[examples.indices] == "",
        )

    @cached_property
    def _standardization(self) -> tuple[Vector, Vector]:
        """Mean and scale of the functionals; the level, which comes first, becomes zero."""
        functionals = self.examples.functionals[self.examples.main]
        mean, scale = functionals.mean(axis=0), np.sqrt(np.maximum(functionals.var(axis=0), 1e-8))
        scale[0] = 1e6
        return mean.astype(np.float32), scale.astype(np.float32)

    def _fit(self, clips: _Clips, chosen: Indices) -> _Ensemble:
        """Fits all discriminants to some clips."""
        _, speakers = np.unique(clips.speakers[chosen], return_inverse=True)
        found = _Ensemble([], [])
        for (start, stop), shrinkage in zip(
            groups_of(self.problem), self._lda.group_shrinkage(self.problem), strict=True
        ):
            x = clips.x[chosen, start:stop]
            for target, voices in ((found.plain, None), (found.relative, speakers)):
                target.append(
                    fit_discriminant(
                        x,
                        clips.targets[chosen],
                        self.problem.classes,
                        shrinkage=shrinkage,
                        weights=clips.weights[chosen],
                        speakers=voices,
                    )
                )
        return found

    def _leave_out(self, clips: _Clips) -> tuple[Doubles, Doubles, Indices]:
        """Classifies clips of speakers and of corpora that the discriminants were not fitted on.

        Returns:
            Logarithms of the product of the plain votes (m, classes), scores (m, classes), and the
            number of each clip (m,). A clip may occur twice: with its speaker left out, and with
            its corpus.
        """
        rng = np.random.default_rng((self.config.seed, 3))
        voices = int(clips.speakers.max()) + 1
        groups = rng.permutation(voices) % min(_FOLDS, voices)
        keys = [groups[clips.speakers] == number for number in np.unique(groups).tolist()]
        if clips.corpora.max() > 0:
            keys += [clips.corpora == number for number in np.unique(clips.corpora).tolist()]
        plain, scores, numbers = [], [], []
        for left_out in keys:
            kept, test = np.flatnonzero(~left_out), np.flatnonzero(left_out)
            if len(np.unique(clips.targets[kept])) < self.problem.classes or not len(test):
                # Scores of emotions that were not learnt say nothing.
                continue
            ensemble = self._fit(clips, kept)
            plain.append(self._votes(ensemble, clips.x[test]))
            scores.append((clips.x[test] @ self._relative_weights(ensemble)).astype(np.float64))
            numbers.append(test)
        if not numbers:
            none = np.empty((0, self.problem.classes))
            return none, none, np.empty(0, np.intp)
        return np.concatenate(plain), np.concatenate(scores), np.concatenate(numbers)

    def _votes(self, ensemble: _Ensemble, x: Matrix) -> Doubles:
        """Gives the logarithm of the product of the plain votes, as the network does."""
        total = np.zeros((len(x), self.problem.classes))
        weights = self._lda.group_weights(self.problem)
        for (start, stop), one, weight in zip(
            groups_of(self.problem), ensemble.plain, weights, strict=True
        ):
            probabilities = softmax((x[:, start:stop] @ one.weights + one.biases).astype(float))
            total += weight * np.log(probabilities + 1e-6)
        return total

    def _relative_weights(self, ensemble: _Ensemble) -> Matrix:
        """Gives the weights of the scores: the mean discriminants apart from voices, centered."""
        weights = self._lda.group_weights(self.problem)
        parts = [
            (one.weights - one.weights.mean(axis=1, keepdims=True)) * (weight / sum(weights))
            for one, weight in zip(ensemble.relative, weights, strict=True)
        ]
        return np.concatenate(parts).astype(np.float32)

    def _speaker_model(
        self,
        clips: _Clips,
        ensemble: _Ensemble,
        scores: Doubles,
        plain: Probabilities,
        left_out: Indices,
    ) -> SpeakerModel:
        mean, scale = self._standardization
        # A speaker whose corpus was left out counts as another speaker: its offset is larger.
        again = np.ones(len(left_out), bool)
        again[np.unique(left_out, return_index=True)[1]] = False
        voices = clips.speakers[left_out] + again * (int(clips.speakers.max()) + 1)
        found = LeftOutClips(
            scores, plain, clips.targets[left_out], voices, clips.main[left_out] & ~again
        )
        # Copies in noise would count as what a voice sounds like from clip to clip.
        original = clips.original[left_out]
        return fit_speaker_model(
            found.chosen(original) if original.any() else found,
            self.examples.labels,
            mean=mean,
            scale=scale,
            weights=self._relative_weights(ensemble),
            seed=self.config.seed,
        )

    def _set_weights(self, ensemble: _Ensemble, temperature: float) -> None:
        for number, one in enumerate(ensemble.plain):
            layer = self.model.get_layer(f"{DISCRIMINANT_LAYER}_{number}")
            layer.set_weights([one.weights, one.biases])
        scaling = np.eye(self.problem.classes, dtype=np.float32) / np.float32(temperature)
        self.model.get_layer(TEMPERATURE_LAYER).set_weights([scaling])
