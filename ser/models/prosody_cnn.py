"""An ensemble of two experts: the convolutional network, and a linear discriminant on prosody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.errors import SerError
from ser.models.base import Problem, option, standardized_input
from ser.models.cnn import CNN
from ser.models.limits import DEPTH, NOT_NEGATIVE
from ser.models.svm import SVM, FittedSVM, empty_svm, set_svm_weights, svm_logits

SPECTRUM_LAYER, PROSODY_LAYER = "picture", "prosody"
"""Names of the layers that give the probabilities of the experts. Further spectral networks have
the names ``picture_2`` and so on."""

FUNCTIONALS_LAYER, LDA_LAYER = "seen", "reading"
"""Name of the layer that gives the standardized functionals, (batch, 2 * n + 1), and the prefix of
the names of the layers that hold the linear discriminant."""

# LiteRT's converter quantizes no matrix with fewer numbers. Discriminants are differences of large
# numbers: quantized to eight bits, a fifth of the labels changed.
_LARGEST_UNQUANTIZED = 1023

PROSODY_SVM = SVM(C=10.0, gamma=1.0)
"""The machines of ``prosody_classifier=kernel``; chosen on a part of the clips of RAVDESS."""

# Standardized functionals are clipped here: beyond it are errors of measurement.
_CLIP = 5.0


@dataclass(frozen=True)
class ProsodyCNN(CNN):
    """The network `cnn`, and a linear discriminant analysis of prosodic functionals.

    Each expert is trained by itself. Their probabilities are multiplied (product of experts,
    Hinton, Neural Computation 2002). The features of the first are normalized over the utterance,
    which removes level and range; the functionals of the second keep them.

    The functionals are standardized in one of two ways, and the discriminant has separate weights
    for each: by all training clips, or, where the baseline of the speaker is given (mean and
    deviation of the functionals over other clips of the voice), by that baseline. The level of the
    recording is used in the second way only, because levels of different recordings cannot be
    compared.

    Without a baseline, support vector machines (Cortes and Vapnik, 1995) can replace the linear
    discriminant: better for speakers of the training set, worse for others.

    There may be several spectral networks with different random initial weights. Their
    log-probabilities are averaged (Hansen and Salamon, IEEE PAMI 1990).
    """

    name = "prosody-cnn"
    summary = "cnn on spectra, and beside it a linear discriminant of prosodic functionals"
    trainer = "experts"
    reads_functionals = True

    spectral_networks: int = option(
        1, "networks on spectra, with different initial weights; each costs as much", DEPTH
    )
    prosody_classifier: str = option(
        "linear",
        "classifier of prosody where the speaker's baseline is not known: linear discriminant, or "
        "support vector machines (kernel), which are better for speakers of the training set",
        choices=("linear", "kernel"),
    )
    prosody_weight: float = option(
        1.5,
        "weight of the prosodic expert; the spectral one has 1",
        NOT_NEGATIVE,
        low=0.5,
        high=3.0,
    )

    def eight_bits(self, frames: int) -> bool:
        """Quantizes as `CNN` does, but no sums over many support vectors."""
        return self.prosody_classifier == "linear" and super().eight_bits(frames)

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`.

        Its inputs are ``features`` (batch, frames, coefficients), ``functionals`` (batch, n) and
        ``voice`` (batch, 2, n), the mean and deviation of the speaker's functionals: zeros where
        they are not known.

        Raises:
            SerError: The table holds no functionals.
        """
        if not problem.functionals:
            raise SerError(
                self.name,
                "reads functionals, and the table holds none",
                "extract with --functionals prosody, or use --arch cnn",
            )
        # All functionals but the level.
        count = problem.functionals - 1
        machine = empty_svm(count, problem.classes, gamma=PROSODY_SVM.gamma / max(1, count))
        return self.network(keras, problem, machine)

    def network(self, keras: Any, problem: Problem, machine: FittedSVM) -> Any:
        """Builds the network; see `build`.

        Args:
            keras: The module.
            problem: Sizes and statistics.
            machine: The support vector machines; not used with ``prosody_classifier=linear``.
        """
        layers, ops = keras.layers, keras.ops
        entry, x = standardized_input(keras, problem)
        functionals = keras.Input((problem.functionals,), name="functionals")
        voice = keras.Input((2, problem.functionals), name="voice")
        logs = []
        for number in range(1, self.spectral_networks + 1):
            name = SPECTRUM_LAYER if number == 1 else f"{SPECTRUM_LAYER}_{number}"
            spectral = layers.Softmax(dtype="float32", name=name)(self.logits(keras, problem, x))
            logs.append(ops.log(spectral + 1e-6))
        log_spectral = logs[0] if len(logs) == 1 else layers.Average(dtype="float32")(logs)
        standardized = self._standardize(keras, problem, functionals, voice)
        logits = self._lda_logits(keras, problem, standardized)
        if self.prosody_classifier == "kernel":
            vectors = standardized[:, columns_without_level(problem.functionals)]
            machine_answer = svm_logits(keras, vectors, machine, problem.classes)
            logits = logits + machine_answer * (1.0 - standardized[:, -1:])
        prosody = layers.Softmax(dtype="float32", name=PROSODY_LAYER)(logits)
        product = log_spectral + self.prosody_weight * ops.log(prosody + 1e-6)
        # Divided by the sum of the weights, so that experts who agree are not overconfident.
        product = layers.Rescaling(1 / (1 + self.prosody_weight), dtype="float32")(product)
        answer = layers.Softmax(dtype="float32", name="emotion")(product)
        model = keras.Model([entry, functionals, voice], answer, name=self.name.replace("-", "_"))
        if self.prosody_classifier == "kernel":
            set_svm_weights(model, machine)
        return model

    def _lda_logits(self, keras: Any, problem: Problem, standardized: Any) -> Any:
        """The linear discriminant, whose weights `set_lda_weights` sets: (batch, classes)."""
        layers = keras.layers
        size = max(1, _LARGEST_UNQUANTIZED // problem.classes)
        width = 2 * problem.functionals + 1
        parts = [
            layers.Dense(
                problem.classes,
                use_bias=not start,
                trainable=False,
                dtype="float32",
                name=f"{LDA_LAYER}_{start}",
            )(standardized[:, start : start + size])
            for start in range(0, width, size)
        ]
        return layers.Add(dtype="float32")(parts) if len(parts) > 1 else parts[0]

    def _standardize(self, keras: Any, problem: Problem, functionals: Any, voice: Any) -> Any:
        """Standardizes functionals by all training clips, or by the speaker's baseline.

        Returns:
            Shape (batch, 2 * n + 1): standardized by all clips, zeros if the baseline is known;
            standardized by the baseline, zeros if it is not; 1 if it is known, else 0.
        """
        layers, ops = keras.layers, keras.ops
        mean, variance = problem.functional_mean, problem.functional_variance
        if mean is None or variance is None:
            raise SerError(self.name, "needs the statistics of the training clips' functionals")
        # The first functional is the level. This variance makes it zero.
        variances = [1e12, *variance[1:].tolist()]
        general = layers.Normalization(
            axis=-1, mean=mean.tolist(), variance=variances, name="voices_in_general"
        )(functionals)
        baseline, deviation = voice[:, 0], voice[:, 1]
        known = ops.cast(ops.max(deviation, axis=1, keepdims=True) > 0, "float32")
        # The maximum, not the sum, is 1 where the baseline, and so its deviation, is not known:
        # Keras 3.15 takes a second summand of shape (batch, 1) for a bias in some batch sizes.
        own = (functionals - baseline) / ops.maximum(deviation, 1.0 - known)
        own = ops.clip(own, -_CLIP, _CLIP) * known
        general = ops.clip(general, -_CLIP, _CLIP) * (1.0 - known)
        return layers.Concatenate(name=FUNCTIONALS_LAYER)([general, own, known])


def columns_without_level(functionals: int) -> slice:
    """Gives the columns of `FUNCTIONALS_LAYER` with the functionals standardized by all clips.

    The level, which is the first of them, is left out.

    Args:
        functionals: Number of functionals.
    """
    return slice(1, functionals)


def set_lda_weights(model: Any, kernel: Any, bias: Any) -> None:
    """Sets the weights of the linear discriminant.

    Args:
        model: A network from `ProsodyCNN.build`.
        kernel: Shape (2 * n + 1, classes).
        bias: Shape (classes,).
    """
    parts = {
        int(layer.name.rpartition("_")[2]): layer
        for layer in model.layers
        if layer.name.startswith(f"{LDA_LAYER}_")
    }
    for start, layer in parts.items():
        rows = kernel[start : start + layer.kernel.shape[0]]
        layer.set_weights([rows] if start else [rows, bias])
