"""An ensemble of linear discriminants: of prosody, and of each block of a pretrained encoder."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ser.errors import SerError
from ser.models.base import Architecture, Problem, option
from ser.models.limits import NOT_NEGATIVE, SHARE, SIZE
from ser.models.speaker_model import CLIP

DISCRIMINANT_LAYER = "discriminant"
"""Prefix of the names of the layers that hold discriminants; the number of the group follows."""

TEMPERATURE_LAYER = "temperature"
"""Name of the layer that divides the logarithms of probabilities."""

_FLOOR = 1e-6


@dataclass(frozen=True)
class LDA(Architecture):
    """Linear discriminant analyses of groups of functionals, whose probabilities are multiplied.

    The groups are the prosodic functionals, and the mean and deviation of each block of a
    pretrained encoder. Each group has a discriminant of its own (Fisher 1936, with a shrunk
    covariance), fitted in closed form. The product of their probabilities (product of experts,
    Hinton, Neural Computation 2002) is better than one discriminant of everything. The level of the
    recording is not used, because levels of different recordings cannot be compared.

    Beside the network there is a model of how a voice sounds, which reads the clips of a recording
    together; see `ser.models.speaker_model`.
    """

    name = "lda"
    summary = "linear discriminants of functionals: prosody, and each block of an encoder"
    trainer = "discriminants"
    reads_functionals = True
    defaults = MappingProxyType({"epochs": 1, "patience": 0})

    prosody_weight: float = option(
        0.6, "weight of prosody; each block of the encoder has 1", NOT_NEGATIVE, low=0.25, high=3.0
    )
    shrinkage: float = option(
        0.3,
        "share of the mean variance in the covariance of an encoder's blocks; prosody has a third",
        SHARE,
        low=0.05,
        high=0.9,
    )
    support_weight: float = option(
        0.5, "weight of each clip of a supporting corpus (--support)", SHARE, low=0.0, high=1.0
    )
    speaker_clips: int = option(
        120, "clips that count of a speaker at most, so that no voice outweighs the others", SIZE
    )

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`.

        Its inputs are ``features`` (batch, frames, coefficients) and ``voice`` (batch, 2, n), which
        it does not use, and ``functionals`` (batch, n).

        Raises:
            SerError: The table holds no functionals.
        """
        if not problem.functionals or not problem.functional_groups:
            raise SerError(
                self.name,
                "reads functionals, and the table holds none",
                "extract with --functionals contours, or with an encoder: contours+encoder",
            )
        layers, ops = keras.layers, keras.ops
        entry = keras.Input((problem.frames, problem.coefficients), name="features")
        functionals = keras.Input((problem.functionals,), name="functionals")
        voice = keras.Input((2, problem.functionals), name="voice")
        mean, variance = problem.functional_mean, problem.functional_variance
        if mean is None or variance is None:
            raise SerError(self.name, "needs the statistics of the training clips' functionals")
        # The first functional is the level. This variance makes it zero.
        variances = [1e12, *variance[1:].tolist()]
        standardized = layers.Normalization(axis=-1, mean=mean.tolist(), variance=variances)(
            functionals
        )
        standardized = ops.clip(standardized, -CLIP, CLIP)
        votes = []
        weights = self.group_weights(problem)
        for number, (start, stop) in enumerate(groups_of(problem)):
            logits = layers.Dense(
                problem.classes,
                trainable=False,
                dtype="float32",
                name=f"{DISCRIMINANT_LAYER}_{number}",
            )(standardized[:, start:stop])
            vote = ops.log(layers.Softmax(dtype="float32")(logits) + _FLOOR)
            votes.append(vote * weights[number])
        product = layers.Add(dtype="float32")(votes) if len(votes) > 1 else votes[0]
        # A layer with a weight, because the temperature is fitted after the discriminants.
        product = layers.Dense(
            problem.classes,
            use_bias=False,
            kernel_initializer="identity",
            trainable=False,
            dtype="float32",
            name=TEMPERATURE_LAYER,
        )(product)
        # The network has these inputs because all networks that read functionals have them.
        unused = ops.mean(entry, axis=(1, 2)) + ops.mean(voice, axis=(1, 2))
        product = product + 0.0 * unused[:, None]
        answer = layers.Softmax(dtype="float32", name="emotion")(product)
        return keras.Model([entry, functionals, voice], answer, name=self.name)

    def group_weights(self, problem: Problem) -> list[float]:
        """Gives the weight of each group's vote."""
        return [self.prosody_weight, *[1.0] * (len(problem.functional_groups) - 1)]

    def group_shrinkage(self, problem: Problem) -> list[float]:
        """Gives the shrinkage of each group's covariance: prosody has fewer functionals."""
        return [self.shrinkage / 3, *[self.shrinkage] * (len(problem.functional_groups) - 1)]


def groups_of(problem: Problem) -> list[tuple[int, int]]:
    """Gives the first column of each group of functionals, and the column behind its last."""
    found = []
    start = 0
    for size in problem.functional_groups:
        found.append((start, start + size))
        start += size
    return found
