"""Embeddings of voices: the network against Keras, and what they tell apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from voices import RATE, say

from ser.errors import ArtifactError
from ser.speakers import encoder as module
from ser.speakers.encoder import SIZE, SpeakerEncoder, load_encoder


@pytest.fixture(scope="module")
def encoder() -> SpeakerEncoder:
    return load_encoder()


def test_rows_have_length_one_whatever_the_clips(encoder: SpeakerEncoder) -> None:
    clips = [say(1, 3), say(1, 3)[:2000], np.zeros(RATE, np.float32), say(2, 3)[:1]]
    found = encoder.embed(clips)
    assert found.shape == (4, SIZE)
    assert np.isfinite(found).all()
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert encoder.embed([]).shape == (0, SIZE)


def test_clips_do_not_depend_on_each_other(encoder: SpeakerEncoder) -> None:
    clips = [say(speaker, seed) for speaker in (1, 2) for seed in range(3)]
    together = encoder.embed(clips)
    for clip, row in zip(clips, together, strict=True):
        assert encoder.embed([clip])[0] == pytest.approx(row, abs=1e-4)


def test_the_level_does_not_count(encoder: SpeakerEncoder) -> None:
    clip = say(1, 5)
    loud, soft = encoder.embed([clip, clip * 1e-3])
    assert loud == pytest.approx(soft, abs=1e-4)


def test_voices_are_told_apart_and_emotions_are_not(encoder: SpeakerEncoder) -> None:
    low, high = (
        encoder.embed([say(speaker, seed)[8000:24_000] for seed in range(6)]) for speaker in (1, 2)
    )
    assert (low @ low.T).mean() > 0.6
    assert (high @ high.T).mean() > 0.6
    assert (low @ high.T).max() < 0.4


def test_the_network_is_that_of_keras(encoder: SpeakerEncoder) -> None:
    import keras

    stored = np.load(module.SPEAKER_ENCODER)
    inputs = keras.Input((100, 40))
    x = inputs
    for number in range(3):
        x = keras.layers.LSTM(256, return_sequences=number < 2, name=f"layer{number}")(x)
    model = keras.Model(inputs, x)
    for number in range(3):
        names = (f"inputs{number}", f"hidden{number}", f"bias{number}")
        model.get_layer(f"layer{number}").set_weights([stored[n].astype("float32") for n in names])
    mels = np.stack([encoder._mel(say(speaker, 7)[8000:]) for speaker in (1, 2)])
    last = np.asarray(model(mels))
    raw = np.maximum(last @ stored["projection"].astype("f4") + stored["offset"].astype("f4"), 0)
    wanted = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    found = encoder.embed_plainly([say(speaker, 7)[8000:] for speaker in (1, 2)])
    assert found == pytest.approx(wanted, abs=1e-4)


def test_a_damaged_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "speakers.npz"
    broken.write_bytes(module.SPEAKER_ENCODER.read_bytes()[:1000])
    monkeypatch.setattr(module, "SPEAKER_ENCODER", broken)
    with pytest.raises(ArtifactError, match="install the package again"):
        load_encoder.__wrapped__()
