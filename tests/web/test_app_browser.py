"""The page in a real browser, with a microphone that plays a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Page, browser
from webserver import Server

import ser


@pytest.fixture(scope="module")
def page(talk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(
        tmp_path_factory.mktemp("browser"),
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={talk}%noloop",
    ) as found:
        yield found


def visit(page: Page, server: Server, *, width: int = 1200, dark: bool = False) -> None:
    page.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    page.prefer(dark=dark)
    page.complaints.clear()
    page.requested.clear()
    page.call("Page.navigate", url=server.address)
    page.until("document.readyState === 'complete' && document.body.dataset.ready === 'yes'")


def choose_file(page: Page, path: Path) -> None:
    root = page.call("DOM.getDocument")["root"]["nodeId"]
    node = page.call("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    page.call("DOM.setFileInputFiles", nodeId=node, files=[str(path)])
    page.until("document.querySelectorAll('#rows tr').length > 0")


def test_a_file_has_the_segments_of_the_package(page: Page, server: Server, talk: Path) -> None:
    visit(page, server)
    choose_file(page, talk)
    expected = [w.emotion for w in ser.analyze(talk, segments=True, min_confidence=0.4)]
    assert (
        page.value("[...document.querySelectorAll('#rows select')].map(s => s.value)") == expected
    )
    assert page.complaints == []
    own = (server.address, "blob:", "data:")
    assert [url for url in page.requested if not url.startswith(own)] == []


def test_a_segment_is_corrected_and_sought(page: Page, server: Server, talk: Path) -> None:
    visit(page, server)
    choose_file(page, talk)
    page.value(
        "(() => { const s = document.querySelector('#rows select'); s.value = 'sad';"
        " s.dispatchEvent(new Event('change')); })()"
    )
    assert "corrected by hand" in page.value("document.querySelector('#rows tr').textContent")
    page.value(
        "(() => { const s = document.getElementById('seek'); s.value = 2;"
        " s.dispatchEvent(new Event('input')); })()"
    )
    page.until("document.getElementById('seek').getAttribute('aria-valuetext') === '0:02.0'")


def test_the_microphone_shows_windows_as_they_come(page: Page, server: Server) -> None:
    visit(page, server)
    page.value("document.getElementById('speak').click()")
    page.until("document.getElementById('now').textContent.includes('ms behind')")
    page.value("document.getElementById('speak').click()")
    page.until("document.querySelectorAll('#rows tr').length > 0")
    assert page.complaints == []


def test_practise_says_what_is_missing(page: Page, server: Server) -> None:
    visit(page, server)
    page.value("document.getElementById('tab-practise').click()")
    for button in ("first", "again"):
        page.value(f"document.getElementById('{button}').click()")
        page.until(f"document.getElementById('{button}').textContent === 'Stop recording'")
        page.value("new Promise(done => setTimeout(done, 1500))")
        page.value(f"document.getElementById('{button}').click()")
        page.until("document.getElementById('said').textContent.includes('comparison')")
        page.value("document.getElementById('said').textContent = ''")
        page.until("!document.getElementById('again').disabled")
    assert page.value("document.querySelectorAll('#sounds audio').length") >= 2
    assert page.value("document.querySelectorAll('#cues tr').length") == 4


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_needs_no_sideways_scrolling(
    page: Page, server: Server, talk: Path, dark: bool
) -> None:
    visit(page, server, width=390, dark=dark)
    choose_file(page, talk)
    assert page.value("document.documentElement.scrollWidth") <= 390


def test_the_first_key_reaches_the_page(page: Page, server: Server) -> None:
    visit(page, server)
    page.press("Tab")
    assert page.value("document.activeElement.id") == "tab-listen"
    page.press("ArrowRight")
    assert page.value("document.activeElement.id") == "tab-practise"
