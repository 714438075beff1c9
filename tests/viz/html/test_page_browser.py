"""The report in a real browser."""

from __future__ import annotations

import contextlib
import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from browser import Page, browser
from timelines import LABELS, angry, sad, silence

from ser.colors import EMOTION_COLORS
from ser.timeline.summary import TalkTime
from ser.timeline.window import SpokenText, Window, Word
from ser.viz.html.report import HtmlReport
from ser.viz.html.waveform import lighten_for_dark

RATE = 16_000
SECONDS = 20


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browser(tmp_path_factory.mktemp("browser")) as page:
        yield page


def sound() -> np.ndarray:
    """Silence, but for a tenth of a second of noise at 12 s."""
    samples = np.zeros(SECONDS * RATE, np.float32)
    samples[12 * RATE : 12 * RATE + RATE // 10] = 0.5 * np.random.default_rng(1).uniform(
        -1, 1, RATE // 10
    )
    return samples


# Angry until 9 s, silence until 11 s, sad to the end.
WINDOWS = (
    *(angry(start, start + 3) for start in (0, 3, 6)),
    silence(9, 11),
    *(sad(start, start + 3) for start in (11, 14, 17)),
)


def report(target: Path, source: str, windows: Any = WINDOWS, **more: Any) -> Path:
    with HtmlReport(target, source, LABELS, RATE, model="tiny", **more) as made:
        made.add_block(sound())
        for window in windows:
            made.add_window(window)
        made.save()
    return target


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return report(tmp_path_factory.mktemp("report") / "talk.html", "<script>alert(1)<_script>.wav")


@pytest.fixture
def opened(page: Page, target: Path) -> Page:
    page.open(target)
    page.until("audio.readyState >= 1")
    return page


def place(page: Page, seconds: float, *, part: float = 0.15) -> tuple[float, float]:
    """Gives the pixel of a moment in the timeline, some part of its height down."""
    left, top, width, height = page.value(
        "(() => { const b = canvas.getBoundingClientRect();"
        "return [b.left, b.top, b.width, b.height]; })()"
    )
    return left + seconds / SECONDS * width, top + part * height


def pixel(page: Page, seconds: float, part: float) -> str:
    return page.value(
        f"(() => {{ const c = canvas, b = c.getContext('2d');"
        f"const d = b.getImageData(c.width * {seconds / SECONDS}, c.height * {part}, 1, 1).data;"
        f"return '#' + [0, 1, 2].map((n) => d[n].toString(16).padStart(2, '0')).join('');}})()"
    ).upper()


def moment(page: Page) -> float:
    """Where the sound is."""
    return float(page.value("audio.currentTime"))


def shown(page: Page) -> float:
    """Where the page says we are, by its line."""
    return float(
        page.value("new DOMMatrix(getComputedStyle(head).transform).m41 / canvas.clientWidth")
        * SECONDS
    )


def text(page: Page, name: str) -> str:
    return str(page.value(f"document.getElementById('{name}').textContent"))


def test_it_loads_without_a_complaint_and_without_the_network(opened: Page) -> None:
    assert opened.complaints == []
    assert {address.split(":")[0] for address in opened.requested} <= {"file", "data"}
    assert sum(address.startswith("file:") for address in opened.requested) == 1
    assert opened.value("document.title") == "<script>alert(1)<_script>.wav – emotions"
    assert opened.value("document.querySelector('h1').textContent").startswith("<script>alert(1)")
    assert opened.value("audio.duration") == pytest.approx(SECONDS, abs=0.01)
    assert opened.value("audio.error") is None


def test_a_click_moves_the_sound(opened: Page) -> None:
    for seconds, emotion in ((4.0, "angry"), (15.0, "sad"), (10.0, "no speech"), (0.5, "angry")):
        opened.click(*place(opened, seconds))
        opened.until("!audio.seeking")
        assert moment(opened) == pytest.approx(seconds, abs=0.05)
        assert shown(opened) == pytest.approx(seconds, abs=0.05)
        assert text(opened, "time") == f"0:{seconds:04.1f}"
        assert text(opened, "emotion") == emotion
    assert opened.value("audio.paused")
    assert "angry 0.83" in text(opened, "others")


def test_segments_have_the_colours_of_their_emotions(opened: Page) -> None:
    band = 0.27 + 20 / 390
    assert pixel(opened, 8.8, band) == EMOTION_COLORS["angry"]
    assert pixel(opened, 19.5, band) == EMOTION_COLORS["sad"]
    # The outline too, where there is sound.
    assert pixel(opened, 12.05, 0.13) == EMOTION_COLORS["sad"]
    assert pixel(opened, 5.0, 0.05) == "#000000"
    opened.prefer(dark=True)
    # The script hears of it a moment later than the style does.
    end = time.monotonic() + 10
    while (
        pixel(opened, 19.5, band) != lighten_for_dark(EMOTION_COLORS["sad"])
        and time.monotonic() < end
    ):
        time.sleep(0.02)
    assert (
        pixel(opened, 19.5, band)
        == lighten_for_dark(EMOTION_COLORS["sad"])
        != EMOTION_COLORS["sad"]
    )
    assert opened.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"


