"""Workers that extract features begin with everything imported."""

from __future__ import annotations

from pathlib import Path

from conftest import RunPython


def test_extraction_imports_nothing_later(run_python: RunPython, ravdess_like: Path) -> None:
    done = run_python(
        "import sys\n"
        "from pathlib import Path\n"
        "from ser.dataset.preload import import_extraction\n"
        "print('numpy' in sys.modules)\n"
        "import_extraction()\n"
        "from ser.corpora.base import Clip\n"
        "from ser.dataset.extract import extract_table\n"
        "from ser.features.spec import FeatureSpec\n"
        "clips = [Clip(path) for path in sorted(Path(sys.argv[1]).rglob('*.wav'))[:3]]\n"
        "before, packages = set(sys.modules), ('scipy', 'soundfile', 'soxr', 'numpy', 'ser')\n"
        "extract_table(clips, FeatureSpec(sample_rate=8000), 't.npy')\n"
        "later = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(later & set(packages)))\n",
        ravdess_like,
    )
    assert (done.out, done.err) == ("False\n[]\n", "")
