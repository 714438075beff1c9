"""How often the emotion of a sentence is read as it was meant: benchmarks/words.tsv.

    python benchmarks/words.py                    # the built-in word list
    python benchmarks/words.py NAME-OR-FOLDER     # a transformer, as --text-model takes it

The sentences were written for this project, before the word list was, and the list was not changed
once they had been measured. Both have one author, whose turns of phrase they share: what comes out
for the list is an upper bound of what it is worth elsewhere.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ser.labels import ordered
from ser.text.emotion.registry import open_text_classifier


def main() -> None:
    lines = Path(__file__).with_suffix(".tsv").read_text(encoding="utf-8").splitlines()
    truth, texts = zip(*(line.split("\t") for line in lines), strict=True)
    model = open_text_classifier(sys.argv[1] if len(sys.argv) > 1 else "lexicon")
    found = [max(shares, key=shares.__getitem__) for shares in model.classify(texts)]
    labels = ordered({*truth, *found})
    print(f"{model.name}: {len(texts)} sentences")
    print("meant \\ read".ljust(12), *(label[:9].rjust(9) for label in labels), "   recall")
    recalls = []
    for label in ordered(set(truth)):
        row = [read for meant, read in zip(truth, found, strict=True) if meant == label]
        recalls.append(row.count(label) / len(row))
        counts = (str(row.count(other)).rjust(9) for other in labels)
        print(label.ljust(12), *counts, f"{recalls[-1]:9.0%}")
    right = sum(meant == read for meant, read in zip(truth, found, strict=True))
    print(f"accuracy {right / len(texts):.0%}, UAR {sum(recalls) / len(recalls):.0%}")


if __name__ == "__main__":
    main()
