"""A classifier: features of clips in, the probability of each emotion out."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ser.arrays import Array, Floats, Vector
from ser.errors import ArtifactError, ParameterError
from ser.features.extract import Extractor
from ser.features.prosody.speaker import MIN_CLIPS, estimate_baseline, unknown_baseline
from ser.features.spec import FeatureSpec
from ser.inference.engine import EngineName, Runner, open_runner
from ser.labels import label_indices
from ser.models.artifact import (
    CLASSIFIER,
    read_card,
    read_encoder,
    read_mel_bank,
    read_speaker_model,
    read_voice,
)
from ser.models.backend import Device
from ser.models.calibration import apply_temperature, softmax
from ser.models.conformal import (
    ADAPTED,
    COVERAGE,
    MOST_COVERAGE,
    PLAIN,
    check_thresholds,
    threshold_for,
)
from ser.models.label_shift import fit_offset, shares_offset
from ser.models.litert import LiteRTRunner
from ser.models.prior import prior_shares, weigh
from ser.models.speaker_model import SpeakerAdaptation

# Examples per call: bounds the memory of convolutions over a large table.
_CHUNK = 64

# What makes all emotions of a voice equally probable on average is added to what the network says
# of a clip: half of that where the average is of so many clips, nearly all where it is of many.
_PRIOR_CLIPS = 10.0

MIN_WINDOWS = 3
"""The least number of clips or windows that a speaker model is adapted by: about ten seconds."""

# Probabilities below this are taken for this, so that they have a logarithm.
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """What a classifier has learnt of one voice.

    Attributes:
        voice: Mean and standard deviation of the voice's functionals, shape (2, n), or None where
            the network does not read functionals.
        offset: Added to the logarithms of the probabilities, shape (labels,).
        speaker: What the model's speaker model has learnt of the voice, where it has one.
    """

    voice: Vector | None
    offset: Vector
    speaker: SpeakerAdaptation | None = None


class Classifier:
    """A classifier that is ready to run.

    Args:
        path: The artifact.
        card: The artifact's card.
        runner: Runs the network.

    Attributes:
        path: The artifact.
        card: The artifact's card.
        labels: Emotion names, in the order of the probabilities.
        spec: The feature specification that the network was trained on.
        frames: Frames per example.
        coefficients: Coefficients per frame.
        speaker_model: The model of how voices sound, where the artifact has one.
        temperature: Divides the logits, so that confidence is calibrated.
        shares: The share of each emotion in what is analyzed, where somebody knows it, shape
            (labels,); see `with_prior`.
        extractor: Computes the features.
        reads_functionals: Whether the network takes the functionals of a clip as well.
        runs_in_processes: Whether worker processes can run the network, and gain time by it.
    """

    def __init__(self, path: Path, card: dict[str, Any], runner: Runner) -> None:
        self.path = path
        self.card = card
        self.labels: tuple[str, ...] = tuple(card["labels"])
        self.spec = FeatureSpec.from_dict(card["spec"])
        self.frames = int(card["frames"])
        self.coefficients = int(card["coefficients"])
        self.temperature = float(card["temperature"])
        encoder = None
        if self.spec.encoder is not None:
            from ser.models.encoders import open_encoder

            encoder = open_encoder(self.spec.encoder, read_encoder(path))
        self.extractor = Extractor(self.spec, read_mel_bank(path), encoder=encoder)
        self._average_voice = read_voice(path)
        self.reads_functionals = self._average_voice is not None
        self.speaker_model = read_speaker_model(path)
        self.shares: Floats | None = None
        self._thresholds = _thresholds(path, card)
        self._runner = runner
        self.runs_in_processes = isinstance(runner, LiteRTRunner)

    def threshold(self, coverage: float, *, adapted: bool) -> float:
        """Gives the least probability of emotions in a prediction set (`ser.models.conformal`).

        Args:
            coverage: The probability that the set holds the true emotion.
            adapted: Whether the classifier is adapted to the voice.

        Raises:
            ParameterError: The coverage is no promise that can be kept.
            ArtifactError: The model has no thresholds.
        """
        if not 0 < coverage <= MOST_COVERAGE:
            raise ParameterError(
                "coverage", "is no probability of less than 1", f"give up to {MOST_COVERAGE}",
                f"{coverage:g}",
            )  # fmt: skip
        if self._thresholds is None:
            raise ArtifactError(
                self.path,
                "cannot promise a coverage",
                "train it with --report and the folder of a cross-validation",
            )
        return threshold_for(self._thresholds[ADAPTED if adapted else PLAIN], coverage)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as the artifact's path, which another process opens for itself.

        Raises:
            TypeError: Keras runs the network: it has threads and perhaps a GPU of its own.
        """
        if not self.runs_in_processes:
            raise TypeError("a network that Keras runs stays in its process")
        shares = None if self.shares is None else self._named(self.shares)
        return open_classifier, (self.path, "litert", "auto", shares)

    def with_prior(self, prior: str | Mapping[str, float]) -> Classifier:
        """Gives the same classifier for speech of which somebody knows how frequent emotions are.

        Args:
            prior: ``alike``, or the share of each emotion that occurs; see
                `ser.models.prior.prior_shares`.

        Raises:
            ParameterError: The model does not know an emotion, or a share is no positive number.
        """
        found = copy.copy(self)
        found.shares = prior_shares(prior, self.labels)
        return found

    def _named(self, shares: Floats) -> dict[str, float]:
        """Gives the shares of the emotions that occur, by name."""
        pairs = zip(self.labels, shares.tolist(), strict=True)
        return {label: share for label, share in pairs if share}

    def adapt(self, x: Array, functionals: Array | None = None) -> Adaptation | None:
        """Adapts to a voice by unlabelled speech.

        Without a speaker model, and unless `with_prior` said otherwise, the speech is taken to hold
        all emotions about equally often: a voice that is only ever angry in it will be taken to
        sound like that as a rule.

        Args:
            x: Features of the voice's clips or windows, shape (n, frames, coefficients).
            functionals: Their functionals, shape (n, functionals), where the network reads them.

        Returns:
            What `probabilities` takes; None where there are fewer than
            `ser.features.prosody.speaker.MIN_CLIPS` clips.
        """
        if self.speaker_model is not None and functionals is not None:
            plain = self._calibrated(x, functionals, None)
            return self.adapt_to_scores(self.speaker_model.scores(functionals), plain)
        if len(x) < MIN_CLIPS:
            return None
        voice = None
        if functionals is not None and self._average_voice is not None:
            voice = estimate_baseline(functionals, self._average_voice)
        return Adaptation(voice, self._shares_offset(self._calibrated(x, functionals, voice)))

    def adapt_to_scores(self, scores: Floats, plain: Floats) -> Adaptation | None:
        """Adapts the speaker model to a voice.

        Args:
            scores: Of the voice's clips or windows by `ser.models.speaker_model.SpeakerModel`,
                shape (n, labels).
            plain: Their probabilities without adaptation, likewise.

        Returns:
            What `probabilities` takes; None where there are fewer than `MIN_WINDOWS` clips, or no
            speaker model.
        """
        if self.speaker_model is None or len(scores) < MIN_WINDOWS:
            return None
        speaker = self.speaker_model.adapt(scores, plain, self.shares)
        offset = np.zeros(len(self.labels), np.float32)
        if self.shares is not None:
            offset = self._shares_offset(self.speaker_model.probabilities(scores, speaker))
        return Adaptation(None, offset, speaker)

    def _shares_offset(self, probabilities: Floats) -> Vector:
        """Gives the offset by which emotions have their shares in a voice's clips, or are alike."""
        shares = np.full(len(self.labels), 1.0) if self.shares is None else self.shares
        occurring = np.flatnonzero(shares)
        found = np.maximum(probabilities[:, occurring], _FLOOR)
        offset = np.zeros(len(self.labels), np.float32)
        # The fewer clips the average is of, the less it counts.
        share = len(found) / (len(found) + _PRIOR_CLIPS)
        wanted = shares[occurring] / shares[occurring].sum()
        offset[occurring] = share * shares_offset(found, wanted)
        return offset

    def enrol(
        self,
        x: Array,
        functionals: Array | None,
        emotions: Sequence[str],
        adaptation: Adaptation | None = None,
    ) -> Adaptation:
        """Adapts to a voice by labelled speech: learns which of its emotions are mistaken.

        Args:
            x: Features of the voice's clips or windows, shape (n, frames, coefficients).
            functionals: Their functionals, shape (n, functionals), where the network reads them.
            emotions: The emotion of each.
            adaptation: What has been learnt of the voice before.

        Raises:
            LabelError: The network does not know one of the emotions.
        """
        truth = label_indices(emotions, self.labels)
        logs = np.log(np.maximum(self.probabilities(x, functionals, adaptation), _FLOOR))
        before = adaptation or Adaptation(None, np.zeros(len(self.labels), np.float32))
        return replace(before, offset=before.offset + fit_offset(logs, truth))

    def probabilities(
        self,
        x: Array,
        functionals: Array | None = None,
        adaptation: Adaptation | None = None,
    ) -> Array:
        """Classifies examples.

        Args:
            x: Features, shape (batch, frames, coefficients).
            functionals: The examples' functionals, shape (batch, functionals), where the network
                reads them.
            adaptation: What has been learnt of the voice, the same for all examples.

        Returns:
            Calibrated probabilities, shape (batch, labels); each row sums to 1.

        Raises:
            ArtifactError: The shape is not the network's, or functionals are missing.
        """
        if adaptation is None:
            return self._calibrated(x, functionals, None)
        plain = self._calibrated(x, functionals, adaptation.voice)
        if adaptation.speaker is None or self.speaker_model is None or functionals is None:
            return self._occurring(shift_probabilities(plain, adaptation.offset))
        return self.adapted_probabilities(self.speaker_model.scores(functionals), adaptation)

    def adapted_probabilities(self, scores: Floats, adaptation: Adaptation) -> Array:
        """Gives probabilities by scores of the speaker model, which is adapted to the voice.

        Args:
            scores: Shape (n, labels).
            adaptation: What has been learnt of the voice, with `Adaptation.speaker`.

        Returns:
            Shape (n, labels); each row sums to 1.
        """
        if self.speaker_model is None or adaptation.speaker is None:
            raise ArtifactError(self.path, "has no speaker model", "train it with --arch lda")
        plain = self.speaker_model.probabilities(scores, adaptation.speaker)
        return self._occurring(shift_probabilities(plain, adaptation.offset))

    def _occurring(self, probabilities: Array) -> Array:
        """Takes from emotions that do not occur what the logarithm's floor has given them."""
        if self.shares is None:
            return probabilities
        return weigh(probabilities, (self.shares > 0).astype(np.float32))

    def _calibrated(self, x: Array, functionals: Array | None, voice: Vector | None) -> Array:
        """Gives probabilities at the card's temperature, and with the prior where it is known."""
        if x.ndim != 3 or x.shape[1:] != (self.frames, self.coefficients):
            raise ArtifactError(
                self.path,
                f"takes {self.frames} frames of {self.coefficients} coefficients, "
                f"not {' x '.join(map(str, x.shape[1:]))}",
                "extract with ser-extract --like",
            )
        inputs = {"features": x}
        if self._average_voice is not None:
            count = self._average_voice.shape[1]
            if functionals is None or functionals.shape != (len(x), count):
                raise ArtifactError(
                    self.path,
                    f"reads {count} functionals of every clip",
                    "extract with ser-extract --like",
                )
            statistics = unknown_baseline(count) if voice is None else voice
            inputs["functionals"] = functionals
            inputs["voice"] = np.broadcast_to(statistics, (len(x), 2, count))
        parts = [
            self._runner(
                {
                    name: np.ascontiguousarray(values[start : start + _CHUNK], np.float32)
                    for name, values in inputs.items()
                }
            )
            for start in range(0, len(x), _CHUNK)
        ]
        raw = np.concatenate(parts) if parts else np.empty((0, len(self.labels)), np.float32)
        if raw.shape != (len(x), len(self.labels)):
            raise ArtifactError(
                self.path,
                f"has a network with {raw.shape[-1]} outputs for {len(self.labels)} labels",
                "train it again",
            )
        if not np.isfinite(raw).all():
            # Features are numbers (`ser.audio.reader` sees to that): the weights are not.
            raise ArtifactError(
                self.path, "has a network whose probabilities are no numbers", "train it again"
            )
        found = apply_temperature(raw, self.temperature).astype(np.float32)
        return found if self.shares is None else weigh(found, self.shares)


