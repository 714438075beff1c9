"""Errors as problem details."""

from __future__ import annotations

from ser.errors import ArtifactError, AudioError, LabelError, ParameterError, missing_package
from ser.web.problems import from_error, problem


def test_no_subject_and_no_path_is_told() -> None:
    errors = [
        AudioError("/srv/secret.wav", "is empty"),
        ArtifactError("/srv/model.keras", "has no thresholds", "see /srv/help"),
        LabelError("/srv/x", "is not an emotion"),
    ]
    found = [from_error(error) for error in errors]
    assert [one.status for one in found] == [422] * 3
    assert not any("/" in one.detail for one in found)


def test_parameters_are_named() -> None:
    assert from_error(ParameterError("hop", "is too long", "give less", 9)).detail == (
        "hop is too long; give less"
    )
    assert from_error(missing_package("x", "matplotlib")).status == 501


def test_members() -> None:
    assert problem(404, "nothing") == {
        "type": "about:blank", "title": "Not Found", "status": 404, "detail": "nothing",
    }  # fmt: skip
