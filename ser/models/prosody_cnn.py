"""Two experts that vote: the convolutional network, and a linear reading of prosody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.errors import SerError
from ser.models.base import Problem, inputs, option
from ser.models.cnn import CNN
from ser.models.svm import SVM, Machine, fill_machine, machine_logits, nothing_seen

PICTURE, PROSODY = "picture", "prosody"
"""Names of the layers whose outputs are the experts' answers; of several pictures, ``picture_2``
and so on are the others."""

SEEN, READING = "seen", "reading"
"""Name of the layer that gives what the second expert reads, (batch, 2 * n + 1), and what the names
of those begin with that read it."""

# LiteRT's converter leaves matrices of fewer numbers as they are. Discriminants are differences of
# large numbers: in eight bits, a fifth of the labels were others.
_IN_EIGHT_BITS = 1023

KERNEL = SVM(C=10.0, gamma=1.0)
"""What compares clips where prosody is read so; chosen on a part of RAVDESS's clips."""

# Standardised functionals beyond this are outliers of the measurement, not of the voice.
_FARTHEST = 5.0


@dataclass(frozen=True)
class ProsodyCNN(CNN):
    """The network `cnn`, and beside it a discriminant analysis of prosodic functionals.

    Each expert is trained as if it were alone, so that neither rests on the other; their
    answers are multiplied (product of experts, Hinton, Neural Computation 2002). The picture that
    the first sees is normalised over the utterance; the second has what that takes away.

    The functionals are read in one of two ways, each with weights of its own: against voices in
    general, or, where the network is told the mean and deviation of this voice's functionals,
    against this voice. The level of the recording is looked at in the second way alone: against
    other recordings it means nothing.

    Voices in general can also be read by support vector machines (Cortes and Vapnik, 1995), which
    compare a clip with those that were learnt from: better for voices that were among them, and
    worse for others.

    There may be several pictures, which differ in what they began with; their votes count together
    as much as one (an ensemble in one network, Hansen and Salamon, IEEE PAMI 1990).
    """

    name = "prosody-cnn"
    summary = "cnn on spectra, and beside it a linear reading of prosodic functionals"
    trainer = "experts"
    reads_functionals = True

    pictures: int = option(1, "networks that look at the picture; each costs as much as the first")
    reading: str = option(
        "linear",
        "how prosody is read where the voice is not told of: 'kernel' compares with the clips that "
        "were learnt from, for voices that were among them",
        choices=("linear", "kernel"),
    )
    prosody_weight: float = option(
        1.5, "weight of the prosodic expert's vote, the other's being 1", low=0.5, high=3.0
    )

    def eight_bits(self, frames: int) -> bool:
        """As for `cnn`, unless clips are compared: sums over many of them need more digits."""
        return self.reading == "linear" and super().eight_bits(frames)

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`.

        Its inputs are ``features`` (batch, frames, coefficients), ``functionals`` (batch, n) and
        ``voice`` (batch, 2, n), all zeros where the voice is not known.

        Raises:
            SerError: The table holds no functionals.
        """
        if not problem.functionals:
            raise SerError(
                self.name,
                "reads functionals, and the table holds none",
                "extract with --functionals prosody, or use --arch cnn",
            )
        if self.pictures < 1:
            raise SerError(f"pictures={self.pictures}", "must be at least 1")
        # The level means nothing to voices in general.
        heard = problem.functionals - 1
        machine = nothing_seen(heard, problem.classes, gamma=KERNEL.gamma / max(1, heard))
        return self.network(keras, problem, machine)

    def network(self, keras: Any, problem: Problem, machine: Machine) -> Any:
        """Builds the network around a machine, which is nothing to it where it reads linearly."""
        layers, ops = keras.layers, keras.ops
        entry, x = inputs(keras, problem)
        functionals = keras.Input((problem.functionals,), name="functionals")
        voice = keras.Input((2, problem.functionals), name="voice")
        seen = []
        for number in range(1, self.pictures + 1):
            name = PICTURE if number == 1 else f"{PICTURE}_{number}"
            answer = layers.Softmax(dtype="float32", name=name)(self.logits(keras, problem, x))
            seen.append(ops.log(answer + 1e-6))
        picture = seen[0] if len(seen) == 1 else layers.Average(dtype="float32")(seen)
        looked_at = self._readings(keras, problem, functionals, voice)
        read = self._read(keras, problem, looked_at)
        if self.reading == "kernel":
            compared = looked_at[:, heard_in(problem.functionals)]
            compared = machine_logits(keras, compared, machine, problem.classes)
            read = read + compared * (1.0 - looked_at[:, -1:])
        prosody = layers.Softmax(dtype="float32", name=PROSODY)(read)
        votes = picture + self.prosody_weight * ops.log(prosody + 1e-6)
        # Divided by the number of votes: two that agree are not twice as sure.
        votes = layers.Rescaling(1 / (1 + self.prosody_weight), dtype="float32")(votes)
        answer = layers.Softmax(dtype="float32", name="emotion")(votes)
        model = keras.Model([entry, functionals, voice], answer, name=self.name.replace("-", "_"))
        if self.reading == "kernel":
            fill_machine(model, machine)
        return model

    def _read(self, keras: Any, problem: Problem, seen: Any) -> Any:
        """A linear reading, fitted in closed form: see `fill_reading`."""
        layers = keras.layers
        size = max(1, _IN_EIGHT_BITS // problem.classes)
        width = 2 * problem.functionals + 1
        parts = [
            layers.Dense(
                problem.classes,
                use_bias=not start,
                trainable=False,
                dtype="float32",
                name=f"{READING}_{start}",
            )(seen[:, start : start + size])
            for start in range(0, width, size)
        ]
        return layers.Add(dtype="float32")(parts) if len(parts) > 1 else parts[0]

    def _readings(self, keras: Any, problem: Problem, functionals: Any, voice: Any) -> Any:
        """Functionals against all voices and against this one, and which of these is not 0."""
        layers, ops = keras.layers, keras.ops
        mean, variance = problem.functional_mean, problem.functional_variance
        if mean is None or variance is None:
            raise SerError(self.name, "needs the statistics of the training clips' functionals")
        # The first is the level. Under this variance it is zero.
        variances = [1e12, *variance[1:].tolist()]
        general = layers.Normalization(
            axis=-1, mean=mean.tolist(), variance=variances, name="voices_in_general"
        )(functionals)
        usual, deviation = voice[:, 0], voice[:, 1]
        known = ops.cast(ops.max(deviation, axis=1, keepdims=True) > 0, "float32")
        # The maximum, not the sum: it is 1 where the voice, and so its deviation, is not known; and
        # Keras 3.15 takes a second summand of shape (batch, 1) for a bias in some batch sizes.
        own = (functionals - usual) / ops.maximum(deviation, 1.0 - known)
        own = ops.clip(own, -_FARTHEST, _FARTHEST) * known
        general = ops.clip(general, -_FARTHEST, _FARTHEST) * (1.0 - known)
        return layers.Concatenate(name=SEEN)([general, own, known])


def heard_in(functionals: int) -> slice:
    """Says where, in what the second expert reads, all but the level stands against all voices."""
    return slice(1, functionals)


def fill_reading(model: Any, kernel: Any, bias: Any) -> None:
    """Gives the second expert its weights.

    Args:
        model: What `ProsodyCNN.build` has made.
        kernel: Shape (2 * n + 1, classes).
        bias: Shape (classes,).
    """
    parts = {
        int(layer.name.rpartition("_")[2]): layer
        for layer in model.layers
        if layer.name.startswith(f"{READING}_")
    }
    for start, layer in parts.items():
        rows = kernel[start : start + layer.kernel.shape[0]]
        layer.set_weights([rows] if start else [rows, bias])
