"""Errors: one line about the input that the user knows, across every border."""

from __future__ import annotations

import pickle

import pytest

from ser.errors import AudioError, SerError, renamed


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
