"""Training steps without a graph, for large networks that are trained a few steps only.

Making the graph of a step takes as long as several steps in Python. `tests/cli/train` trains the
same networks with their graphs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


@contextlib.contextmanager
def eager_steps() -> Iterator[None]:
    """Runs every `tf.function` as the Python that it was made of."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)