def test_the_line_follows_the_sound(opened: Page) -> None:
    opened.click(*place(opened, 7.8))
    opened.value("audio.play()")
    end, seen = time.monotonic() + 20, []
    while not seen or (seen[-1][0] < 9.4 and time.monotonic() < end):
        both = opened.value(
            "[audio.currentTime, new DOMMatrix(getComputedStyle(head).transform).m41"
            f" / canvas.clientWidth * {SECONDS}, document.getElementById('emotion').textContent]"
        )
        seen.append(both)
        time.sleep(0.05)
    opened.value("audio.pause()")
    assert seen[-1][0] >= 9.4
    # The line is at most a frame of the screen behind, or a few where the machine is busy.
    assert np.median([abs(sound - line) for sound, line, _ in seen]) < 0.1
    assert (seen[0][2], seen[-1][2]) == ("angry", "no speech")
    assert opened.value("rows.querySelector('[aria-current]').rowIndex") == 2


def test_the_sound_is_where_the_outline_is(opened: Page) -> None:
    # What the browser itself makes of the sound in the page.
    first = opened.value(
        """(async () => {
          const bytes = Uint8Array.from(atob(audio.src.split(',')[1]), (c) => c.charCodeAt(0));
          const context = new OfflineAudioContext(1, 16000, 16000);
          const samples = (await context.decodeAudioData(bytes.buffer)).getChannelData(0);
          return samples.findIndex((sample) => Math.abs(sample) > 0.05) / 16000;
        })()"""
    )
    assert first == pytest.approx(12.0, abs=0.03)


def test_keys(opened: Page) -> None:
    # Without a click, and with the picture chosen.
    assert opened.value("document.activeElement === document.body")
    opened.press("ArrowRight")
    opened.until("!audio.seeking")
    assert moment(opened) == pytest.approx(1, abs=0.05)
    opened.value("document.getElementById('chart').focus()")
    assert opened.value("document.activeElement.getAttribute('role')") == "slider"
    for key, seconds in (
        ("End", 20), ("PageUp", 10), ("Home", 0), ("ArrowRight", 1), ("PageDown", 11),
        ("ArrowLeft", 10), ("]", 11),
    ):  # fmt: skip
        opened.press(key)
        opened.until("!audio.seeking")
        assert moment(opened) == pytest.approx(seconds, abs=0.05), key
        assert opened.value("chart.getAttribute('aria-valuenow')") == f"{seconds:.1f}"
    assert opened.value("chart.getAttribute('aria-valuetext')") == "0:11.0, sad"
    opened.press(" ")
    opened.until("!audio.paused")
    opened.press(" ")
    opened.until("audio.paused")


def test_the_list_is_reached_with_the_keyboard(opened: Page) -> None:
    assert opened.value(
        "[...rows.children].map((row) => row.innerText.trim().split(/\\s+/).join(' '))"
    ) == ["0:00.0 ▶ 0:09.0 angry 0.83", "0:09.0 ▶ 0:11.0 no speech", "0:11.0 ▶ 0:20.0 sad 0.90"]
    for _ in range(30):
        opened.press("Tab")
        if (opened.value("document.activeElement.getAttribute('aria-label')") or "").startswith(
            "Go to 0:11.0, sad"
        ):
            break
    else:
        raise AssertionError("never focused")
    opened.press("Enter")
    opened.until("!audio.seeking")
    assert moment(opened) == pytest.approx(11, abs=0.05)


def test_zoom_and_curves(opened: Page) -> None:
    before = opened.value("canvas.toDataURL()")
    opened.value("document.querySelector('#legend button').click()")
    assert opened.value("document.querySelector('#legend button').ariaPressed") == "false"
    without = opened.value("canvas.toDataURL()")
    assert without != before
    opened.click(*place(opened, 15))
    opened.value("document.getElementById('in').click()")
    opened.value("document.getElementById('in').click()")
    assert opened.value("canvas.toDataURL()") != without
    # The same moment is still under the line, at the same place of the screen.
    assert shown(opened) == pytest.approx(15, abs=0.1)
    opened.click(*place(opened, 0.1))
    assert moment(opened) == pytest.approx(11.25, abs=0.1)
    for _ in range(2):
        opened.value("document.getElementById('out').click()")
    assert opened.value("canvas.toDataURL()") == without
    assert opened.value("document.getElementById('out').disabled")


