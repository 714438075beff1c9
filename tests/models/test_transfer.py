"""Published networks on spectrograms: pictures, weights, what is frozen; saved and converted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from isolated import load_without_ser
from transfer_networks import Tiny, random_base, tiny_weights

from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.inception import Inception
from ser.models.litert_export import export_litert
from ser.models.registry import make_architecture
from ser.models.transfer import TransferArchitecture
from ser.models.vgg16 import VGG16
from ser.models.vgg19 import VGG19

SHAPE = (34, 24)
CLASSES = 3

# Variables of two dense layers, and of the batch normalisation in front of them.
HEAD = 6


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


@dataclass(frozen=True)
class Made:
    """A network, and where its base comes from."""

    arch: TransferArchitecture
    model: Any
    published: Any = None

    @property
    def base(self) -> Any:
        return self.model.get_layer("base")


def problem(shape: tuple[int, int] = SHAPE) -> Problem:
    rng = np.random.default_rng(1)
    mean = rng.normal(-40, 5, shape[1]).astype(np.float32)
    return Problem(*shape, CLASSES, mean, rng.uniform(4, 9, shape[1]).astype(np.float32))


def batch(count: int = 2) -> Any:
    return np.random.default_rng(2).normal(-40, 3, (count, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def pretrained(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    """VGG16 and InceptionV3 with weights of somebody else's; building takes seconds."""
    folder = tmp_path_factory.mktemp("weights")
    made = {}
    for kind, size in ((VGG16, 32), (Inception, 75)):
        path = folder / f"{kind.name}.weights.h5"
        published = random_base(keras, kind(weights="none", size=size))
        published.save_weights(path)
        arch = kind(weights=str(path), size=size)
        made[kind.name] = Made(arch, arch.build(keras, problem()), published)
        path.unlink()
    return made


@pytest.fixture(scope="module")
def scratch(keras: Any) -> Made:
    keras.utils.set_random_seed(1)
    arch = VGG19(weights="none", size=32)
    return Made(arch, arch.build(keras, problem()))


@pytest.fixture(scope="module")
def every(pretrained: dict[str, Made], scratch: Made) -> dict[str, Made]:
    return {**pretrained, "vgg19": scratch}


NAMES = ("vgg16", "vgg19", "inception")


@pytest.mark.parametrize("name", NAMES)
def test_probabilities(every: dict[str, Made], name: str) -> None:
    model = every[name].model
    assert model.name == name
    answer = np.asarray(model.predict_on_batch(batch()))
    assert answer.shape == (2, CLASSES)
    assert (answer >= 0).all()
    assert answer.sum(axis=1) == pytest.approx(1, abs=1e-5)
    # A constant answer would pass all of that.
    assert np.ptp(answer, axis=0).max() > 1e-7


@pytest.mark.parametrize(
    ("name", "parameters", "convolutions"),
    [("vgg16", 14_714_688, 13), ("vgg19", 20_024_384, 16), ("inception", 21_802_784, 94)],
)
def test_the_bases_are_the_published_ones(
    every: dict[str, Made], name: str, parameters: int, convolutions: int
) -> None:
    base = every[name].base
    assert base.count_params() == parameters
    assert sum(type(layer).__name__ == "Conv2D" for layer in base.layers) == convolutions


@pytest.mark.parametrize("name", ["vgg16", "inception"])
def test_the_weights_are_those_of_the_file(pretrained: dict[str, Made], name: str) -> None:
    made = pretrained[name]
    pairs = list(zip(made.base.get_weights(), made.published.get_weights(), strict=True))
    assert all(np.array_equal(mine, theirs) for mine, theirs in pairs)
    assert len(pairs) > 20


@pytest.mark.parametrize("name", ["vgg16", "inception"])
def test_the_base_sees_what_its_own_preprocessing_would_give(
    keras: Any, pretrained: dict[str, Made], name: str
) -> None:
    from keras.applications import inception_v3, vgg16

    model = pretrained[name].model
    outputs = [model.get_layer(layer).output for layer in ("pixels", "expected")]
    pixels, expected = map(np.asarray, keras.Model(model.input, outputs).predict_on_batch(batch()))
    preprocess = {"vgg16": vgg16, "inception": inception_v3}[name].preprocess_input
    assert expected == pytest.approx(preprocess(pixels.copy()), abs=1e-3)
    # Grey values that use their range and keep within it.
    assert (pixels[..., 0] == pixels[..., 1]).all()
    assert (pixels[..., 0] == pixels[..., 2]).all()
    assert pixels.min() >= 0
    assert pixels.max() <= 255
    assert 20 < pixels.std() < 80
    assert pixels.mean() == pytest.approx(127, abs=30)


