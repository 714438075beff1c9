"""What worker processes that extract features import before they begin.

In a module of its own, which imports nothing: the command has it called in another process before
it imports the rest itself.
"""

from __future__ import annotations


def import_extraction() -> None:
    """Imports what extraction needs, for `ser.parallel.forkserver.prepare`."""
    import scipy.fft  # noqa: F401
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    from ser.dataset import clip  # noqa: F401
    from ser.features.prosody import functionals  # noqa: F401
