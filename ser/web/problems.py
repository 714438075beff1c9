"""Errors as problem details (RFC 9457), without any path of the server."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ser.errors import DependencyError, LabelError, ParameterError, SerError

MEDIA_TYPE = "application/problem+json"


class ProblemError(Exception):
    """A request that is answered with a problem.

    Args:
        status: The HTTP status.
        detail: What is wrong, in a sentence for the user.
        retry_after: Seconds after which another try makes sense; None where none does.
    """

    def __init__(self, status: int, detail: str, retry_after: int | None = None) -> None:
        self.status = status
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(detail)


def problem(status: int, detail: str) -> dict[str, Any]:
    """Gives the members of a problem: ``type``, ``title``, ``status`` and ``detail``."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }


def from_error(error: SerError) -> ProblemError:
    """Makes a problem of an error.

    The subject is left out, for it may be a path; that of a parameter is its name.

    Args:
        error: What went wrong with the request's recording or its parameters.
    """
    cure = f"; {error.cure}" if error.cure and "/" not in error.cure else ""
    if isinstance(error, ParameterError):
        return ProblemError(422, f"{error.parameter} {error.cause}{cure}")
    if isinstance(error, LabelError):
        return ProblemError(422, f"the emotion {error.cause}{cure}")
    if isinstance(error, DependencyError):
        return ProblemError(501, f"the server lacks a package for this: {error.cause}")
    return ProblemError(422, f"the recording {error.cause}{cure}")
