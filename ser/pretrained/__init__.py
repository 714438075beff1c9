"""The models that come with the package; each artifact holds its own card."""

from pathlib import Path

DEFAULT_MODEL = Path(__file__).parent / "acted.keras"
"""What ``ser-analyze`` uses where no other model is named."""

DEFAULT_TRANSLATOR = Path(__file__).parent / "translate.keras"
"""What ``ser-translate`` uses where no other model is named."""
