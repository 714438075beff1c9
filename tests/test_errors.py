"""Errors: one line about the input that the user knows, across every border."""

from __future__ import annotations

import configparser
import errno
import os
import pickle
import sys

import pytest
from conftest import ROOT

from ser.errors import (
    EXTRAS,
    AudioError,
    DependencyError,
    ParameterError,
    SerError,
    choose_from,
    ends_all,
    failure_of,
    how_to_get,
    missing_package,
    renamed,
    require,
)


def test_one_line_of_three_parts() -> None:
    error = AudioError("a.wav", "is empty", "record it again")
    assert str(error) == "a.wav: is empty; record it again"
    assert str(SerError("a.wav", "is empty")) == "a.wav: is empty"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (AudioError, str(error))


def test_what_is_said_of_a_copy_is_said_of_the_original() -> None:
    with (
        pytest.raises(AudioError, match=r"^s3://b/a\.wav: is empty; stop$"),
        renamed("/tmp/input.wav", "s3://b/a.wav"),
    ):
        raise AudioError("/tmp/input.wav", "is empty", "stop")
    other = AudioError("/tmp/other.wav", "is empty")
    with pytest.raises(AudioError) as caught, renamed("/tmp/input.wav", "s3://b/a.wav"):
        raise other
    assert caught.value is other


def test_a_parameter_is_named_as_python_names_it() -> None:
    error = ParameterError("hop", "must be positive seconds", value=0)
    assert str(error) == "hop=0: must be positive seconds"
    assert str(ParameterError("n_fft", "is too short", "raise `n_fft`")) == (
        "n_fft: is too short; raise `n_fft`"
    )
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.parameter, again.value) == (str(error), "hop", 0)


def test_the_cure_of_an_unknown_name_is_the_nearest_one() -> None:
    known = ("dropout", "filters")
    assert choose_from("dropot", known) == "did you mean dropout? Known names: dropout, filters"
    assert choose_from("Dropout", known).startswith("did you mean dropout?")
    assert choose_from("zzz", known) == "use one of dropout, filters"
    assert choose_from("zzz", ()) == "there are none"
    many = choose_from("zzz", [f"n{i}" for i in range(30)])
    assert many.startswith("use one of n0, ") and many.endswith(", n19 and 10 more")


def test_a_missing_package_is_one_line_with_its_extra() -> None:
    assert str(missing_package("--tune", "optuna.trial")) == (
        "--tune: needs the Python package optuna.trial; "
        "pip install '.[tune]' in the checkout of ser"
    )
    assert how_to_get("soundfile").startswith("pip install '.' in the checkout of ser")


def test_what_is_required_is_looked_for_without_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    require("a picture", "json", "email")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DependencyError, match=r"^a picture: .* matplotlib; .*\.\[plot\]"):
        require("a picture", "json", "matplotlib")


def test_every_extra_that_is_named_exists() -> None:
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg", encoding="utf-8")
    assert set(EXTRAS.values()) <= set(settings["options.extras_require"])


def test_whatever_goes_wrong_with_an_input_names_it() -> None:
    failure = failure_of("a.wav", KeyError("rate"))
    assert str(failure) == "a.wav: cannot be analysed (KeyError: 'rate')"
    assert isinstance(failure.__cause__, KeyError)
    assert (
        str(failure_of("a.wav", AssertionError())) == "a.wav: cannot be analysed (AssertionError)"
    )
    own = AudioError("b.wav", "is empty")
    assert failure_of("a.wav", own) is own


def test_what_concerns_all_outputs_is_no_inputs_failure() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert ends_all(full)
    assert not ends_all(FileNotFoundError(errno.ENOENT, "gone"))
    for error in (full, BrokenPipeError(errno.EPIPE, "closed")):
        with pytest.raises(OSError, match=r"No space|closed"):
            failure_of("a.wav", error)
    behind = RuntimeError("rolled back")
    behind.__context__ = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        failure_of("a.wav", behind)
