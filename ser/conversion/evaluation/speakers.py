"""Speaker recognition among the speakers of a fold.

Features are the long-term envelope (mean and deviation of 24 mel-cepstral coefficients, the
deviation of the level, but not the level) and F0 (mean, deviation, three percentiles). The
classifier is trained on real recordings of other sentences and other emotions than the target's, so
that it knows neither the source, nor the real target, nor recordings that share words or emotion
with either.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser.arrays import Mask, Vector
from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.evaluation.recordings import ReferenceRecording

# The first coefficient is the root of 80 times the mean level in decibels: 35 dB.
_PAUSE = 35 * np.sqrt(80)


def speaker_features(clip: ClipMeasures) -> Vector:
    """Computes the features of a clip, shape (54,)."""
    level = clip.envelope[:, 0]
    active = level > level.max() - _PAUSE
    envelope = clip.envelope[active]
    pitch = clip.pitch[clip.voiced] if clip.voiced.any() else np.zeros(1, np.float32)
    return np.concatenate(
        [
            envelope[:, 1:].mean(axis=0),
            envelope.std(axis=0),
            [pitch.mean(), pitch.std()],
            np.percentile(pitch, [10, 50, 90]),
        ]
    ).astype(np.float32)


class SpeakerClassifier:
    """Recognizes the speakers of one fold (linear discriminant analysis).

    Args:
        recordings: All real recordings of these speakers.
    """

    def __init__(self, recordings: Sequence[ReferenceRecording]) -> None:
        self._rows = np.stack([speaker_features(recording.measures) for recording in recordings])
        self._names = np.array([recording.speaker for recording in recordings])
        self._emotions = np.array([recording.emotion for recording in recordings])
        self._texts = np.array([recording.text for recording in recordings])

    def predict(
        self, clips: Sequence[ClipMeasures], emotions: Sequence[str], texts: Sequence[str]
    ) -> list[str]:
        """Predicts the speaker of each clip.

        Args:
            clips: The clips.
            emotions: The target emotion of each.
            texts: The sentence of each.
        """
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        rows = np.stack([speaker_features(clip) for clip in clips])
        keys = np.array([f"{e}\n{t}" for e, t in zip(emotions, texts, strict=True)])
        found = np.empty(len(clips), object)
        for key in sorted(set(keys.tolist())):
            emotion, text = key.split("\n")
            training = self._training_set(emotion, text)
            mean, deviation = (
                self._rows[training].mean(axis=0),
                self._rows[training].std(axis=0) + 1e-6,
            )
            classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
            classifier.fit((self._rows[training] - mean) / deviation, self._names[training])
            own = keys == key
            found[own] = classifier.predict((rows[own] - mean) / deviation)
        return [str(name) for name in found]

    def _training_set(self, emotion: str, text: str) -> Mask:
        """Selects the training recordings for a target emotion and a sentence."""
        others: Mask = self._emotions != emotion
        training = others & (self._texts != text)
        # A speaker with a single sentence is trained on that one.
        return training if set(self._names[training]) == set(self._names) else others
