"""The specification: JSON there and back, presets, and values that are refused."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import pytest

from ser.features.encoder_spec import EncoderSpec
from ser.features.layout import columns, width
from ser.features.registry import FAMILIES
from ser.features.spec import PRESETS, FeatureSpec, SpecError, SpecParameterError

ENCODER = EncoderSpec("tiny", (1, 3), 4, 80, 300, "0" * 64, "MIT")

ODD = FeatureSpec(
    families=tuple(reversed(FAMILIES)),
    sample_rate=22_050,
    n_fft=2048,
    win_length=1103,
    hop_length=333,
    fmin=1.5,
    fmax=7000.25,
    n_mels=77,
    n_mfcc=20,
    n_chroma=24,
    mel_scale="power",
    deltas=2,
    normalise="utterance",
    pool="stats",
    offset=0.1,
    duration=2.7,
    trim=35.5,
    highpass=80.0,
    clean=("denoise:0.5", "loudness:-20"),
    functionals="prosody",
)


@pytest.mark.parametrize("spec", [FeatureSpec(), ODD, *PRESETS.values()])
def test_json_there_and_back(spec: FeatureSpec) -> None:
    text = spec.to_json()
    assert "\n" not in text
    assert FeatureSpec.from_json(text) == spec
    assert FeatureSpec.from_dict(json.loads(text)) == spec
    assert FeatureSpec.from_json(text).to_json() == text


def test_odd_differs_everywhere() -> None:
    """So that the round trip above covers every field."""
    plain = FeatureSpec()
    for field in dataclasses.fields(FeatureSpec):
        if field.name == "encoder":
            # It needs the usual sample rate; see below.
            continue
        assert getattr(ODD, field.name) != getattr(plain, field.name), field.name


def test_json_with_an_encoder() -> None:
    spec = FeatureSpec(families=("encoder",), encoder=ENCODER, functionals="prosody+encoder",
                       win_length=640, n_fft=1024)  # fmt: skip
    assert FeatureSpec.from_json(spec.to_json()) == spec
    assert json.loads(spec.to_json())["encoder"]["blocks"] == [1, 3]
    other = spec.with_changes(encoder=dataclasses.replace(ENCODER, bits=32))
    assert spec.difference(other).startswith("encoder ")
    assert (spec.prosody, spec.pools_encoder, spec.encoder_width) == ("prosody", True, 8)
    # Older versions read what has none.
    assert "encoder" not in FeatureSpec().to_json()
    assert "encoder" not in FeatureSpec().to_dict()
    damaged = {**spec.to_dict(), "encoder": {**ENCODER.to_dict(), "frames": 7}}
    with pytest.raises(SpecError, match="bad value \\(encoder has a bad value: its frames is odd"):
        FeatureSpec.from_dict(damaged)


def test_an_encoder_is_read_or_refused() -> None:
    with pytest.raises(SpecParameterError, match="encoder: is read by nothing; name encoder in"):
        FeatureSpec(encoder=ENCODER)
    with pytest.raises(SpecParameterError, match="encoder: is read by nothing"):
        FeatureSpec().with_changes(families=("mel",), encoder=ENCODER)
    # Alone, it is the only family.
    alone = FeatureSpec(normalise="utterance").with_changes(encoder=ENCODER)
    assert (alone.families, alone.normalise, alone.hop_length) == (("encoder",), "none", 320)
    assert alone.encoder == ENCODER
    beside = FeatureSpec(n_fft=1024, win_length=1024, functionals="prosody").with_changes(
        encoder=ENCODER
    )
    assert (beside.families, beside.hop_length) == (("encoder",), 160)
    pooled = FeatureSpec().with_changes(functionals="encoder", encoder=ENCODER)
    assert (pooled.families, pooled.encoder) == (("logmel",), ENCODER)
    # Where nothing reads it any more, it goes.
    assert pooled.with_changes(functionals="none") == FeatureSpec()


def test_one_name_or_a_list_of_names() -> None:
    assert FeatureSpec(families="mel", clean="trim:40") == FeatureSpec(  # type: ignore[arg-type]
        families=("mel",), clean=("trim:40",)
    )
    assert FeatureSpec(families=["mel", "mfcc"]).families == ("mel", "mfcc")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_mels", 0),
        ("hop_length", -1),
        ("sample_rate", 8),
        ("duration", float("inf")),
        ("duration", 0),
        ("offset", float("nan")),
        ("trim", -3.0),
        ("deltas", 3),
    ],
)
def test_errors_have_the_value(name: str, value: float) -> None:
    with pytest.raises(SpecParameterError, match=f"^{name}={value}: "):
        FeatureSpec().with_changes(**{name: value})


def test_an_encoder_that_is_read_is_needed() -> None:
    with pytest.raises(SpecParameterError, match="encoder: is missing"):
        FeatureSpec(families=("encoder",))
    with pytest.raises(SpecParameterError, match="sample_rate: of 8000 Hz"):
        FeatureSpec(functionals="encoder", encoder=ENCODER, sample_rate=8000)


def test_a_specification_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        FeatureSpec().n_mels = 3  # type: ignore[misc]
    assert hash(FeatureSpec()) == hash(FeatureSpec())


def test_librosa_preset() -> None:
    spec = PRESETS["librosa"]
    assert spec.families == ("mel", "mfcc", "chroma")
    assert (spec.sample_rate, spec.n_fft, spec.win_length, spec.hop_length) == (
        22_050,
        2048,
        2048,
        512,
    )
    assert (spec.n_mels, spec.n_mfcc, spec.n_chroma, spec.fmin, spec.fmax) == (128, 40, 12, 0, None)
    assert spec.mel_scale == "power"
    assert width(spec) == 180


def test_speech_preset() -> None:
    spec = PRESETS["speech"]
    assert spec.families == ("logmel",)
    assert (spec.sample_rate, spec.win_length, spec.hop_length) == (16_000, 400, 160)


def test_columns_cover_the_width_without_gaps() -> None:
    spec = FeatureSpec(families=tuple(FAMILIES))
    parts = list(columns(spec).values())
    assert parts[0].start == 0
    assert all(a.stop == b.start for a, b in itertools.pairwise(parts))
    assert parts[-1].stop == width(spec)
    assert width(spec.with_changes(deltas=2)) == 3 * width(spec)
    assert width(spec.with_changes(pool="mean")) == width(spec)
    assert width(spec.with_changes(pool="stats", deltas=1)) == 8 * width(spec)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"families": ()}, "at least one"),
        (
            {"families": ("mel", "mfc")},
            "families: of 'mfc' is no feature family; did you mean mfcc",
        ),
        ({"families": ("mel", "mel")}, "twice"),
        ({"sample_rate": 0}, "1000 Hz"),
        ({"hop_length": 0}, "not positive"),
        ({"hop_length": -160}, "not positive"),
        ({"win_length": 513}, "does not fit"),
        ({"win_length": 1}, "does not fit"),
        ({"fmin": -1.0}, "fmin: gives a mel range of -1 to 8000 Hz"),
        ({"fmin": 9000.0}, "mel range"),
        ({"fmax": 8001.0}, "mel range"),
        ({"fmin": float("nan")}, "mel range"),
        ({"n_mels": 0}, "n_mels=0: is not positive; give 1 or more"),
        ({"families": ("mfcc",), "n_mfcc": 65}, "more than the 64 mel bands"),
        ({"n_chroma": 0}, "n_chroma=0: is not positive; give 1 or more"),
        ({"deltas": 3}, "0, 1 or 2"),
        ({"offset": -0.1}, "offset=-0.1: is no time"),
        ({"duration": 0.0}, "not positive"),
        ({"trim": 0.0}, "not positive"),
        ({"normalise": "all"}, "unknown"),
        ({"pool": "max"}, "unknown"),
        ({"mel_scale": "bark"}, "unknown"),
        (
            {"clean": ("polish",)},
            "has a bad step .polish: is not a cleaning step.; use one of denoise",
        ),
        ({"clean": ("trim:0",)}, "trim:0: is no number of decibels"),
    ],
)
def test_impossible_values_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecParameterError, match=said) as caught:
        FeatureSpec().with_changes(**changes)
    assert caught.value.parameter in (*changes, "win_length")
    # In a file it is nobody's parameter.
    with pytest.raises(SpecError, match="feature specification: has a bad value") as found:
        FeatureSpec.from_dict({**FeatureSpec().to_dict(), **changes})
    assert not isinstance(found.value, SpecParameterError)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "{}", '{"families":3}', '{"families":["mel"],"n_mels":"x"}']
)
def test_broken_json_is_refused(text: str) -> None:
    with pytest.raises(SpecError):
        FeatureSpec.from_json(text)


def test_cleaning_says_its_values() -> None:
    """A default that changes one day must not change what an old model does."""
    spec = FeatureSpec(clean=("loudness", "trim:30", "denoise"))
    assert spec.clean == ("loudness:-23", "trim:30", "denoise:0.9")
    assert spec == FeatureSpec.from_json(spec.to_json())
    assert spec.difference(FeatureSpec()) == (
        "clean ['loudness:-23', 'trim:30', 'denoise:0.9'] against []"
    )


def test_specifications_of_before_there_was_cleaning() -> None:
    """They load, and what is written without cleaning is equal to them to the letter."""
    old = {name: value for name, value in ODD.to_dict().items() if name != "clean"}
    spec = FeatureSpec.from_dict(old)
    assert spec == ODD.with_changes(clean=())
    assert json.loads(spec.to_json()) == old


def test_fields_of_a_newer_version_are_named() -> None:
    values = {**FeatureSpec().to_dict(), "wavelets": 3}
    with pytest.raises(SpecError, match=r"wavelets.*newer"):
        FeatureSpec.from_dict(values)


def test_difference_names_fields_and_values() -> None:
    assert FeatureSpec().difference(FeatureSpec()) == ""
    text = FeatureSpec().difference(FeatureSpec(n_mels=80, pool="mean"))
    assert text == "n_mels 64 against 80, pool none against mean"


def test_functionals_are_left_out_of_titles_that_have_none() -> None:
    assert "functionals" not in FeatureSpec().to_json()
    assert '"functionals":"prosody"' in ODD.to_json()
    plain = ODD.with_changes(functionals="none")
    assert plain.difference(ODD) == "functionals none against prosody"
    old = FeatureSpec().to_dict()
    del old["functionals"]
    assert FeatureSpec.from_dict(old) == FeatureSpec()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"functionals": "magic"}, "of 'magic' is unknown; use one of none, prosody"),
        (
            {"sample_rate": 8000, "n_fft": 1024, "win_length": 1024},
            "give `sample_rate=10000` or more",
        ),
        # The preset's own 25 ms.
        ({}, "400 samples .* `win_length=640` or more, and `n_fft=715` or more"),
        ({"win_length": 640, "n_fft": 640}, "`win_length=640` or more, and `n_fft=715` or more"),
        ({"win_length": 800, "n_fft": 800}, "`win_length=800` or more, and `n_fft=827` or more"),
        ({"win_length": 639, "n_fft": 2048}, "`win_length=640` or more"),
    ],
)
def test_what_prosody_needs(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecParameterError, match=words):
        FeatureSpec(**{"functionals": "prosody", **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"win_length": 640, "n_fft": 715},
        {"win_length": 1024, "n_fft": 1024},
        {"win_length": 827, "n_fft": 846},
        {"sample_rate": 10_000, "win_length": 400, "n_fft": 512},
        {"sample_rate": 48_000, "win_length": 1920, "n_fft": 4096},
    ],
)
def test_what_prosody_can_do_with(changes: dict[str, Any]) -> None:
    assert FeatureSpec(**{"functionals": "prosody", **changes}).functionals == "prosody"


@pytest.mark.parametrize("change", [{"sample_rate": 22_050}, {"hop_length": 320}])
def test_the_spectrogram_of_whisper_has_one_rate_and_one_hop(change: dict[str, Any]) -> None:
    with pytest.raises(SpecParameterError, match="is not that of the family whisper") as caught:
        PRESETS["whisper"].with_changes(**change)
    assert caught.value.parameter in change