def test_time_runs_to_the_right_and_extremes_are_clipped(
    keras: Any, pretrained: dict[str, Made]
) -> None:
    model = pretrained["vgg16"].model
    pixels = keras.Model(model.input, model.get_layer("pixels").output)
    x = np.broadcast_to(np.linspace(-400, 400, SHAPE[0])[None, :, None], (1, *SHAPE))
    rows = np.asarray(pixels.predict_on_batch(x.astype(np.float32)))[0, :, :, 0]
    assert (np.diff(rows, axis=1) >= 0).all()
    assert (rows[:, 0] == 0).all()
    assert (rows[:, -1] == 255).all()


def trainable(made: Made) -> list[str]:
    return [layer.name for layer in made.base.layers if layer.trainable_weights]


def test_frozen_until_it_is_thawed(keras: Any, pretrained: dict[str, Made]) -> None:
    made = pretrained["vgg16"]
    assert len(made.model.trainable_weights) == HEAD
    assert trainable(made) == []
    expected = {
        1: ["block5_conv1", "block5_conv2", "block5_conv3"],
        2: ["block4_conv1", "block4_conv2", "block4_conv3"],
    }
    expected[2] += expected[1]
    for blocks, names in expected.items():
        VGG16(weights="imagenet", fine_tune=blocks, size=32).unfreeze_blocks(made.model)
        assert trainable(made) == names
        assert len(made.model.trainable_weights) == HEAD + 2 * len(names)
    VGG16(fine_tune=5, size=32).unfreeze_blocks(made.model)
    assert len(trainable(made)) == 13


def test_batch_normalisation_stays_frozen(keras: Any, pretrained: dict[str, Made]) -> None:
    made = pretrained["inception"]
    norms = [layer for layer in made.base.layers if type(layer).__name__ == "BatchNormalization"]
    assert len(norms) == 94
    assert len(made.model.trainable_weights) == HEAD
    # The last block has nine convolutions; one goes in each of its branches' steps.
    Inception(fine_tune=1).unfreeze_blocks(made.model)
    names = trainable(made)
    assert len(names) == 9
    assert all(name.startswith("conv2d") for name in names)
    Inception(fine_tune=11).unfreeze_blocks(made.model)
    assert len(trainable(made)) == 94
    before = [layer.get_weights() for layer in norms]
    made.base(np.ones((2, 75, 75, 3), np.float32), training=True)
    for layer, values in zip(norms, before, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), values, strict=True))


def test_without_weights_nothing_is_frozen(scratch: Made) -> None:
    assert len(trainable(scratch)) == 16
    assert scratch.arch.head_epochs(30) == 0
    scratch.arch.unfreeze_blocks(scratch.model)
    assert len(trainable(scratch)) == 16


def test_a_random_base_begins_where_it_can_learn(keras: Any, scratch: Made) -> None:
    """Deviations of what each block says: they neither fade away nor explode."""
    blocks = [scratch.base.get_layer(name).output for name in scratch.arch.block_ends]
    x = np.random.default_rng(4).normal(size=(4, 32, 32, 1)).astype(np.float32)
    said = keras.Model(scratch.base.input, blocks).predict_on_batch(np.repeat(x, 3, axis=3))
    assert all(0.1 < np.asarray(answer).std() < 10 for answer in said)
    pixels = keras.Model(scratch.model.input, scratch.model.get_layer("pixels").output)
    unit = keras.Model(scratch.model.input, scratch.model.get_layer("standardise").output)
    shown = np.asarray(pixels.predict_on_batch(batch(8)))
    assert shown.mean() == pytest.approx(
        np.asarray(unit.predict_on_batch(batch(8))).mean(), abs=0.1
    )
    assert 0.3 < shown.std() < 3


def test_statistics_of_a_random_base_follow(keras: Any) -> None:
    model = Tiny(weights="none", size=8).build(keras, problem())
    norm = model.get_layer("base").get_layer("block1_norm")
    before = np.asarray(norm.moving_variance)
    model(batch(), training=True)
    assert not np.array_equal(before, np.asarray(norm.moving_variance))
    # Keras's 0.99 would need hundreds of steps, which a small corpus has not in an epoch.
    assert norm.momentum == 0.9