def test_a_narrow_window_is_not_too_narrow(page: Page, target: Path) -> None:
    page.open(target, width=360, height=700)
    assert page.value("document.documentElement.scrollWidth") <= 360


def test_what_was_said(page: Page, tmp_path: Path) -> None:
    words = [Word(f"<b>word{n}", n, n + 0.8, 1.0) for n in range(SECONDS)]
    windows = [
        replace(
            window,
            spoken=SpokenText(
                "", times=tuple(w for w in words if window.start <= w.start < window.end)
            ),
        )
        for window in WINDOWS
    ]
    page.open(report(tmp_path / "talk.html", "talk", windows))
    page.until("audio.readyState >= 1")
    page.click(*place(page, 5.3))
    assert page.value("document.querySelector('#said b').textContent") == "<b>word5 "
    assert "<b>word4 <b>word5 <b>word6" in text(page, "said")
    cells = page.value("[...document.querySelectorAll('td.words')].map((cell) => cell.textContent)")
    assert cells[1] == "<b>word9 <b>word10"
    assert " ".join(cells).split() == [word.text for word in words]
    assert page.complaints == []


def test_many_windows(page: Page, tmp_path: Path) -> None:
    mad = {"neutral": 0.2, "angry": 0.5, "sad": 0.3}
    sadder = {"neutral": 0.2, "angry": 0.3, "sad": 0.5}
    windows = (
        Window("a", n / 4, n / 4 + 3, *(("sad", 0.5, sadder) if n % 24 < 12 else ("angry", 0.5, mad)))  # noqa: E501
        for n in range(40_000)
    )  # fmt: skip
    target = tmp_path / "long.html"
    with HtmlReport(target, "a", LABELS, RATE, sound="none") as made:
        for _ in range(1000):
            made.add_block(np.zeros(10 * RATE, np.float32))
        for window in windows:
            made.add_window(window)
        made.save()
    page.open(target)
    assert page.complaints == []
    page.until("rows.children.length === 500")
    # However many windows there are, a drawing takes a few steps per pixel.
    drawn = page.value(
        "(() => { const kind = CanvasRenderingContext2D.prototype; let steps = 0;"
        " for (const name of ['fillRect', 'lineTo', 'moveTo', 'fillText']) {"
        " const own = kind[name];"
        " kind[name] = function (...given) { steps += 1; return own.apply(this, given); }; }"
        " for (let n = 0; n < 10; n++) document.getElementById(n % 2 ? 'out' : 'in').click();"
        " return steps / 10; })()"
    )
    width = page.value("canvas.clientWidth")
    assert width / 8 < drawn < 3 * width
    # Without sound there is still a place to look at.
    page.click(*place(page, 10))
    assert text(page, "time") == "1:23:20.0"
    page.value("document.getElementById('more').click()")
    assert page.value("rows.children.length") == 1500


