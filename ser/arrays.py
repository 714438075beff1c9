"""The array types of the package: one place for their names.

A type checker sees element types here, and not shapes: the docstring of each function gives those.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]
"""Sound of one channel, shape (samples,), full scale at 1."""

Channels = npt.NDArray[np.float32]
"""Sound of several channels, shape (samples, channels), full scale at 1."""

Vector = npt.NDArray[np.float32]
"""Single precision, shape (n,)."""

Matrix = npt.NDArray[np.float32]
"""Single precision, two dimensions."""

Array = npt.NDArray[np.float32]
"""Single precision, any shape."""

Doubles = npt.NDArray[np.float64]
"""Double precision, any shape."""

Indices = npt.NDArray[np.intp]
"""Positions in another array."""

LabelIndices = npt.NDArray[np.integer[Any]]
"""The label of each clip as a column of its probabilities, shape (n,)."""

Mask = npt.NDArray[np.bool_]
"""Which elements of another array are meant."""

Counts = npt.NDArray[np.int64]
"""Whole numbers, any shape."""

Strings = npt.NDArray[np.str_]
"""Text of fixed width, as in the columns of a table."""

Records = npt.NDArray[Any]
"""Structured arrays: records whose fields have names, shape (n,)."""

Probabilities = npt.NDArray[np.floating[Any]]
"""Shape (n, labels); each row sums to 1."""

Floats = npt.NDArray[np.floating[Any]]
"""Any precision, any shape."""

Inputs = Array | dict[str, Array]
"""What a network takes: one array, or several by the name of the input; (n, …) each."""
