"""Audio in, timeline out: the one loop that every way of analyzing a recording goes through."""

from __future__ import annotations

import contextlib
import functools
import heapq
import itertools
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ser.arrays import Array, Floats, Samples
from ser.audio import reader
from ser.audio.causes import IncompleteError
from ser.audio.reader import Source, source_name
from ser.audio.selection import DEFAULT, Remark, Selection, ignore
from ser.errors import ArtifactError, AudioError, cannot_write, renamed, took_process_down
from ser.inference.adaptation import AdaptationSource, stack_inputs
from ser.inference.classifier import Adaptation, Classifier
from ser.inference.config import AnalysisConfig
from ser.inference.consumers import Consumer
from ser.inference.voice import Reading, VoiceLearner, adapt_readings
from ser.inference.windowing import FULL, Windowing, cut_windows, parts_of_window
from ser.inference.windows import SeparateWindows, WindowBatch
from ser.io.files import STANDARD, atomic_path, is_special
from ser.io.remote import fetch, is_url
from ser.labels import NO_SPEECH
from ser.models.conformal import prediction_set
from ser.parallel.pool import map_stream
from ser.parallel.resources import limit_blas_threads, stream_processes
from ser.timeline.summary import HeardVoice
from ser.timeline.window import Window

# Files of so many bytes are long: whatever their format, hardly any holds less than half a minute.
_LONG_BYTES = 16_000_000


def import_analysis() -> None:
    """Imports what an analysis needs later, so that worker processes need not do it each."""
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    from ser.features.prosody import functionals  # noqa: F401
    from ser.vad import silero  # noqa: F401


Stage = Callable[[Iterator[Window]], Iterator[Window]]
"""A step that windows go through as they become known: it may hold them back or add to them."""


