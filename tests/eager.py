"""Training steps without a graph, for large networks that are trained a few steps only.

Making the graph of a step takes as long as several steps in Python. `tests/cli/train` trains the
same networks with their graphs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ser.models.backend import load_keras


@contextlib.contextmanager
def eager_steps(eager: bool = True) -> Iterator[None]:
    """Runs every `tf.function` as the Python that it was made of, or with False as a graph."""
    load_keras("cpu")
    import tensorflow as tf

    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(eager)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)
