"""Whisper (Radford et al. 2022) as faster-whisper runs it, on CTranslate2."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ser.arrays import Samples
from ser.errors import ArtifactError, ParameterError, missing_package
from ser.io.hub import NO_PROGRESS, DownloadProgress, MissingModelError, ModelFiles, find_model
from ser.text.asr.base import RATE, SegmentLimits, Utterance
from ser.timeline.window import Word

DEFAULT = "base"
"""The model that is taken where none is named: about 145 MB."""

TRANSLATOR = "small"
"""The model that translates where the recognizer cannot: about 480 MB."""

_SIZES = ("tiny", "base", "small", "medium", "large-v1", "large-v2", "large-v3")

NAMES: Mapping[str, str] = MappingProxyType(
    {size: f"Systran/faster-whisper-{size}" for size in _SIZES}
    | {f"{size}.en": f"Systran/faster-whisper-{size}.en" for size in _SIZES[:4]}
    | {"large": "Systran/faster-whisper-large-v3"}
    | {"turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo"}
    | {"large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo"}
    | {"distil-large-v3": "Systran/faster-distil-whisper-large-v3"}
)
"""Short names, each with the hub's name of the converted model."""

FILES = ModelFiles(
    "Whisper model for CTranslate2",
    "--asr-model",
    (
        ("config.json",),
        ("model.bin",),
        ("tokenizer.json",),
        ("vocabulary.json", "vocabulary.txt"),
    ),
    ("preprocessor_config.json",),
)

TRANSLATOR_FILES = ModelFiles(FILES.kind, "--translate-model", FILES.required, FILES.optional)

# These were trained to transcribe alone, although they know many languages.
_CANNOT_TRANSLATE = ("turbo", "distil")

# Below this probability the language detected in one segment is not believed.
_MIN_LANGUAGE_PROBABILITY = 0.5


class WhisperRecognizer:
    """A Whisper model of any size.

    Args:
        name: A short name (`NAMES`), a name on the hub, or a folder that CTranslate2's converter
            has written.
        files: The names of files and options, `FILES` or `TRANSLATOR_FILES`.
        offline: Never use the network.
        progress: Follows a download.

    Attributes:
        name: As given.
        languages: ``en`` alone for models ending in ``.en``, otherwise empty: about a hundred.
        translates: Whether it can translate into English.

    Raises:
        DependencyError: faster-whisper is missing.
        SerError: The model is not there, see `ser.io.hub.find_model`.
        ArtifactError: It cannot be loaded.
    """

    # Whisper always looks at 30 seconds, and knows by itself where sentences end.
    limits = SegmentLimits(pause=0.4, shortest=18.0, rest=3.0, longest=29.0)

    def __init__(
        self,
        name: str,
        files: ModelFiles = FILES,
        *,
        offline: bool = False,
        progress: DownloadProgress = NO_PROGRESS,
    ) -> None:
        if name not in NAMES and "/" not in name and not Path(name).is_dir():
            raise MissingModelError(
                name,
                "is neither a folder nor a model of Whisper",
                f"give {files.option} one of {', '.join(NAMES)}, OWNER/MODEL on the Hugging Face "
                "Hub, or a folder",
            )
        library = _library()
        folder = find_model(NAMES.get(name, name), files, offline=offline, progress=progress)
        try:
            # 8-bit weights: a quarter of the memory, and faster on every processor.
            self._model = library.WhisperModel(
                str(folder), device="auto", compute_type="int8", local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ArtifactError(
                name,
                f"cannot be loaded by CTranslate2 ({str(error).strip()})",
                f"give another {files.option}, or download it again",
            ) from error
        self.name = name
        many = bool(self._model.model.is_multilingual)
        self.languages = frozenset() if many else frozenset({"en"})
        self.translates = many and not any(
            part in Path(name).name.lower() for part in _CANNOT_TRANSLATE
        )
        self._language: str | None = None

    def reset(self) -> None:
        """Forgets which language was detected."""
        self._language = None

    def transcribe(self, samples: Samples, language: str | None) -> list[Utterance]:
        """Transcribes one segment of speech, in the utterances that Whisper finds in it.

        Raises:
            SerError: The model does not know the language.
        """
        self._check_language(language)
        if language is None:
            language = self._detect_language(samples)
        segments, _ = self._run(
            samples, language, "transcribe", word_timestamps=True, hallucination_silence_threshold=2
        )
        seconds = len(samples) / RATE
        utterances = []
        for segment in segments:
            words = tuple(_words(segment.words or ()))
            text = segment.text.strip()
            if not text:
                continue
            start = words[0].start if words else float(segment.start)
            end = words[-1].end if words else float(segment.end)
            start = min(max(0.0, start), seconds)
            utterances.append(
                Utterance(start, min(max(start, end), seconds), text, language, words)
            )
        return utterances

    def translate(self, samples: Samples, language: str) -> str:
        """Translates one segment of speech into English."""
        segments, _ = self._run(samples, language, "translate", without_timestamps=True)
        return " ".join(text for text in (segment.text.strip() for segment in segments) if text)

    def _detect_language(self, samples: Samples) -> str:
        if self.languages:
            return "en"
        language, probability, _ = self._model.detect_language(samples)
        # A few words may sound like any language: they are taken for the one before.
        if probability >= _MIN_LANGUAGE_PROBABILITY or self._language is None:
            self._language = str(language)
        return self._language

    def _check_language(self, language: str | None) -> None:
        known = self._model.supported_languages
        if language is not None and language not in known:
            raise ParameterError(
                "language",
                f"is no language that {self.name} knows",
                f"use one of {', '.join(known)}" + ("" if len(known) > 1 else ", or a model"),
                language,
            )

    def _run(self, samples: Samples, language: str, task: str, **settings: Any) -> Any:
        return self._model.transcribe(
            samples,
            language=language,
            task=task,
            beam_size=5,
            # A mistake in one segment is not to be repeated in the next.
            condition_on_previous_text=False,
            **settings,
        )


def _words(found: Iterable[Any]) -> list[Word]:
    return [
        Word(word.word.strip(), float(word.start), float(word.end), float(word.probability))
        for word in found
        if word.word.strip()
    ]


def _library() -> Any:
    try:
        import faster_whisper
    except ModuleNotFoundError as error:
        raise missing_package("Whisper", error.name) from error
    from ctranslate2 import set_random_seed

    # Where Whisper is unsure it samples at random: the same in every run on the same speech.
    set_random_seed(0)
    return faster_whisper