def test_a_linked_recording(page: Page, tmp_path: Path) -> None:
    source = tmp_path / "a #1.wav"
    soundfile.write(source, np.concatenate([np.zeros(60 * RATE), sound()]), RATE)
    windows = [
        Window(str(source), w.start + 60, w.end + 60, w.emotion, w.confidence, w.probabilities)
        for w in WINDOWS
    ]
    target = report(tmp_path / "talk.html", str(source), windows, sound="link", start=60.0)
    page.open(target)
    page.until("audio.readyState >= 1 && !audio.seeking")
    # The file is all of the recording, the page a part of it.
    page.until("audio.currentTime === 60")
    page.click(*place(page, 12))
    page.until("!audio.seeking")
    assert moment(page) == pytest.approx(72, abs=0.05)
    assert text(page, "time") == "1:12.0"
    assert page.complaints == []
    with served(tmp_path) as base:
        page.call("Page.navigate", url=f"{base}/talk.html")
        page.until("document.readyState === 'complete' && audio.readyState >= 1")
        assert page.complaints == []
    source.unlink()
    page.open(target)
    page.until("document.querySelector('.player .note') !== null")
    assert "cannot be played" in page.value("document.querySelector('.player .note').textContent")


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder behind HTTP on this machine."""
    handler = partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def rows_of(page: Page) -> list[str]:
    found: list[str] = page.value(
        "[...rows.children].map((row) => row.innerText.trim().split(/\\s+/).join(' '))"
    )
    return found


def test_a_part_is_played_to_its_end(opened: Page) -> None:
    opened.value("document.querySelectorAll('.play')[1].click()")
    opened.until("audio.currentTime > 9.2")
    opened.until("audio.paused")
    assert moment(opened) == pytest.approx(11, abs=0.3)


def test_the_list_of_one_emotion(opened: Page) -> None:
    opened.value("filter.value = '2'; filter.dispatchEvent(new Event('change'))")
    assert [row[-8:] for row in rows_of(opened)] == ["sad 0.90"]
    opened.value(
        "URL.createObjectURL = (blob) => {"
        " blob.text().then((text) => (window.made = text)); return '#'; }"
    )
    opened.value("csv.click()")
    opened.until("window.made")
    assert opened.value("window.made") == "start,end,emotion,confidence\r\n11,20,sad,0.9\r\n"
    opened.value("filter.value = ''; filter.dispatchEvent(new Event('change'))")
    assert len(rows_of(opened)) == 3


def test_pauses_are_grey(page: Page, tmp_path: Path) -> None:
    target = tmp_path / "talk.html"
    with HtmlReport(target, "talk.wav", LABELS, RATE) as made:
        made.add_block(sound())
        for window in WINDOWS:
            made.add_window(window)
        made.set_talk(TalkTime(16.0, 1, 4.0, 4.0, ((2.0, 6.0),)))
        made.save()
    page.open(target)
    band = 0.27 + 21 / 390
    assert pixel(page, 1, band) == EMOTION_COLORS["angry"]
    assert pixel(page, 4, band) != EMOTION_COLORS["angry"]
    assert pixel(page, 8, band) == EMOTION_COLORS["angry"]


def test_a_lane_for_each_voice(page: Page, tmp_path: Path) -> None:
    voices = [
        replace(window, speaker="Anna <b>" if number % 2 else "Ben")
        for number, window in enumerate(WINDOWS)
        if window.emotion != "no speech"
    ]
    page.open(report(tmp_path / "call.html", "call.wav", voices))
    assert page.value("canvas.clientHeight") == 420
    assert page.value("voice.length") == 3
    # Anna <b> speaks from 3 to 6 s, Ben before and behind.
    first, second = (4 + 105 + 8 + 13) / 420, (4 + 105 + 8 + 43) / 420
    assert pixel(page, 4.5, first) == EMOTION_COLORS["angry"]
    assert pixel(page, 4.5, second) != EMOTION_COLORS["angry"]
    assert pixel(page, 7.5, second) == EMOTION_COLORS["angry"]
    page.value("voice.value = '0'; voice.dispatchEvent(new Event('change'))")
    assert all("Anna <b>" in row for row in rows_of(page))
    assert not [one for one in page.complaints if "willReadFrequently" not in one]


def test_curves_are_those_of_windows_under_segments(page: Page, tmp_path: Path) -> None:
    target = tmp_path / "talk.html"
    with HtmlReport(target, "talk.wav", LABELS, RATE) as made:
        made.add_block(sound())
        for start in range(20):
            made.add_part(angry(start, start + 1))
        made.add_window(angry(0, 20))
        made.save()
    page.open(target)
    assert (
        page.value("JSON.parse(document.getElementById('data').textContent).windows.length") == 20
    )
    assert len(rows_of(page)) == 1


def test_a_long_recording_has_an_overview(page: Page, tmp_path: Path) -> None:
    target = tmp_path / "long.html"
    with HtmlReport(target, "long.wav", LABELS, RATE, sound="none") as made:
        for _ in range(30):
            made.add_block(np.zeros(10 * RATE, np.float32))
        for start in range(0, 300, 3):
            made.add_window((angry if start == 150 else sad)(start, start + 3))
        made.save()
    page.open(target)
    assert page.value("overview.clientHeight") > 20
    moments = page.value("[...moments.children].map((one) => one.textContent)")
    assert moments == ["0:00 sad 0.90", "2:33 sad 0.90", "2:30 angry 0.83"]
    page.value("moments.children[2].click()")
    assert page.value("chart.getAttribute('aria-valuenow')") == "150.0"
    assert not page.value("panning.hidden")
    page.open(report(tmp_path / "short.html", "short.wav"))
    assert page.value("overview.hidden")


def test_paper_shows_the_whole_list(page: Page, tmp_path: Path) -> None:
    windows = [(angry if n % 2 else sad)(n / 50, (n + 1) / 50) for n in range(900)]
    page.open(report(tmp_path / "many.html", "many.wav", windows))
    assert len(rows_of(page)) == 500
    page.call("Emulation.setEmulatedMedia", media="print")
    page.value("dispatchEvent(new Event('beforeprint'))")
    assert len(rows_of(page)) == 900
    assert page.value("getComputedStyle(document.getElementById('scroll')).maxHeight") == "none"
    assert page.value("getComputedStyle(document.querySelector('.player')).display") == "none"
    page.call("Emulation.setEmulatedMedia", media="")
