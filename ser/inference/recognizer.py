"""Audio in, timeline out: the one loop that every way of analyzing a recording goes through."""

from __future__ import annotations

import contextlib
import functools
import heapq
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ser.arrays import Samples
from ser.audio import reader
from ser.audio.causes import IncompleteError
from ser.audio.reader import Source, source_name
from ser.audio.selection import Remark, Selection, ignore
from ser.errors import ArtifactError, AudioError, cannot_write, renamed
from ser.inference.adaptation import AdaptationSource
from ser.inference.classification import classify, find_windows
from ser.inference.classifier import Adaptation, Classifier
from ser.inference.config import AnalysisConfig
from ser.inference.consumers import Consumer
from ser.inference.turn_windows import OnAdaptation, read_turns
from ser.inference.turns import clip_turns
from ser.inference.windowing import FULL
from ser.io.files import atomic_path
from ser.io.remote import fetch, is_url
from ser.models.conformal import prediction_set
from ser.timeline.summary import HeardVoice
from ser.timeline.turn import Turn
from ser.timeline.window import Window
from ser.vad.meter import SpeechMeter

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
        on_adaptation: OnAdaptation = lambda adaptation, speaker: None,
        remark: Remark = ignore,
        turns: Sequence[Turn] | None = None,
        on_part: Callable[[Window], None] = lambda window: None,
    ) -> Generator[Window, None, None]:
        """Finds the windows, or segments, of a recording as it is decoded, in constant memory.

        With turns, the recording is read whole before the first window is given: each speaker's
        voice is learnt from all of it.

        Args:
            source: The recording; see `ser.audio.reader.stream`.
            blocks: Its samples at the specification's rate, where they come from elsewhere;
                `source` is then just their name. Each window is given as soon as it is whole.
            tap: Gets every block of samples.
            before: A stage that the windows pass before postprocessing.
            after: A stage that they pass behind it.
            on_adaptation: Where the classifier is adapted while reading: called with what has been
                learnt of the voice, or None, and the speaker (empty where they are not told
                apart), before the windows that it holds for.
            remark: Told what the user should know of the recording.
            turns: Who speaks when; None where speakers are not told apart.
            on_part: Called with each window that becomes part of a segment, before that is given.

        Yields:
            Windows in order.

        Raises:
            SerError: The recording cannot be decoded, after the windows before the defect; or its
                voice cannot be learnt.
        """
        recognizer = self.adapted_to(source)
        config = recognizer.config
        before_reading = config.adaptation.adaptation is not None
        adapted: dict[str, bool] = {}

        def adapt(adaptation: Adaptation | None, speaker: str = "") -> None:
            adapted[speaker] = adaptation is not None
            on_adaptation(adaptation, speaker)

        def named(window: Window) -> Window:
            return window if channel == "mix" else replace(window, channel=channel)

        def part(window: Window) -> None:
            on_part(named(window))

        def finish(window: Window) -> Window:
            window = named(window)
            known = adapted.get(window.speaker or "", before_reading)
            return self._with_set(window, adapted=known)

        channel = config.selection.channel
        if turns is not None:
            reading = read_turns(
                source,
                clip_turns(turns, config.time_range),
                self.classifier,
                config.windowing,
                whole=config.turns is not None and config.turns.whole,
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
            windows = reading.merged(lambda own: config.postprocessing(before(iter(own)), part))
            yield from map(finish, after(windows))
            if reading.failure is not None:
                raise reading.failure
            return
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

        with contextlib.closing(found):
            yield from map(finish, after(config.postprocessing(before(until_defect()), part)))
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

    talking: dict[int | None, SpeechMeter] = {}

    def tap(block: Samples, channel: int | None, *, first: bool) -> None:
        for consumer in consumers if first else ():
            consumer.add_block(block)
        if channel in talking:
            talking[channel].add(block)

    def set_voice(adaptation: Adaptation | None, channel: int | None, name: str) -> None:
        speaker = None if adaptation is None else adaptation.speaker
        voice = (
            HeardVoice(0, 0.0) if speaker is None else HeardVoice(speaker.clips, speaker.unfamiliar)
        )
        for consumer in consumers:
            consumer.set_voice(voice, channel, name or None)

    said: set[str] = set()

    def remark(text: str) -> None:
        # Every channel would say it again.
        if text not in said:
            for consumer in consumers:
                consumer.add_remark(text)
        said.add(text)

    incomplete: list[IncompleteError] = []

    def add_part(window: Window) -> None:
        for consumer in consumers:
            consumer.add_part(window)

    def hear(chosen: Recognizer, *, first: bool) -> Generator[Window, None, None]:
        config = chosen.config
        selected = config.selection.channel
        channel = None if selected == "mix" else selected
        if config.vad and any(consumer.measures_talk for consumer in consumers):
            talking[channel] = SpeechMeter(chosen.classifier.spec.sample_rate)
        turns = None
        if config.turns is not None:
            turns = config.turns.turns(source, shown, config.selection)
            for consumer in consumers:
                consumer.set_turns(clip_turns(turns, config.time_range), channel)
        windows = chosen.windows(
            source,
            blocks=blocks,
            tap=functools.partial(tap, channel=channel, first=first),
            before=before,
            after=after,
            on_adaptation=lambda found, name: set_voice(found, channel, name),
            remark=remark,
            turns=turns,
            on_part=add_part,
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
            hear(chosen, first=number == 0)
            for number, chosen in enumerate(recognizer.by_channel(source))
        ]
        for generator in heard:
            stack.callback(generator.close)
        for window in heapq.merge(*heard, key=lambda window: window.start):
            if window.file != shown:
                window = replace(window, file=shown)
            for consumer in consumers:
                consumer.add_window(window)
        for channel, meter in talking.items():
            talk = meter.finish(recognizer.config.time_range.start)
            for consumer in consumers:
                consumer.set_talk(talk, channel)
        for consumer in consumers:
            consumer.finish()
        if incomplete:
            raise incomplete[0]
