"""The place of frames in time: every container's own, checked against the times of its packets."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broadcasts import BURSTS, CONTAINERS, STAMPED, marks, onsets, packet_times, write_packets
from conftest import RunPython

from ser.audio import placement, reader
from ser.audio.placement import Broken, Clock, Silence

RATE = 16_000


def frame(pts: int | None, samples: int = 200, rate: int = 10_000) -> Any:
    """Stands for a frame of PyAV: 20 ms, stamped in milliseconds."""
    return types.SimpleNamespace(pts=pts, samples=samples, sample_rate=rate)


def silences(clock: Clock, items: list[Any]) -> list[float]:
    return [
        round(item.seconds, 4)
        for item in placement.place(iter(items), clock)
        if isinstance(item, Silence)
    ]


def test_rounded_and_wavering_stamps_are_no_gaps() -> None:
    chance = np.random.default_rng(0)
    stamps = [20 * n + int(chance.integers(-60, 60)) for n in range(500)]
    clock = Clock(1e-3, 0.0)
    assert silences(clock, [frame(stamp) for stamp in stamps]) == []
    assert clock.now == pytest.approx(10.0)
    assert silences(Clock(1e-3, 0.0), [frame(None) for _ in range(50)]) == []
    # One stamp that is broken is outvoted by those behind it.
    stamps = [20 * n for n in range(100)]
    stamps[40] = 800_000
    clock = Clock(1e-3, 0.0)
    assert silences(clock, [frame(stamp) for stamp in stamps]) == []
    assert clock.defects.remarks() == []


def test_gaps_are_silence() -> None:
    clock = Clock(1e-3, 0.0)
    items = [frame(20 * n) for n in range(50)] + [frame(3000 + 20 * n) for n in range(50)]
    assert silences(clock, items) == [2.0]
    assert clock.now == pytest.approx(4.0)
    (said,) = clock.defects.remarks()
    assert "no sound from 1.0 to 3.0 s" in said


def test_clocks_that_drift_are_followed() -> None:
    """Two in a hundred, which is far more than a crystal's."""
    clock = Clock(1e-3, 0.0)
    items = [frame(round(20.4 * n)) for n in range(2000)]
    assert sum(silences(clock, items)) == pytest.approx(0.8, abs=0.1)


def test_stamps_that_begin_anew_go_on() -> None:
    clock = Clock(1e-3, 5.0)
    first = [frame(5000 + 20 * n) for n in range(100)]
    assert silences(clock, [*first, *first[:50], frame(8000), *first[50:]]) == []
    assert clock.now == pytest.approx(4.02)
    assert clock.defects.remarks() == []


def test_absurd_gaps_are_none_and_said() -> None:
    clock = Clock(1e-3, 0.0)
    items = [frame(20 * n) for n in range(50)] + [frame(10**9 + 20 * n) for n in range(50)]
    assert silences(clock, items) == []
    (said,) = clock.defects.remarks()
    assert "jump by 999999 s at 1.0 s" in said


def test_broken_packets_are_silence_of_their_length() -> None:
    clock = Clock(1e-3, 0.0)
    items = [frame(20 * n) for n in range(100)]
    items[30:33] = [Broken(0.6 + 0.02 * n, 0.02) for n in range(3)]
    assert silences(clock, items) == [0.06]
    assert clock.now == pytest.approx(2.0)
    (said,) = clock.defects.remarks()
    assert said == "3 packets are broken, the first at 0.6 s: silence of 0.06 s"
    # Where FFmpeg counts packets itself, it counts broken ones as one.
    clock = Clock(1e-3, 0.0)
    items = [frame(20 * n) for n in range(100)]
    items[30] = Broken(0.6, 0.02, unstamped=0.1)
    assert silences(clock, items) == [0.12]
    # Nothing follows: that is for whoever reads them to judge.
    clock = Clock(1e-3, 0.0)
    assert silences(clock, [frame(0), Broken(0.02, 0.02)]) == []
    assert clock.broken_seconds == 0.02


