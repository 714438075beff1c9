"""The built-in word list."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser.labels import canonical
from ser.text.emotion import lexicon
from ser.text.emotion.lexicon import LABELS, LexiconClassifier


def emotion(text: str) -> str:
    (found,) = LexiconClassifier().classify([text])
    return max(found, key=found.__getitem__)


def share(text: str, label: str) -> float:
    return LexiconClassifier().classify([text])[0][label]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I am so happy", "happy"),
        ("this makes me furious", "angry"),
        ("I AM TERRIFIED", "fearful"),
        ("how disgusting", "disgust"),
        ("I can’t believe it", "surprised"),
        ("they buried him and we wept", "sad"),
        ("the table has four legs", "neutral"),
        ("", "neutral"),
        ("…?!", "neutral"),
    ],
)
def test_plain_sentences(text: str, expected: str) -> None:
    assert emotion(text) == expected


def test_probabilities_add_up() -> None:
    for found in LexiconClassifier().classify(["I hate and love it", "", "wow " * 500]):
        assert tuple(found) == LABELS
        assert sum(found.values()) == pytest.approx(1)
        assert min(found.values()) > 0


def test_what_is_negated_is_not_felt() -> None:
    assert emotion("I am not angry") == "neutral"
    assert emotion("I'm not at all angry") == "neutral"
    assert emotion("I don't hate you") == "neutral"
    assert emotion("I am not happy") == "sad"
    # A negation ends with its clause.
    assert emotion("no, I am angry") == "angry"


def weight(text: str, label: str) -> float:
    """Gives what the phrases of a text add to a label, of which the others get nothing."""
    base = 1.0 if label == "neutral" else 0.05
    others = 1.0 + 6 * 0.05 - base
    odds = share(text, label) / (1 - share(text, label))
    return odds * others - base


def test_what_is_negated_counts_half() -> None:
    for text, label in (("not angry", "neutral"), ("not happy", "sad"), ("isn't happy", "sad")):
        word = text.split()[1]
        assert weight(text, label) == pytest.approx(weight(word, word) / 2)
    # A negation reaches three words, and not four.
    assert weight("not a bad angry", "neutral") > 0
    assert weight("not one two three angry", "angry") == pytest.approx(weight("angry", "angry"))


@pytest.mark.parametrize(
    ("text", "factor"),
    [
        ("very angry", 1.5),
        ("very very angry", 2.25),
        ("slightly angry", 0.5),
        ("very old and angry", 1.0),
        ("angry!", 1.2),
        ("angry but", 0.5),
        ("but angry", 1.0),
    ],
)
def test_what_stands_around_a_word_changes_its_weight(text: str, factor: float) -> None:
    assert weight(text, "angry") == pytest.approx(factor * weight("angry", "angry"))


def test_modifiers() -> None:
    assert share("very angry", "angry") > share("angry", "angry")
    assert share("slightly angry", "angry") < share("angry", "angry")
    assert share("angry!", "angry") > share("angry", "angry")


def test_what_stands_behind_a_but_counts_more() -> None:
    assert emotion("I was sad but now I am happy") == "happy"
    assert emotion("I was happy but now I am sad") == "sad"


def test_the_longest_phrase_counts_and_once() -> None:
    # "mad at" is anger, and so are both of its words by themselves.
    assert share("she is mad at you", "angry") == pytest.approx(3.05 / (3.05 + 1 + 5 * 0.05))
    # A star needs no ending and takes any.
    assert emotion("delighted") == emotion("delight") == "happy"
    assert emotion("what delightfulness") == "happy"
    assert emotion("the sunny sundial") != "sad"


def test_the_list_is_sound() -> None:
    path = Path(lexicon.__file__).with_name("lexicon.tsv")
    rows = [
        line.split("\t")
        for line in path.read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert len(rows) > 500
    assert all(len(row) == 3 for row in rows)
    assert {row[0] for row in rows} == set(LABELS) - {"neutral"}
    assert all(canonical(row[0]) == row[0] for row in rows)
    assert {row[1] for row in rows} == {"1", "2", "3"}
    phrases = [row[2] for row in rows]
    assert len(set(phrases)) == len(phrases)
    # What a text can never contain can never count.
    assert [p for p in phrases if p != p.lower() or p != " ".join(p.split())] == []
