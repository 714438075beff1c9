"""What is read from the command line: sections, items, sizes; waits and lists of addresses."""

from __future__ import annotations

import pytest

from ser.errors import SerError
from ser.youtube.config import FetchConfig, Items, Section, parse_items, parse_section, parse_size


@pytest.mark.parametrize(
    ("text", "section", "written"),
    [
        ("1:00-5:30", Section(60, 330), "1m00s-5m30s"),
        ("*1:00-5:30", Section(60, 330), "1m00s-5m30s"),
        ("90-", Section(90), "1m30s-"),
        ("90-inf", Section(90), "1m30s-"),
        ("-2:30.5", Section(0, 150.5), "0m00s-2m30.5s"),
        (" 1:02:03 - 1:02:04 ", Section(3723, 3724), "62m03s-62m04s"),
        ("0.25-0.125e", None, ""),
    ],
)
def test_sections(text: str, section: Section | None, written: str) -> None:
    if section is None:
        with pytest.raises(SerError, match="is not FROM-TO"):
            parse_section(text)
        return
    assert parse_section(text) == section
    assert str(section) == written


@pytest.mark.parametrize("text", ["", "-", "5", "a-b", "5:30-1:00", "60-60", "1:99-2:00", "1-2-3"])
def test_bad_sections(text: str) -> None:
    with pytest.raises(SerError, match=r"is not FROM-TO|ends before it starts"):
        parse_section(text)


def test_sections_of_clips() -> None:
    clip = Section(100, 160)
    assert Section().within(clip) == clip
    assert Section(10, 20).within(clip) == Section(110, 120)
    assert Section(50, 90).within(clip) == Section(150, 160)
    assert Section(10).within(Section()) == Section(10)
    assert Section().whole
    assert not Section(0, 5).whole
    assert Section(2, 5).duration == 3


def test_items() -> None:
    items = parse_items("1-3, 7,10-")
    wanted = [number for number in range(1, 13) if items.wants(number)]
    assert wanted == [1, 2, 3, 7, 10, 11, 12]
    assert not items.ends_before(10_000)
    assert str(items) == "1-3,7,10-"
    assert parse_items("-4") == parse_items("1:4") == Items(((1, 4),))
    assert parse_items("2-4").ends_before(5)
    assert not parse_items("2-4").ends_before(4)
    assert Items().wants(99)
    assert not Items().ends_before(99)


@pytest.mark.parametrize("text", ["", ",", "a", "0", "3-2", "-", "1--3", "1,,2", "1.5"])
def test_bad_items(text: str) -> None:
    with pytest.raises(SerError, match=r"are not numbers and ranges|count backwards"):
        parse_items(text)


def test_sizes() -> None:
    assert parse_size("500K") == parse_size("500 KiB/s") == 512_000
    assert parse_size("4.5m") == int(4.5 * 2**20)
    assert parse_size("100") == 100
    for text in ("", "0", "-1", "fast", "1T", "0.1"):
        with pytest.raises(SerError, match="is no number of bytes"):
            parse_size(text)


def test_waits_double_up_to_a_minute() -> None:
    config = FetchConfig(backoff=1.0)
    assert [config.wait(attempt) for attempt in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert config.wait(10_000) == 60
