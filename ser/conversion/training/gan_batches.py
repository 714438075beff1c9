"""Batches of pairs for the training of `ser.conversion.models.gan.GANTranslate`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ser.arrays import Array, Indices
from ser.conversion.contour_grid import (
    FRAMES_PER_STEP,
    N_CEPSTRA,
    N_CHANGED,
    N_COLUMNS,
    N_FEATURES,
    PITCH,
    VOICED,
    find_speech,
    fit_scale,
    generator_features,
    speech_weight,
    to_steps,
)
from ser.conversion.contours import SPEC
from ser.conversion.models.gan import STEP_MULTIPLE
from ser.conversion.training.base import PairExamples
from ser.features.banks import dct_basis

ENVELOPE, F0, LENGTH = "envelope_near", "pitch_near", "length_near"
"""Outputs of the adversary that are compared with the target recording; columns of the history."""

# In training, converted phrases are at most so many times as long as the longest source.
_MAX_LENGTHENING = 1.3

# Data augmentation of what the generator reads: deviation of a shift of F0 in semitones, and
# changes of vocal tract length as ratios. What is learnt of a few speakers shall hold for others.
_F0_SHIFT = 3.0
_VOCAL_TRACT_LENGTHS = np.linspace(-0.1, 0.1, 9)


@dataclass(frozen=True, slots=True, eq=False)
class PairBatch:
    """A batch of pairs as arrays.

    Attributes:
        inputs: Of the adversary, by name.
        targets: The contours of the target recordings, aligned to the sources; by output.
        weights: Weights of the steps in the losses; by output.
        real: The target recordings as the discriminator reads them, (batch, steps, N_COLUMNS).
        speaker: One-hot speakers of the sources, (batch, speakers).
        emotion: One-hot emotions of the targets, (batch, emotions).
    """

    inputs: dict[str, Array]
    targets: dict[str, Array]
    weights: dict[str, Array]
    real: Array
    speaker: Array
    emotion: Array


class PairBatches:
    """Makes batches of the pairs of a table.

    Args:
        examples: Pairs of recordings.

    Attributes:
        phrases: The steps of each record, without leading and trailing silence; by record number.
        scale: Means and deviations over these.
        source_steps: Length of the generator's input in steps.
        result_steps: Length of its result after time warping.
        speaker_means: Mean of the scaled contours of each speaker's speech, (speakers, N_CHANGED).
            Emotion is what deviates from it.
    """

    def __init__(self, examples: PairExamples) -> None:
        self.examples = examples
        steps = {n: to_steps(examples.contours(n)) for n in examples.indices.tolist()}
        parts = {record: find_speech(matrix) for record, matrix in steps.items()}
        self.phrases = {record: matrix[parts[record]] for record, matrix in steps.items()}
        self._leading_silence = {record: part.start for record, part in parts.items()}
        self.scale = fit_scale(list(self.phrases.values()))
        longest = max(len(phrase) for phrase in self.phrases.values())
        self.source_steps = -(-longest // STEP_MULTIPLE) * STEP_MULTIPLE
        most = round(self.source_steps * _MAX_LENGTHENING)
        self.result_steps = -(-most // STEP_MULTIPLE) * STEP_MULTIPLE
        self.speaker_means = self._speaker_means()

    def batch(self, pairs: Indices, rng: np.random.Generator) -> PairBatch:
        """Makes a batch.

        Args:
            pairs: Numbers of the pairs.
            rng: Draws the data augmentation.
        """
        examples, size, steps = self.examples, len(pairs), self.source_steps
        source, target = examples.pairs.source[pairs], examples.pairs.target[pairs]
        inputs = {
            "features": np.zeros((size, steps, N_FEATURES), np.float32),
            "condition": examples.conditions(target),
            "contours": np.zeros((size, steps, N_COLUMNS), np.float32),
            "speech_weight": np.zeros((size, steps, 1), np.float32),
            "speaker_mean": self.speaker_means[examples.speaker[source]],
        }
        targets = {
            ENVELOPE: np.zeros((size, steps, N_CEPSTRA), np.float32),
            F0: np.zeros((size, steps, 1), np.float32),
            LENGTH: np.zeros((size, 1), np.float32),
        }
        weights = {
            ENVELOPE: np.zeros((size, steps), np.float32),
            F0: np.zeros((size, steps), np.float32),
            LENGTH: np.ones(size, np.float32),
        }
        for row, (pair, one, other) in enumerate(
            zip(pairs.tolist(), source.tolist(), target.tolist(), strict=True)
        ):
            phrase, wanted = self.phrases[one], self.phrases[other]
            count, speech = len(phrase), speech_weight(phrase)
            inputs["features"][row, :count] = _augment(generator_features(phrase), rng)
            inputs["contours"][row, :count] = self.scaled(phrase)
            inputs["speech_weight"][row, :count, 0] = speech
            aligned = self.scaled(wanted)[self._aligned_steps(pair, one, other)]
            targets[ENVELOPE][row, :count] = aligned[:, :N_CEPSTRA]
            targets[F0][row, :count, 0] = aligned[:, PITCH]
            targets[LENGTH][row] = np.log(len(wanted) / count)
            weights[ENVELOPE][row, :count] = speech
            weights[F0][row, :count] = (phrase[:, VOICED] > 0.5) & (aligned[:, VOICED] > 0.5)
        for name in (ENVELOPE, F0):
            # Keras divides by all steps: padding and pauses must not make the loss smaller.
            weights[name] *= weights[name].size / max(float(weights[name].sum()), 1.0)
        return PairBatch(
            inputs,
            targets,
            weights,
            np.stack([self.real_input(record) for record in target.tolist()]),
            np.eye(len(examples.speakers), dtype=np.float32)[examples.speaker[source]],
            np.eye(len(examples.emotions), dtype=np.float32)[examples.emotion[target]],
        )

    def real_input(self, record: int, *, speaker_relative: bool = True) -> Array:
        """Gives a recording as the discriminator and the auxiliary classifiers read it.

        Args:
            record: Its number.
            speaker_relative: Subtract the speaker's mean.

        Returns:
            Shape (result_steps, N_COLUMNS).
        """
        steps = self.scaled(self.phrases[record])[: self.result_steps]
        if speaker_relative:
            steps[:, :N_CHANGED] -= self.speaker_means[self.examples.speaker[record]]
        padded = np.zeros((self.result_steps, N_COLUMNS), np.float32)
        padded[: len(steps)] = steps
        return padded

    def scaled(self, steps: Array) -> Array:
        """Scales the changed columns to mean 0 and deviation 1; shape (steps, N_COLUMNS) stays."""
        scaled = steps.copy()
        scaled[:, :N_CHANGED] = (steps[:, :N_CHANGED] - self.scale.mean) / self.scale.deviation
        return scaled

    def _speaker_means(self) -> Array:
        examples = self.examples
        sums = np.zeros((len(examples.speakers), N_CHANGED))
        counts = np.zeros(len(examples.speakers))
        for record, steps in self.phrases.items():
            speech = self.scaled(steps)[speech_weight(steps) > 0.5, :N_CHANGED]
            sums[examples.speaker[record]] += speech.sum(axis=0)
            counts[examples.speaker[record]] += len(speech)
        return (sums / counts[:, None]).astype(np.float32)

    def _aligned_steps(self, pair: int, source: int, target: int) -> Indices:
        """Gives for each step of a pair's source the step of the target, silence left out."""
        positions = self.examples.pairs.positions[pair][::FRAMES_PER_STEP] / FRAMES_PER_STEP
        steps = np.round(positions).astype(np.intp)[self._leading_silence[source] :]
        count, longest = len(self.phrases[source]), len(self.phrases[target])
        steps = np.pad(steps, (0, max(0, count - len(steps))), mode="edge")[:count]
        aligned: Indices = np.clip(steps - self._leading_silence[target], 0, longest - 1)
        return aligned


def _augment(features: Array, rng: np.random.Generator) -> Array:
    """Shifts F0 and changes the vocal tract length of what the generator reads."""
    augmented = features.copy()
    augmented[:, PITCH] += rng.normal(0, _F0_SHIFT)
    matrices = _vocal_tract_matrices()
    augmented[:, :N_CEPSTRA] = features[:, :N_CEPSTRA] @ matrices[rng.integers(len(matrices))]
    return augmented


@lru_cache(maxsize=1)
def _vocal_tract_matrices() -> Array:
    """Gives the effect of vocal tract length on mel-cepstra, as matrices (lengths, n, n).

    They stretch the frequency axis (Jaitly and Hinton, "Vocal tract length perturbation improves
    speech recognition", ICML workshop 2013); on mel bands that is nearly the same.
    """
    basis = dct_basis(N_CEPSTRA, SPEC.n_mels)
    bands = np.arange(SPEC.n_mels)
    matrices = []
    for change in _VOCAL_TRACT_LENGTHS:
        stretched = [np.interp(bands * (1 + change), bands, row) for row in basis]
        matrices.append(np.array(stretched) @ basis.T)
    return np.array(matrices, np.float32)