def test_pauses_that_were_not_sent_are_no_defects() -> None:
    clock = Clock(1e-3, 0.0)
    items = [frame(20 * n) for n in range(50)]
    items[10:20] = [Broken(0.2 + 0.02 * n, 0.02, pause=True) for n in range(10)]
    items[40:] = [Broken(0.8 + 0.02 * n, 0.02, pause=True) for n in range(10)]
    assert silences(clock, items) == [0.2, 0.2]
    assert clock.defects.remarks() == []


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_container_keeps_its_time(name: str, tmp_path: Path) -> None:
    codec, rate, options = CONTAINERS[name]
    write_packets(tmp_path / name, codec, marks(rate), rate, options=options)
    remarks: list[str] = []
    found = reader.read(tmp_path / name, RATE, remark=remarks.append)
    assert [*onsets(found, RATE)] == pytest.approx(list(BURSTS), abs=0.06)
    assert remarks == []
    times = packet_times(tmp_path / name)
    if times:
        # Encoders add up to two frames at the ends, which players drop.
        assert len(found) / RATE == pytest.approx(
            times[-1][0] + times[-1][1] - times[0][0], abs=0.12
        )


@pytest.mark.parametrize("name", STAMPED)
def test_what_was_not_recorded_is_silence(name: str, tmp_path: Path) -> None:
    codec, rate, options = CONTAINERS[name]
    path = tmp_path / name
    write_packets(path, codec, marks(rate), rate, options=options, dropped=(4.0, 6.0))
    times = packet_times(path)
    remarks: list[str] = []
    found = reader.read(path, RATE, remark=remarks.append)
    assert onsets(found, RATE) == pytest.approx(list(BURSTS), abs=0.06)
    if times[-1][0] > 9:
        spanned = times[-1][0] + times[-1][1] - times[0][0]
        assert len(found) / RATE == pytest.approx(spanned, abs=0.12)
    assert len(remarks) == 1
    assert "no sound from 4.0 to 6.0 s: silence there" in remarks[0] or "broken" in remarks[0]
    assert reader.length(path) == pytest.approx(len(found) / RATE, abs=0.1)
    part = reader.read(path, RATE, offset=5.0, duration=3.0)
    assert onsets(part, RATE) == pytest.approx([2.0], abs=0.06)


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv", "late.ts"])
def test_sound_that_begins_behind_the_picture(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    write_packets(path, "aac", marks(44_100), 44_100, late=4.0, picture=True)
    found = reader.read(path, RATE)
    assert onsets(found, RATE) == pytest.approx([at + 4.0 for at in BURSTS], abs=0.06)
    assert reader.length(path) == pytest.approx(len(found) / RATE, abs=0.1)
    for offset in (1.5, 6.0):
        part = reader.read(path, RATE, offset=offset, duration=2.0)
        assert onsets(part, RATE) == pytest.approx([7.0 - offset] if offset > 5 else [], abs=0.06)


def test_a_late_start_without_a_picture(tmp_path: Path) -> None:
    """MP4 and Matroska have a zero of their own; a broadcast's clock has none."""
    for name, late in (("late.mkv", 4.0), ("late.mp4", 4.0), ("late.ts", 0.0)):
        path = tmp_path / name
        write_packets(path, "aac", marks(44_100), 44_100, late=4.0)
        found = reader.read(path, RATE)
        assert onsets(found, RATE) == pytest.approx([at + late for at in BURSTS], abs=0.06)


def test_long_gaps_take_constant_memory(tmp_path: Path, run_python: RunPython) -> None:
    import av

    path = tmp_path / "gap.mkv"
    write_packets(path, "aac", marks(8000), 8000)
    moved = tmp_path / "moved.mkv"
    with av.open(str(path)) as source, av.open(str(moved), "w") as target:
        track = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                if packet.pts * packet.time_base >= 5:
                    packet.pts = packet.dts = packet.pts + round(3000 / packet.time_base)
                packet.stream = track
                target.mux(packet)
    done = run_python(
        "import re, sys\n"
        "from ser.audio import reader\n"
        "count = sum(len(block) for block in reader.stream(sys.argv[1], 16000))\n"
        "peak = re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1]\n"
        "print(count / 16000, int(peak) // 1000)",
        moved,
    )
    seconds, megabytes = map(float, done.out.split())
    assert seconds == pytest.approx(3010, abs=1)
    # The gap alone has 190 megabytes of samples.
    assert megabytes < 180