def _thresholds(path: Path, card: dict[str, Any]) -> dict[str, list[float]] | None:
    if COVERAGE not in card:
        return None
    try:
        return check_thresholds(card[COVERAGE])
    except ValueError as error:
        raise ArtifactError(path, f"has a bad card (coverage: thresholds {error})") from error


def shift_probabilities(probabilities: Floats, offset: Vector) -> Array:
    """Adds an offset to the logarithms of probabilities.

    Args:
        probabilities: Shape (n, labels).
        offset: Shape (labels,).

    Returns:
        Shape (n, labels); each row sums to 1.
    """
    logs = np.log(np.maximum(probabilities, _FLOOR)) + offset
    shifted: Array = softmax(logs).astype(np.float32)
    return shifted


def open_classifier(
    path: str | Path,
    engine: EngineName = "auto",
    device: Device = "auto",
    prior: str | Mapping[str, float] | None = None,
) -> Classifier:
    """Opens a classifier.

    Args:
        path: The artifact.
        engine: ``litert``, ``keras``, or ``auto``: LiteRT where the artifact has a network for it
            and no GPU is asked for.
        device: Where Keras runs; LiteRT runs on the CPU.
        prior: How frequent emotions are in what will be analyzed, where somebody knows it; see
            `Classifier.with_prior`.

    Raises:
        ParameterError: The prior does not suit the model.
        ArtifactError: The artifact is no classifier, or has no network for this engine.
        SerError: The device is not there.
    """
    path = Path(path)
    card = read_card(path)
    if card["kind"] != CLASSIFIER:
        raise ArtifactError(path, f"is a model of kind {card['kind']}", "give a classifier")
    classifier = Classifier(path, card, open_runner(path, engine, device))
    return classifier if prior is None else classifier.with_prior(prior)
