"""Who is speaking: a classifier among the actors of a fold.

It hears the long-term envelope (mean and deviation of 24 mel-cepstral coefficients, the deviation
of the level, but not the level) and the pitch (mean, deviation, three percentiles): vocal tract,
room and microphone, and where the voice lies. It is trained on real recordings of the other
sentence and of all other emotions than the one wanted, so that neither the source, nor the real
target, nor anything like either of them in words or manner is known to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix
from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.evaluation.recordings import ReferenceRecording


def speaker_features(heard: ClipMeasures) -> Matrix:
    """Gives what the classifier hears of a clip, shape (54,)."""
    level = heard.envelope[:, 0]
    active = level > level.max() - _PAUSE
    envelope = heard.envelope[active]
    pitch = heard.pitch[heard.voiced] if heard.voiced.any() else np.zeros(1, np.float32)
    return np.concatenate(
        [
            envelope[:, 1:].mean(axis=0),
            envelope.std(axis=0),
            [pitch.mean(), pitch.std()],
            np.percentile(pitch, [10, 50, 90]),
        ]
    ).astype(np.float32)


# The first coefficient is the root of 80 times the mean level in decibels: 35 dB.
_PAUSE = 35 * np.sqrt(80)


class SpeakerClassifier:
    """Recognises the speakers of one fold.

    Args:
        recordings: All real recordings of them.
    """

    def __init__(self, recordings: Sequence[ReferenceRecording]) -> None:
        self._rows = np.stack([speaker_features(recording.heard) for recording in recordings])
        self._names = np.array([recording.speaker for recording in recordings])
        self._emotions = np.array([recording.emotion for recording in recordings])
        self._texts = np.array([recording.text for recording in recordings])

    def predict(
        self, heard: Sequence[ClipMeasures], emotions: Sequence[str], texts: Sequence[str]
    ) -> list[str]:
        """Names the speaker of each clip.

        Args:
            heard: The clips.
            emotions: What each was meant to be.
            texts: What each says.
        """
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        rows = np.stack([speaker_features(clip) for clip in heard])
        wanted = np.array([f"{e}\n{t}" for e, t in zip(emotions, texts, strict=True)])
        found = np.empty(len(heard), object)
        for key in sorted(set(wanted.tolist())):
            emotion, text = key.split("\n")
            known = self._known(emotion, text)
            mean, deviation = self._rows[known].mean(axis=0), self._rows[known].std(axis=0) + 1e-6
            classifier = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
            classifier.fit((self._rows[known] - mean) / deviation, self._names[known])
            own = wanted == key
            found[own] = classifier.predict((rows[own] - mean) / deviation)
        return [str(name) for name in found]

    def _known(self, emotion: str, text: str) -> npt.NDArray[np.bool_]:
        """Says which recordings the classifier of some outputs is trained on."""
        others: npt.NDArray[np.bool_] = self._emotions != emotion
        known = others & (self._texts != text)
        # Where somebody says one sentence alone, it has to do.
        return known if set(self._names[known]) == set(self._names) else others
