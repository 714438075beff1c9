"""Workers that extract features begin with everything imported."""

from __future__ import annotations

from pathlib import Path

from conftest import RunPython
from recordings import sound, speech


def test_a_worker_imports_nothing_later(run_python: RunPython, tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(sound(speech(24_000, 1.0), 24_000))
    done = run_python(
        "import sys\n"
        "from ser.dataset.preload import import_extraction\n"
        "print('numpy' in sys.modules)\n"
        "import_extraction()\n"
        "before = set(sys.modules)\n"
        "from ser.dataset.clip import ClipExtractor, ClipTask, transform\n"
        "from ser.features.extract import Extractor\n"
        "from ser.features.spec import PRESETS\n"
        "spec = PRESETS['emotion'].with_changes(functionals='prosody')\n"
        "task = ClipTask('x.wav', 0.0, None, None, 'x.wav', 0.0, (0,), '')\n"
        "(record,) = ClipExtractor(Extractor(spec, transform=transform))(task)\n"
        "print(len(record.functionals) > 0)\n"
        "packages = ('ser', 'numpy', 'scipy', 'soundfile', 'soxr')\n"
        "later = sorted(set(sys.modules) - before)\n"
        "print([name for name in later if name.partition('.')[0] in packages])\n"
    )
    assert (done.out, done.err) == ("False\nTrue\n[]\n", "")
