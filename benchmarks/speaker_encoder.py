r"""Makes ``ser/pretrained/speakers.npz`` of Resemblyzer's wheel, RAVDESS and LibriSpeech.

    pip download --no-deps Resemblyzer==0.1.4
    python benchmarks/speaker_encoder.py Resemblyzer-0.1.4-py3-none-any.whl data/ravdess \
        data/librispeech

Weights are rounded to 16 bits. Voices are discriminated by how speakers differ from each other, in
units of how one differs from itself: emotions of RAVDESS' actors (every other clip), and every
other speaker of LibriSpeech, by number; `benchmarks/speakers.py` measures with the rest.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from ser.arrays import Array, Matrix
from ser.audio import reader
from ser.speakers.encoder import RATE, SIZE, WINDOW_SECONDS, SpeakerEncoder
from ser.speakers.regions import window_starts
from ser.vad.track import SECONDS, SpeechTrack

TARGET = Path(__file__).parents[1] / "ser" / "pretrained" / "speakers.npz"

# Of a voice no more than so many embeddings count; of the covariance within voices, so much of its
# mean is added to its diagonal.
_MOST, _SHRINKAGE = 60, 0.1


def main() -> None:
    """Runs the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("ravdess", type=Path)
    parser.add_argument("librispeech", type=Path)
    parser.add_argument("--target", type=Path, default=TARGET)
    args = parser.parse_args()
    arrays = weights(args.wheel)
    encoder = SpeakerEncoder({name: each.astype(np.float32) for name, each in arrays.items()})
    actors = {
        folder.name: sorted(folder.iterdir())[::2] for folder in sorted(args.ravdess.glob("Actor*"))
    }
    groups = [actors, speakers(args.librispeech, half=0)]
    found = [{name: embed(encoder, files) for name, files in group.items()} for group in groups]
    mean = np.concatenate([each for group in found for each in group.values()]).mean(axis=0)
    within = np.mean([covariance_within(group.values()) for group in found], axis=0)
    centers = np.stack([each.mean(axis=0) for group in found for each in group.values()])
    arrays["mean"] = mean
    arrays["discriminants"] = discriminants(within, np.cov(centers.T, bias=True))
    np.savez(args.target, **{name: each.astype(np.float16) for name, each in arrays.items()})


def weights(wheel: Path) -> dict[str, Array]:
    """Reads the weights of Resemblyzer's encoder; the order of gates is PyTorch's."""
    import torch

    with zipfile.ZipFile(wheel) as archive:
        data = archive.read("resemblyzer/pretrained.pt")
    state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)["model_state"]
    arrays = {}
    for number in range(3):
        arrays[f"inputs{number}"] = state[f"lstm.weight_ih_l{number}"].numpy().T
        arrays[f"hidden{number}"] = state[f"lstm.weight_hh_l{number}"].numpy().T
        bias = state[f"lstm.bias_ih_l{number}"] + state[f"lstm.bias_hh_l{number}"]
        arrays[f"bias{number}"] = bias.numpy()
    arrays["projection"] = state["linear.weight"].numpy().T
    arrays["offset"] = state["linear.bias"].numpy()
    # 16 bits, as they will be read.
    return {name: each.astype(np.float16) for name, each in arrays.items()}


def speakers(folder: Path, half: int) -> dict[str, list[Path]]:
    """Lists the recordings of every other speaker of LibriSpeech."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*-*-*.*")):
        if path.suffix in (".ogg", ".flac", ".wav"):
            found.setdefault(path.name.split("-")[0], []).append(path)
    return {name: found[name] for name in sorted(found)[half::2]}


def embed(encoder: SpeakerEncoder, files: Sequence[Path]) -> Matrix:
    """Makes the plain embeddings of the speech in files."""
    clips = []
    for path in files:
        samples = reader.read(path, RATE)
        track = SpeechTrack(RATE)
        spoken = np.concatenate([track.add(samples), track.finish()])
        places = np.flatnonzero(spoken)
        if not len(places):
            continue
        for begin in window_starts(places[0] * SECONDS, (places[-1] + 1) * SECONDS):
            at = round(begin * RATE)
            clips.append(samples[at : at + round(WINDOW_SECONDS * RATE)])
    return encoder.embed_plainly(clips)


def covariance_within(voices: Iterable[Matrix]) -> Matrix:
    """Gives the covariance of embeddings around their voice's mean."""
    total, count = 0.0, 0
    for each in voices:
        away = (each - each.mean(axis=0)).astype(np.float64)
        some = min(len(each), _MOST)
        total = total + away.T @ away * (some / len(each))
        count += some
    found: Matrix = np.asarray(total / count)
    return found


def discriminants(within: Matrix, between: Matrix) -> Matrix:
    """Gives the directions in which voices differ most, (256, `SIZE`)."""
    from scipy.linalg import eigh

    size = len(within)
    within = within + _SHRINKAGE * np.trace(within) / size * np.eye(size)
    _, vectors = eigh(between, within)
    found: Matrix = vectors[:, ::-1][:, :SIZE]
    return found


if __name__ == "__main__":
    main()
