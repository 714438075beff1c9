"""A card as lines of text."""

from __future__ import annotations

from spoken import SPEC

from ser.cli.stats.card import card_lines

CARD = {
    "seed": 7,
    "labels": ["neutral", "sad"],
    "kind": "classifier",
    "spec": SPEC.to_dict(),
    "metrics": {"uar": 0.61234, "uar_interval": [0.5, 0.7]},
    "speakers": [f"made/{i:02d}" for i in range(15)],
    "litert": True,
    "temperature": 1.23456,
    "tuning": None,
    "corpora": [],
}


def test_what_people_ask_first_comes_first() -> None:
    lines = list(card_lines(CARD, "m.keras", 1_234_567))
    assert lines[0] == "m.keras: 1.23 MB"
    keys = [line.split()[0] for line in lines[1:] if not line.startswith(" ")]
    assert keys == [
        "kind", "emotions", "features", "corpora", "metrics", "seed", "speakers", "litert",
        "temperature", "tuning",
    ]  # fmt: skip
    text = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines[1:]}
    assert text["emotions"] == "neutral, sad"
    assert text["features"].startswith("logmel, 16000 Hz")
    assert text["metrics"] == "uar 0.6123"
    assert text["uar_interval"] == "[0.5, 0.7]"
    assert text["litert"] == "yes"
    assert text["temperature"] == "1.235"
    assert text["tuning"] == text["corpora"] == "none"


def test_long_lists_are_shortened_and_long_lines_broken() -> None:
    lines = list(card_lines(CARD, "m.keras", 1))
    assert max(map(len, lines)) <= 100
    text = " ".join(" ".join(lines).split())
    assert "made/11 ... (15 in all)" in text
    assert "made/12" not in text
