"""The front door for notebooks and programs: what the commands do, as functions.

`ser` has these names; nothing here prints, and everything runs in one process unless more are
asked for. Errors are `ser.errors.SerError`.
"""

from ser.api.analysis import analyze, load_model
from ser.api.auditing import audit
from ser.api.conversion import translate
from ser.api.models import evaluate, export, train
from ser.api.tables import extract, merge, split
from ser.api.timeline import Timeline
from ser.dataset.table import FeatureTable, read_table
from ser.errors import SerError
from ser.inference.recognizer import Recognizer
from ser.timeline.window import Window

__all__ = [
    "FeatureTable",
    "Recognizer",
    "SerError",
    "Timeline",
    "Window",
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
