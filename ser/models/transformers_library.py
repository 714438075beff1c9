"""Imports transformers, which runs on PyTorch, without its messages and progress bars."""

from __future__ import annotations

from typing import Any

from ser.errors import DependencyError, missing_package

CPU_WHEELS = "pip install torch --index-url https://download.pytorch.org/whl/cpu"
"""How PyTorch is had without the gigabytes of CUDA that its usual Linux wheels bring along."""


def load_transformers(subject: object) -> Any:
    """Imports transformers and PyTorch.

    Args:
        subject: What needs them, for the message.

    Returns:
        The module ``transformers``.

    Raises:
        DependencyError: One of the two is missing.
    """
    try:
        import torch  # noqa: F401
        import transformers
    except ModuleNotFoundError as error:
        missing = missing_package(subject, error.name)
        without = "" if error.name != "torch" else f"; without CUDA: {CPU_WHEELS}"
        raise DependencyError(missing.subject, missing.cause, missing.cure + without) from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers
