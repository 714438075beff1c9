"""Work in threads."""

from __future__ import annotations

import asyncio
import time

import pytest

from ser.web.problems import ProblemError
from ser.web.work import Recording, Work


async def here() -> bool:
    return False


async def away() -> bool:
    return True


def test_a_full_queue_says_when_to_come_back() -> None:
    async def fill() -> None:
        work = Work(1, 0, 10)
        async with work.place():
            with pytest.raises(ProblemError) as stop:
                async with work.place():
                    pass
        assert (stop.value.status, work.inside) == (503, 0)
        assert stop.value.retry_after
        work.hold(10)
        with pytest.raises(ProblemError):
            work.hold(1)
        work.hold(-10)
        assert await work.run(lambda: 7, Recording(b"x", "x"), here) == 7
        work.close()

    asyncio.run(fill())


def test_a_client_that_goes_away_ends_its_work() -> None:
    recording = Recording(b"x" * 1000, "x")

    def slow() -> int:
        count = 0
        while recording.read(1):
            recording.seek(0)
            count += 1
            time.sleep(0.005)
        return count

    async def leave() -> None:
        work = Work(1, 0, 10)
        with pytest.raises(ProblemError, match="gone away"):
            await work.run(slow, recording, away)
        work.close()

    asyncio.run(leave())
    assert recording.gone.is_set()
    assert recording.readinto(bytearray(4)) == 0
