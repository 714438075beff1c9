"""Recording one utterance: a prompt, a level meter, and an end at silence or Enter."""

from __future__ import annotations

import contextlib
import select
import sys
from collections.abc import Callable, Iterator

import numpy as np

from ser.arrays import Samples
from ser.audio.devices import list_devices, meter_level
from ser.audio.microphone import Microphone
from ser.cli.console import Console, is_terminal
from ser.errors import AudioError
from ser.text.asr.endpoint import EndpointDetector
from ser.timeline.writers.text import bar, can_draw_blocks

_PATIENCE_SECONDS = 30.0
"""A recording without speech ends after this time."""

_METER_WIDTH = 30
"""Characters of the level meter."""


def list_microphones() -> list[str]:
    """Describes every device that records, one per line; a star marks the system's choice.

    Raises:
        SerError: Sound cannot be had on this machine.
    """
    return [
        f"{'*' if 'input' in device.default else ' '} {device.number:>3}  {device.name}  "
        f"({device.system}, {device.inputs} in, {device.sample_rate} Hz)"
        for device in list_devices("input")
    ]


def record(
    console: Console,
    rate: int,
    *,
    device: str | None,
    seconds: float | None,
    silence: float,
) -> Samples:
    """Records until somebody has spoken and fallen silent, presses Enter, or time is over.

    Args:
        console: Gets the prompt; on a terminal there is a level meter below it.
        rate: Wanted rate in hertz.
        device: Which microphone; None for the system's choice.
        seconds: The longest recording; None for no limit.
        silence: Seconds of silence that are an end; 0 for none.

    Returns:
        Samples, shape (samples,).

    Raises:
        SerError: Sound cannot be had, or nobody has spoken.
    """
    detector = (
        EndpointDetector(rate, silence=silence, patience=_PATIENCE_SECONDS) if silence else None
    )
    blocks = []
    with (
        Microphone(rate, device=device, seconds=seconds) as microphone,
        _level_meter(console) as show,
    ):
        console.info(_prompt(microphone.device.name, seconds, silence))
        for block in microphone:
            blocks.append(block)
            show(block)
            if (detector is not None and detector.add(block)) or _enter_pressed():
                microphone.stop()
    if not blocks or (detector is not None and not detector.spoken):
        raise AudioError("microphone", "heard nobody speak", "check its level, or --mic-device")
    return np.concatenate(blocks)


def _prompt(name: str, seconds: float | None, silence: float) -> str:
    ends = []
    if silence:
        ends.append(f"{silence:g} s of silence")
    if seconds is not None:
        ends.append(f"{seconds:g} s")
    if is_terminal(sys.stdin):
        ends.append("Enter")
    return f"speak now ({name}); ends with {' or '.join(ends)}" if ends else f"speak now ({name})"


def _enter_pressed() -> bool:
    """Says whether Enter was pressed on the terminal, and takes it away."""
    if not is_terminal(sys.stdin):
        return False
    ready, _, _ = select.select([sys.stdin], [], [], 0)
    if ready:
        sys.stdin.readline()
    return bool(ready)


@contextlib.contextmanager
def _level_meter(console: Console) -> Iterator[Callable[[Samples], None]]:
    """Shows the level in one line, which is erased afterwards."""
    if console.quiet or not is_terminal(sys.stderr):
        yield lambda block: None
        return
    plain = not can_draw_blocks(sys.stderr)

    def show(block: Samples) -> None:
        drawn = bar(meter_level(block), _METER_WIDTH, plain=plain).ljust(_METER_WIDTH)
        sys.stderr.write(f"\r[{drawn}]")
        sys.stderr.flush()

    try:
        yield show
    finally:
        sys.stderr.write("\r" + " " * (_METER_WIDTH + 2) + "\r")
        sys.stderr.flush()
