"""One thread of linear algebra, for what the tests train themselves.

Test files run side by side. Threads of theirs that share the cores wait for each other, and burn
ten times the processor time of the work itself while they do.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ser.parallel.resources import limit_blas_threads


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Limits the libraries that scikit-learn and SciPy compute with, in this process."""
    # Only what is loaded can be limited.
    import scipy.linalg
    import sklearn.svm

    assert scipy.linalg
    assert sklearn.svm
    with limit_blas_threads():
        yield