def unchanged(windows: Iterator[Window]) -> Iterator[Window]:
    """The stage that does nothing."""
    return windows


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A classifier and how it is used on recordings.

    Attributes:
        classifier: The classifier.
        config: Everything else that decides what is found.
    """

    classifier: Classifier
    config: AnalysisConfig

    @property
    def labels(self) -> tuple[str, ...]:
        """Emotion names, in the order of the probabilities."""
        return self.classifier.labels

    def save(self, path: str | Path) -> None:
        """Copies the model's artifact to another file.

        Raises:
            ArtifactError: The file cannot be written.
        """
        try:
            with atomic_path(Path(path)) as temporary:
                shutil.copyfile(self.classifier.path, temporary)
        except OSError as error:
            raise cannot_write(path, error, ArtifactError) from error

    def adapted_to(self, recording: Source) -> Recognizer:
        """Gives the same recognizer, adapted to the voice in a recording.

        Args:
            recording: The recording; it is read where the voice is learnt from itself.

        Raises:
            SerError: There is too little speech to learn from, or it cannot be read.
        """
        config = self.config
        adaptation = config.adaptation.adaptation_for(
            recording, self.classifier, vad=config.vad, selection=config.selection
        )
        while_reading = config.adaptation.while_reading
        known = AdaptationSource(adaptation, while_reading=while_reading)
        return replace(self, config=replace(config, adaptation=known))

    def by_channel(self, recording: Source) -> list[Recognizer]:
        """Gives a recognizer for every channel of a recording that is to be heard by itself.

        Args:
            recording: The recording; it is looked at where each of its channels is asked for.

        Raises:
            AudioError: It cannot be decoded, or can be read once only.
        """
        config = self.config
        if not config.each_channel:
            return [self]
        track = config.selection.track
        return [
            replace(
                self,
                config=replace(config, selection=Selection(number, track), each_channel=False),
            )
            for number in range(1, reader.count_channels(recording, track=track) + 1)
        ]

    def without_time_range(self) -> Recognizer:
        """Gives the same recognizer for sound of which no part is left out."""
        return replace(self, config=replace(self.config, time_range=FULL))

    def predict(self, samples: Samples, sample_rate: int) -> dict[str, float]:
        """Classifies one clip as a whole, whether somebody speaks in it or not.

        A clip that is longer than what the network sees is covered by evenly spaced parts, and
        their probabilities are averaged.

        Args:
            samples: Shape (samples,) or (samples, channels).
            sample_rate: In hertz.

        Returns:
            The probability of each label, in the model's order.

        Raises:
            AudioError: The samples are empty or not numbers.
        """
        clip = reader.read((samples, sample_rate), self.classifier.spec.sample_rate)
        (window,) = classify(
            "samples",
            [clip],
            [0.0],
            self.classifier,
            adaptation=self.config.adaptation.adaptation,
        )
        return dict(window.probabilities)

    def stream(
        self, blocks: Iterable[Samples], sample_rate: int, *, name: str = "stream"
    ) -> Iterator[Window]:
        """Analyzes sound that comes in blocks, such as a live microphone's.

        Args:
            blocks: Samples, each of shape (samples,); of any lengths.
            sample_rate: In hertz.
            name: Stands for the file in the windows.

        Yields:
            Windows, or segments, as soon as they are known.
        """
        blocks = reader.resample_blocks(blocks, sample_rate, self.classifier.spec.sample_rate)
        yield from self.windows(name, blocks=blocks)

    def windows(
        self,
        source: Source,
        *,
        blocks: Iterable[Samples] | None = None,
        tap: Callable[[Samples], None] = lambda block: None,
        before: Stage = unchanged,
        after: Stage = unchanged,
        on_adaptation: Callable[[Adaptation | None], None] = lambda adaptation: None,
        remark: Remark = ignore,
    ) -> Generator[Window, None, None]:
        """Finds the windows, or segments, of a recording as it is decoded, in constant memory.

        Args:
            source: The recording; see `ser.audio.reader.stream`.
            blocks: Its samples at the specification's rate, where they come from elsewhere;
                `source` is then just their name. Each window is given as soon as it is whole.
            tap: Gets every block of samples.
            before: A stage that the windows pass before postprocessing.
            after: A stage that they pass behind it.
            on_adaptation: Where the classifier is adapted while reading: called with what has been
                learnt of the voice, or None, before the windows that it holds for.
            remark: Told what the user should know of the recording.

        Yields:
            Windows in order.

        Raises:
            SerError: The recording cannot be decoded, after the windows before the defect; or its
                voice cannot be learnt.
        """
        recognizer = self.adapted_to(source)
        config = recognizer.config
        adapted = config.adaptation.adaptation is not None

        def adapt(adaptation: Adaptation | None) -> None:
            nonlocal adapted
            adapted = adaptation is not None
            on_adaptation(adaptation)

        found = find_windows(
            source,
            self.classifier,
            config.windowing,
            start=config.time_range.start,
            seconds=config.time_range.seconds,
            adaptation=config.adaptation.adaptation,
            adapt_while_reading=config.adaptation.while_reading,
            on_adaptation=adapt,
            vad=config.vad,
            tap=tap,
            blocks=blocks,
            selection=config.selection,
            remark=remark,
        )
        stopped: list[AudioError] = []

        def until_defect() -> Iterator[Window]:
            try:
                yield from found
            except AudioError as error:
                # Whatever holds windows back gives them when it hears of the end.
                stopped.append(error)

        channel = config.selection.channel
        with contextlib.closing(found):
            for window in after(config.postprocessing(before(until_defect()))):
                window = window if channel == "mix" else replace(window, channel=channel)
                yield self._with_set(window, adapted=adapted)
        if stopped:
            raise stopped[0]

    def _with_set(self, window: Window, *, adapted: bool) -> Window:
        """Adds the set of emotions that holds the true one with the coverage that is wanted."""
        if self.config.coverage is None or not window.probabilities:
            return window
        threshold = self.classifier.threshold(self.config.coverage, adapted=adapted)
        return replace(window, prediction_set=prediction_set(window.probabilities, threshold))


def analyze(
    recognizer: Recognizer,
    source: Source,
    consumers: Sequence[Consumer],
    *,
    name: str | None = None,
    blocks: Iterable[Samples] | None = None,
    before: Stage = unchanged,
    after: Stage = unchanged,
) -> None:
    """Analyzes a recording: the loop from audio to timeline, for files, batches and live sound.

    Args:
        recognizer: The classifier, and how it is used.
        source: The recording: a path, a URL, ``-``, an open file, or samples with their rate.
        consumers: Take the samples and the windows as they become known.
        name: Stands for the recording in windows and errors; None for the source's own name.
        blocks: Its samples at the specification's rate, where they come from elsewhere.
        before: A stage that the windows pass before postprocessing.
        after: A stage that they pass behind it.

    Raises:
        IncompleteError: The recording breaks off; the consumers have been finished with what is
            there.
        SerError: The recording cannot be read, or a consumer cannot take what it is given. The
            consumers are not finished then.
    """
    own = source_name(source)
    shown = own if name is None else name

    def tap(block: Samples) -> None:
        for consumer in consumers:
            consumer.add_block(block)

    def set_voice(adaptation: Adaptation | None, channel: int | None) -> None:
        speaker = None if adaptation is None else adaptation.speaker
        voice = (
            HeardVoice(0, 0.0) if speaker is None else HeardVoice(speaker.clips, speaker.unfamiliar)
        )
        for consumer in consumers:
            consumer.set_voice(voice, channel)

    said: set[str] = set()

    def remark(text: str) -> None:
        # Every channel would say it again.
        if text not in said:
            for consumer in consumers:
                consumer.add_remark(text)
        said.add(text)

    incomplete: list[IncompleteError] = []

    def hear(chosen: Recognizer, hears: Callable[[Samples], None]) -> Generator[Window, None, None]:
        channel = chosen.config.selection.channel
        windows = chosen.windows(
            source,
            blocks=blocks,
            tap=hears,
            before=before,
            after=after,
            on_adaptation=lambda found: set_voice(found, None if channel == "mix" else channel),
            remark=remark,
        )
        with contextlib.closing(windows):
            try:
                yield from windows
            except IncompleteError as error:
                incomplete.append(error)

    with contextlib.ExitStack() as stack:
        if isinstance(source, str) and is_url(source):
            source = stack.enter_context(fetch(source))
        # What the user knows is the name, whatever is read in its place.
        if isinstance(source, str | Path):
            stack.enter_context(renamed(source, shown))
        heard = [
            hear(chosen, tap if number == 0 else lambda block: None)
            for number, chosen in enumerate(recognizer.by_channel(source))
        ]
        for generator in heard:
            stack.callback(generator.close)
        for window in heapq.merge(*heard, key=lambda window: window.start):
            if window.file != shown:
                window = replace(window, file=shown)
            for consumer in consumers:
                consumer.add_window(window)
        for consumer in consumers:
            consumer.finish()
        if incomplete:
            raise incomplete[0]


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
    work = functools.partial(
        _read_batch,
        classifier=classifier,
        adaptation=None if adapt_while_reading else adaptation,
        vad=vad,
    )
    if blocks is None:
        # A pipe may be live: wait for no more than the next window needs.
        block_seconds = min(windowing.hop, 1.0) if live else reader.BLOCK_SECONDS
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
        batches = cut_windows(
            _until_incomplete(blocks, broken_off),
            classifier.extractor,
            windowing,
            offset=start,
            tap=tap,
            live=live,
        )
        processes = stream_processes() if classifier.runs_in_processes and not live else 1
        name = source_name(source)
        found = map_stream(
            work,
            batches,
            processes,
            crashed=took_process_down(name),
            long=_is_long(source),
            preload=[import_analysis],
        )
        stack.callback(found.close)
        readings = itertools.chain.from_iterable(found)
        if not adapt_while_reading:
            for reading in readings:
                yield _make_window(name, reading, classifier)
        else:
            learner = VoiceLearner(classifier)
            for reading, learnt in adapt_readings(
                readings, learner, live=live, on_adaptation=on_adaptation
            ):
                yield _make_window(name, reading, classifier, learnt)
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
    return [_make_window(file, reading, classifier) for reading in readings]


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


def _make_window(
    file: str, reading: Reading, classifier: Classifier, adaptation: Adaptation | None = None
) -> Window:
    """Averages the probabilities of the parts of a window.

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
    best = int(mean.argmax())
    return Window(
        file,
        reading.start,
        reading.end,
        classifier.labels[best],
        float(mean[best]),
        dict(zip(classifier.labels, mean.tolist(), strict=True)),
    )