@pytest.mark.parametrize(
    ("options", "epochs", "head"),
    [
        ({}, 30, 9),
        ({}, 60, 18),
        ({"head_share": 0.5}, 5, 2),
        ({"head_share": 0.01}, 10, 1),
        ({"head_share": 0.99}, 10, 9),
        ({"head_share": 1.0}, 10, 10),
        ({"head_share": 0.0}, 10, 0),
        ({"fine_tune": 0}, 10, 10),
        ({}, 1, 1),
        ({"weights": "none"}, 30, 0),
    ],
)
def test_the_epochs_of_the_head(options: dict[str, Any], epochs: int, head: int) -> None:
    assert VGG16(**options).head_epochs(epochs) == head


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("vgg16", {"fine_tune": "6"}, "fine_tune=6: must be 0 to 5"),
        ("inception", {"fine_tune": 12}, "must be 0 to 11"),
        ("vgg19", {"fine_tune": -1}, "must be 0 to 5"),
        ("vgg16", {"size": 31}, "must be 32 to 4096"),
        ("inception", {"size": "74"}, "size=74: must be 75 to 4096"),
        ("vgg16", {"head_share": 1.5}, "head_share=1.5: must be 0 to 1"),
        ("vgg16", {"base_rate": 0.0}, "more than 0"),
        ("vgg16", {"dropout": 1.0}, "less than 1"),
        ("vgg16", {"units": 0}, "must be 1 to"),
        ("vgg16", {"size": "wide"}, "size=wide: is not a whole number; give 32 to 4096"),
    ],
)
def test_impossible_options(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(SerError, match=message):
        make_architecture(name, options)


def test_pooled_tables_make_no_picture(keras: Any) -> None:
    with pytest.raises(SerError, match=r"cannot make a picture of 1 frame.*without --pool"):
        Tiny(weights="none", size=8).build(keras, problem((1, 180)))


def test_both_formats_of_weights(keras: Any, tmp_path: Path) -> None:
    published = random_base(keras, Tiny(weights="none", size=8))
    # As keras.applications publishes them: the older format of whole models.
    published.save(tmp_path / "old.h5")
    for path in (tiny_weights(keras, tmp_path / "new.weights.h5"), tmp_path / "old.h5"):
        model = Tiny(weights=str(path), size=16).build(keras, problem())
        pairs = zip(model.get_layer("base").get_weights(), published.get_weights(), strict=True)
        assert all(np.array_equal(a, b) for a, b in pairs)


def test_a_wrong_file_is_named(keras: Any, tmp_path: Path) -> None:
    sound = tiny_weights(keras, tmp_path / "sound.weights.h5")
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    other.save_weights(tmp_path / "other.weights.h5")
    other.save(tmp_path / "other.h5")
    (tmp_path / "half.weights.h5").write_bytes(sound.read_bytes()[:3000])
    (tmp_path / "text.h5").write_text("weights")
    (tmp_path / "empty.h5").write_bytes(b"")
    (tmp_path / "sound.npy").write_bytes(sound.read_bytes())
    wrong = {
        "absent.h5": "cannot be read (No such file or directory); weights takes imagenet, none",
        "": "cannot be read (Is a directory)",
        "text.h5": "is no weights file of Keras; name a file such as tiny_notop.h5",
        "empty.h5": "is no weights file of Keras",
        "sound.npy": "is no weights file of Keras",
        "other.h5": "does not hold the weights of tiny without its top; save them with",
        "other.weights.h5": "does not hold the weights of tiny",
        "half.weights.h5": "does not hold the weights of tiny",
    }
    for name, message in wrong.items():
        arch = Tiny(weights=str(tmp_path / name), size=8)
        with pytest.raises(SerError) as caught:
            arch.build(keras, problem())
        assert str(caught.value).startswith(f"{tmp_path / name}: {message}")
        assert "\n" not in str(caught.value)
    assert Tiny(weights=str(sound), size=8).build(keras, problem()) is not None


def test_they_load_without_ser_and_in_safe_mode(every: dict[str, Made], tmp_path: Path) -> None:
    for made in every.values():
        made.arch.unfreeze_blocks(made.model)
    loaded = load_without_ser(tmp_path, {name: (m.model, batch()) for name, m in every.items()})
    for name, made in every.items():
        expected = np.asarray(made.model.predict_on_batch(batch()))
        assert loaded[name].answers == pytest.approx(expected, abs=1e-6)
        assert loaded[name].trainable == len(made.model.trainable_weights)


def test_litert_agrees(pretrained: dict[str, Made]) -> None:
    from ai_edge_litert.interpreter import Interpreter

    model = pretrained["vgg16"].model
    data = export_litert(model)
    assert data is not None
    interpreter = Interpreter(model_content=data)
    entry = interpreter.get_input_details()[0]["index"]
    interpreter.resize_tensor_input(entry, batch().shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry, batch())
    interpreter.invoke()
    answer = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    assert answer == pytest.approx(np.asarray(model.predict_on_batch(batch())), abs=1e-4)


def test_the_seed_decides_the_weights(keras: Any) -> None:
    def weights(seed: int) -> list[Any]:
        keras.utils.set_random_seed(seed)
        return list(Tiny(weights="none", size=8).build(keras, problem()).get_weights())

    first, again, other = weights(3), weights(3), weights(4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
