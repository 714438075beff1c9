"""ELAN's annotation files, read by pympi."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pympi import Elan
from timelines import OVERLAPPING, angry, sad, silence, unsure, written

from ser.timeline.window import Window


def read(text: str, folder: Path) -> Any:
    path = folder / "t.eaf"
    path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        # pympi warns of versions it does not know.
        warnings.simplefilter("error")
        return Elan.Eaf(str(path))


def annotations(eaf: Any, tier: str) -> list[tuple[int, int, str]]:
    return sorted(eaf.get_annotation_data_for_tier(tier))


def test_two_tiers_and_nothing_where_nobody_speaks(tmp_path: Path) -> None:
    windows = (angry(0, 3), angry(3, 6), silence(6, 9), unsure(9, 12), sad(12, 13.5))
    eaf = read(written("eaf", *windows), tmp_path)
    assert list(eaf.get_tier_names()) == ["emotion", "confidence"]
    assert annotations(eaf, "emotion") == [
        (0, 6000, "angry"),
        (9000, 12000, "uncertain"),
        (12000, 13500, "sad"),
    ]
    assert annotations(eaf, "confidence") == [
        (0, 3000, "0.83"),
        (3000, 6000, "0.83"),
        (9000, 12000, "0.35"),
        (12000, 13500, "0.90"),
    ]


def test_annotations_do_not_overlap(tmp_path: Path) -> None:
    eaf = read(written("eaf", *OVERLAPPING), tmp_path)
    assert annotations(eaf, "emotion") == [
        (0, 3000, "angry"),
        (3000, 4000, "sad"),
        (5000, 6000, "uncertain"),
        (6000, 8000, "sad"),
    ]
    assert len(annotations(eaf, "confidence")) == 5


def test_time_slots_are_in_order_and_shared_by_nobody() -> None:
    root = ElementTree.fromstring(written("eaf", *OVERLAPPING))
    slots = list(root.iter("TIME_SLOT"))
    times = [int(slot.attrib["TIME_VALUE"]) for slot in slots]
    assert times == sorted(times)
    used = [
        annotation.attrib[end]
        for annotation in root.iter("ALIGNABLE_ANNOTATION")
        for end in ("TIME_SLOT_REF1", "TIME_SLOT_REF2")
    ]
    assert sorted(used) == sorted(slot.attrib["TIME_SLOT_ID"] for slot in slots)
    names = [annotation.attrib["ANNOTATION_ID"] for annotation in root.iter("ALIGNABLE_ANNOTATION")]
    assert len(set(names)) == len(names)
    assert root.findtext("HEADER/PROPERTY") == str(len(names))
    # The order that the schema demands.
    assert [child.tag for child in root] == [
        *("HEADER", "TIME_ORDER", "TIER", "TIER", "LINGUISTIC_TYPE")
    ]


@pytest.mark.parametrize("name", ["a b & <c> \"d\" 'e' ß.wav", "tab\tline\n.wav", "100%.wav"])
def test_the_recording_is_linked_by_its_plain_name(name: str, tmp_path: Path) -> None:
    file = tmp_path / name
    (media,) = read(written("eaf", sad(0, 3, file=str(file))), tmp_path).get_linked_files()
    assert media["MEDIA_URL"] == f"file://{file}"
    assert media["RELATIVE_MEDIA_URL"] == f"./{name}"
    assert media["MIME_TYPE"] == "audio/x-wav"


def test_a_relative_name_is_linked_absolutely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = written("eaf", sad(0, 3, file="calls/a.mp4"))
    (media,) = read(text, tmp_path).get_linked_files()
    assert media["MEDIA_URL"] == f"file://{tmp_path}/calls/a.mp4"
    assert media["MIME_TYPE"] == "video/mp4"


def test_names_that_xml_cannot_hold(tmp_path: Path) -> None:
    name = b"caf\xe9\x01.wav".decode("utf-8", "surrogateescape")
    text = written("eaf", sad(0, 3, file=name))
    (media,) = read(text, tmp_path).get_linked_files()
    assert media["RELATIVE_MEDIA_URL"] == "./caf\\udce9\\x01.wav"


def test_labels_are_escaped(tmp_path: Path) -> None:
    one = Window("-", 0, 3, "R&B <b>\x02 ß", 0.5, {})
    eaf = read(written("eaf", one), tmp_path)
    assert annotations(eaf, "emotion") == [(0, 3000, "R&B <b> ß")]
    # Standard input is no file to link.
    assert eaf.get_linked_files() == []


def test_a_recording_without_windows(tmp_path: Path) -> None:
    eaf = read(written("eaf"), tmp_path)
    assert annotations(eaf, "emotion") == []


def test_equal_timelines_make_equal_files() -> None:
    assert written("eaf", *OVERLAPPING) == written("eaf", *OVERLAPPING)
