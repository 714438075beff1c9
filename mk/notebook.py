"""Makes docs/notebook.ipynb: from a folder to a model, and from a recording to a picture.

    python mk/notebook.py [docs/notebook.ipynb]

The notebook holds no outputs; a test executes it. Needs nbformat (``pip install '.[test]'``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

TEXT, CODE = "markdown", "code"

CELLS = (
    (
        TEXT,
        """# ser in a notebook

From a recording to a picture, and from a folder of recordings to a model.
[python.md](python.md) explains the functions.

Two inputs are expected beside the notebook: a recording `talk.wav`, and a corpus in
`data/ravdess` (`make download-ravdess` in a checkout, or a folder of your own whose sub-folders
are called after emotions). They can be changed here:""",
    ),
    (
        CODE,
        """recording = "talk.wav"
corpus = "data/ravdess"
epochs = 3  # enough to see that it works; leave it out for a model to use""",
    ),
    (TEXT, "## From a recording to a picture"),
    (
        CODE,
        """import ser

talk = ser.analyze(recording, hop=1.0)
talk""",
    ),
    (TEXT, "A timeline is a sequence of windows. The picture has the sound as well:"),
    (CODE, "%matplotlib inline\ntalk.plot()"),
    (CODE, "talk.summary().shares"),
    (CODE, "talk.to_pandas().head()"),
    (TEXT, "Every format of `ser-analyze` can be written; the ending of the name tells which."),
    (CODE, 'talk.segments().save("talk.vtt")\ntalk.save("talk.html")'),
    (TEXT, "## From a folder to a model\n\nFirst the features, a record per clip:"),
    (CODE, 'table = ser.extract(corpus, preset="emotion")\ntable'),
    (
        CODE,
        """frame = table.to_pandas()
frame.groupby("y")[["level", "voiced_pitch_mean"]].median().round(1)""",
    ),
    (
        TEXT,
        "Then two tables with different speakers, a model of the one, and figures on the other:",
    ),
    (CODE, 'train, test = ser.split(table, test=0.34, by="speaker")\nlen(train), len(test)'),
    (CODE, 'model = ser.train(train, arch="prosody-cnn", epochs=epochs)'),
    (CODE, "result = ser.evaluate(model, test)\nresult.uar"),
    (TEXT, "The new model on the recording from above:"),
    (CODE, "ser.analyze(recording, model=model, hop=1.0)"),
    (
        TEXT,
        """## Another emotion

The same words and the same voice. What comes out is synthetic speech: say so wherever you publish
it.""",
    ),
    (CODE, 'samples, rate = ser.translate(recording, to="angry")\nlen(samples) / rate  # seconds'),
)


def make_notebook() -> Any:
    """Makes the notebook, without outputs."""
    from nbformat import v4

    makers = {TEXT: v4.new_markdown_cell, CODE: v4.new_code_cell}
    cells = [makers[kind](text, id=f"cell-{i}") for i, (kind, text) in enumerate(CELLS)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    return v4.new_notebook(cells=cells, metadata=metadata)


def main(target: str) -> None:
    """Writes the notebook."""
    import nbformat

    text = nbformat.writes(make_notebook())
    Path(target).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["docs/notebook.ipynb"]))
