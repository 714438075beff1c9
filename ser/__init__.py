"""Speech emotion recognition and conversion: small commands, and the same in Python.

The names below are imported when they are first used, so that ``import ser`` takes milliseconds::

    import ser

    talk = ser.analyze("talk.m4a", hop=1.0)
    talk[0].emotion, talk[0].probabilities["angry"]
    talk.save("talk.vtt")

docs/python.md has all of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ser.api import (
        FeatureTable,
        Recognizer,
        SerError,
        Timeline,
        Window,
        analyze,
        audit,
        evaluate,
        export,
        extract,
        load_model,
        merge,
        read_table,
        split,
        train,
        translate,
    )

__version__ = "0.1.0"

__all__ = [
    "FeatureTable",
    "Recognizer",
    "SerError",
    "Timeline",
    "Window",
    "__version__",
    "analyze",
    "audit",
    "evaluate",
    "export",
    "extract",
    "load_model",
    "merge",
    "read_table",
    "split",
    "train",
    "translate",
]


def __getattr__(name: str) -> Any:
    # PEP 562: a name of the front door brings NumPy and the rest along when it is first used.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ser import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
