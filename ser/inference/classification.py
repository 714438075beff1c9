"""Classifies a recording window by window, as it is decoded, and clips that are cut elsewhere."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from ser.arrays import Array, Floats, Samples
from ser.audio import reader
from ser.audio.causes import IncompleteError
from ser.audio.reader import Source, source_name
from ser.audio.selection import DEFAULT, Remark, Selection, ignore
from ser.errors import took_process_down
from ser.inference.adaptation import stack_inputs
from ser.inference.classifier import Adaptation, Classifier
from ser.inference.voice import Reading, VoiceLearner, adapt_readings
from ser.inference.windowing import Windowing, cut_windows, network_seconds, parts_of_window
from ser.inference.windows import SeparateWindows, WindowBatch
from ser.io.files import STANDARD, is_special
from ser.labels import NO_SPEECH
from ser.models.calibration import apply_temperature
from ser.parallel.pool import map_stream
from ser.parallel.resources import limit_blas_threads, stream_processes
from ser.timeline.window import Window

ENOUGH_SECONDS = 2.0
"""From this length on a window says as much as a whole clip."""

_SHORT_EXPONENT = 0.58

# Files of so many bytes are long: whatever their format, hardly any holds less than half a minute.
_LONG_BYTES = 16_000_000


def import_analysis() -> None:
    """Imports what an analysis needs later, so that worker processes need not do it each."""
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    from ser.features.prosody import functionals  # noqa: F401
    from ser.vad import silero  # noqa: F401


def find_windows(
    source: Source,
    classifier: Classifier,
    windowing: Windowing,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    adaptation: Adaptation | None = None,
    adapt_while_reading: bool = False,
    on_adaptation: Callable[[Adaptation | None], None] = lambda adaptation: None,
    vad: bool = True,
    tap: Callable[[Samples], None] = lambda block: None,
    blocks: Iterable[Samples] | None = None,
    selection: Selection = DEFAULT,
    remark: Remark = ignore,
) -> Generator[Window, None, None]:
    """Classifies a recording window by window, as it is decoded, without postprocessing.

    A window that is longer than what the network sees is covered by evenly spaced parts, and their
    probabilities are averaged; a shorter one is padded as clips were in training.

    Args:
        source: The recording; see `ser.audio.reader.stream`.
        classifier: The classifier.
        windowing: How to divide; see `ser.inference.windowing.cut_windows`.
        start: Where to begin, in seconds.
        seconds: How much to analyze; None goes on to the end.
        adaptation: What has been learnt of the voice before.
        adapt_while_reading: Adapt the classifier's speaker model by the windows themselves
            instead.
        on_adaptation: Called then with what has been learnt of the voice, or None.
        vad: Leave windows without speech unclassified; see `ser.vad.speech`.
        tap: Gets every block of samples, at the specification's sample rate.
        blocks: The samples at that rate, from `start` on, where they come from elsewhere; `source`
            is then just their name. Each window is given as soon as it is whole.
        selection: Which track is heard, and which channel.
        remark: Told what the user should know of the recording.

    Yields:
        Windows, in order.

    Raises:
        AudioError: The recording cannot be decoded; the windows before the defect have been
            yielded.
    """
    live = blocks is not None or _is_pipe(source)

    def cut(incoming: Iterable[Samples]) -> Iterator[WindowBatch]:
        return cut_windows(
            incoming, classifier.extractor, windowing, offset=start, tap=tap, live=live
        )

    name = source_name(source)
    found = find_readings(
        source,
        classifier,
        cut,
        start=start,
        seconds=seconds,
        # A pipe may be live: wait for no more than the next window needs.
        block_seconds=min(windowing.hop, 1.0) if live else reader.BLOCK_SECONDS,
        adaptation=None if adapt_while_reading else adaptation,
        vad=vad,
        blocks=blocks,
        selection=selection,
        remark=remark,
    )
    with contextlib.closing(found):
        if not adapt_while_reading:
            for reading in found:
                yield make_window(name, reading, classifier)
        else:
            learner = VoiceLearner(classifier)
            for reading, learnt in adapt_readings(
                found, learner, live=live, on_adaptation=on_adaptation
            ):
                yield make_window(name, reading, classifier, learnt)


def find_readings(
    source: Source,
    classifier: Classifier,
    cut: Callable[[Iterable[Samples]], Iterator[WindowBatch]],
    *,
    start: float = 0.0,
    seconds: float | None = None,
    block_seconds: float = reader.BLOCK_SECONDS,
    adaptation: Adaptation | None = None,
    vad: bool = True,
    blocks: Iterable[Samples] | None = None,
    selection: Selection = DEFAULT,
    remark: Remark = ignore,
) -> Generator[Reading, None, None]:
    """Runs the network over the windows of a recording as it is decoded.

    Args:
        source: The recording; see `ser.audio.reader.stream`.
        classifier: The classifier.
        cut: Cuts its samples into batches of windows.
        start: Where to begin, in seconds.
        seconds: How much to analyze; None goes on to the end.
        block_seconds: How much is decoded at a time.
        adaptation: What has been learnt of the voice before.
        vad: Leave windows without speech unclassified.
        blocks: The samples from `start` on, where they come from elsewhere.
        selection: Which track is heard, and which channel.
        remark: Told what the user should know of the recording.

    Yields:
        What the network says of each window, in their order.

    Raises:
        AudioError: The recording cannot be decoded; the windows before the defect have been
            yielded.
    """
    live = blocks is not None or _is_pipe(source)
    work = functools.partial(_read_batch, classifier=classifier, adaptation=adaptation, vad=vad)
    if blocks is None:
        blocks = reader.stream(
            source,
            classifier.spec.sample_rate,
            block_seconds=block_seconds,
            offset=start,
            duration=seconds,
            selection=selection,
            remark=remark,
        )
    with limit_blas_threads(), contextlib.ExitStack() as stack:
        if isinstance(blocks, Generator):
            # Whatever happens, the file is closed.
            stack.callback(blocks.close)
        broken_off: list[IncompleteError] = []
        batches = cut(_until_incomplete(blocks, broken_off))
        processes = stream_processes() if classifier.runs_in_processes and not live else 1
        found = map_stream(
            work,
            batches,
            processes,
            crashed=took_process_down(source_name(source)),
            long=_is_long(source),
            preload=[import_analysis],
        )
        stack.callback(found.close)
        yield from itertools.chain.from_iterable(found)
        if broken_off:
            raise broken_off[0]


def _until_incomplete(
    blocks: Iterable[Samples], broken_off: list[IncompleteError]
) -> Iterator[Samples]:
    """Ends where a recording breaks off, so that its last window is given too."""
    try:
        yield from blocks
    except IncompleteError as error:
        broken_off.append(error)


def _is_pipe(source: Source) -> bool:
    if isinstance(source, str | Path):
        return str(source) == STANDARD or is_special(Path(source))
    return False


def _is_long(source: Source) -> bool:
    if not isinstance(source, str | Path):
        return False
    try:
        return Path(source).stat().st_size >= _LONG_BYTES
    except OSError:
        return False


def classify(
    file: str,
    clips: Sequence[Samples],
    starts: Sequence[float],
    classifier: Classifier,
    *,
    adaptation: Adaptation | None = None,
    vad: bool = False,
) -> list[Window]:
    """Classifies clips of a recording that have been cut elsewhere, of any lengths.

    Args:
        file: The recording's name in the windows.
        clips: Their samples at the specification's rate, each of shape (samples,).
        starts: Where each begins, in seconds.
        classifier: The classifier.
        adaptation: What has been learnt of the voice.
        vad: Leave clips without speech unclassified.

    Returns:
        A window for each clip.
    """
    rate = classifier.spec.sample_rate
    times = [(at, at + len(clip) / rate) for at, clip in zip(starts, clips, strict=True)]
    filtered = [classifier.extractor.high_pass(clip) for clip in clips]
    readings = _read_batch(SeparateWindows(filtered, times), classifier, adaptation, vad)
    return [make_window(file, reading, classifier) for reading in readings]


def _read_batch(
    batch: WindowBatch, classifier: Classifier, adaptation: Adaptation | None, vad: bool
) -> list[Reading]:
    """Runs the network once over all windows of a batch."""
    count = len(batch.times)
    speech = batch.speech(classifier.spec.sample_rate) if vad and count else [True] * count
    grid = batch.grid(classifier.spec)
    parts = [
        parts_of_window(stop - start, classifier, grid) if spoken else []
        for (start, stop), spoken in zip(batch.spans, speech, strict=True)
    ]
    numbered = [(number, *part) for number, found in enumerate(parts) for part in found]
    probabilities: Array = np.empty((0, len(classifier.labels)), np.float32)
    scores = None
    if numbered:
        x, functionals = stack_inputs(batch.features(numbered, classifier.extractor), classifier)
        probabilities = classifier.probabilities(x, functionals, adaptation)
        if classifier.speaker_model is not None and adaptation is None:
            scores = classifier.speaker_model.scores(functionals)
    ends = np.cumsum([len(found) for found in parts]).tolist()
    return [
        Reading(
            begin,
            end,
            probabilities[stop - len(found) : stop],
            None if scores is None else scores[stop - len(found) : stop],
        )
        for (begin, end), found, stop in zip(batch.times, parts, ends, strict=True)
    ]


def short_temperature(seconds: float, classifier: Classifier) -> float:
    """Gives the temperature of a window that is shorter than what the classifier was trained on.

    It was measured on clips of actors that the default model had not learnt from, cut to 0.5 to 2
    s: the temperatures of the least negative log-likelihood are 2.3, 1.8, 1.5, 1.2 and 1.0 times
    that of whole clips.

    Args:
        seconds: The length of the window.
        classifier: The classifier.

    Returns:
        1 for windows of `ENOUGH_SECONDS`, or of the length that the network sees; more for shorter
        ones.
    """
    enough = min(ENOUGH_SECONDS, network_seconds(classifier))
    return float(max(1.0, (enough / max(seconds, 0.05)) ** _SHORT_EXPONENT))


def make_window(
    file: str, reading: Reading, classifier: Classifier, adaptation: Adaptation | None = None
) -> Window:
    """Averages the probabilities of the parts of a window, and tempers those of a short one.

    Args:
        file: The recording's name.
        reading: What the network says.
        classifier: The classifier.
        adaptation: What has been learnt of the voice, if the reading does not have it yet.
    """
    if not len(reading.probabilities):
        return Window(file, reading.start, reading.end, NO_SPEECH, 0.0, {})
    found = reading.probabilities
    if adaptation is not None and reading.scores is not None:
        found = classifier.adapted_probabilities(reading.scores, adaptation)
    mean: Floats = np.mean(found, axis=0)
    temperature = short_temperature(reading.end - reading.start, classifier)
    if temperature > 1:
        mean = apply_temperature(mean[None], temperature)[0]
    best = int(mean.argmax())
    return Window(
        file,
        reading.start,
        reading.end,
        classifier.labels[best],
        float(mean[best]),
        dict(zip(classifier.labels, mean.tolist(), strict=True)),
    )
