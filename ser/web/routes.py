"""What programs and the page ask for: analysis, conversion, cues, timelines, models."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.websockets import WebSocket

import ser
from ser.api.timeline import Timeline
from ser.conversion.jobs import synthetic_comment
from ser.errors import SerError, failure_of
from ser.inference.recognizer import Recognizer
from ser.speakers.diarization import parse_count
from ser.web.bodies import upload
from ser.web.cues import measure_voice
from ser.web.formats import MEDIA_TYPES, choose_format, ending, render
from ser.web.live import LiveStream, live_recognizer
from ser.web.metrics import Metrics
from ser.web.problems import ProblemError, from_error
from ser.web.settings import WebConfig
from ser.web.timelines import TimelineRequest
from ser.web.work import Recording, Work

T = TypeVar("T")
_Seconds = Annotated[float | None, Query(gt=0, le=60, allow_inf_nan=False)]
_Moment = Annotated[float | None, Query(ge=0, allow_inf_nan=False)]
_Share = Annotated[float | None, Query(ge=0, lt=1, allow_inf_nan=False)]
# Closer windows than those of a live stream would cost time and show nothing more.
_Hop = Annotated[float | None, Query(ge=0.1, le=60, allow_inf_nan=False)]
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


# A number or a range, and never the name of a file.
_SPEAKERS = "^(auto|[1-9]|[1-9]-[1-9])$"


class Routes:
    """The interface for programs.

    Args:
        config: The settings.
        recognizer: The model, loaded once.
        work: Threads and their queue.
        metrics: The counters.

    Attributes:
        router: The paths under ``/v1``.
        streaming: Live streams at the moment.
    """

    def __init__(
        self, config: WebConfig, recognizer: Recognizer, work: Work, metrics: Metrics
    ) -> None:
        self._config = config
        self._recognizer = recognizer
        self._live = live_recognizer(recognizer)
        self._work = work
        self._metrics = metrics
        self.streaming = 0
        self.router = APIRouter(prefix="/v1")
        for path, answer, extra in (
            ("/analyze", self.analyze, _FILE),
            ("/translate", self.translate, _FILE),
            ("/cues", self.cues, _FILE),
            ("/timeline", self.timeline, None),
        ):
            self.router.add_api_route(path, answer, methods=["POST"], openapi_extra=extra)
        self.router.add_api_route("/models", self.models, methods=["GET"])
        self.router.add_api_websocket_route("/stream", self.stream)

    async def analyze(
        self,
        request: Request,
        duration: _Seconds = None,
        hop: _Hop = None,
        start: _Moment = None,
        end: _Moment = None,
        segments: bool = False,
        smooth: _Share = None,
        min_confidence: Annotated[float, Query(ge=0, le=1, allow_inf_nan=False)] = 0.0,
        coverage: _Share = None,
        vad: bool = True,
        speakers: Annotated[str | None, Query(pattern=_SPEAKERS)] = None,
        channel: Annotated[str, Query(pattern="^(mix|each|[1-9][0-9]?)$")] = "mix",
        prior: Annotated[str | None, Query(pattern="^alike$")] = None,
        format: str | None = None,
    ) -> Response:
        """Finds the emotions of a recording over time; the header Accept says in which format."""
        wanted = choose_format(request.headers.get("accept"), format)
        limit = (start or 0.0) + self._config.max_seconds
        options: dict[str, Any] = {
            "duration": duration,
            "hop": hop,
            "start": start or 0.0,
            "end": limit if end is None else min(end, limit),
            "segments": segments,
            "smooth": smooth,
            "min_confidence": min_confidence,
            "coverage": coverage,
            "vad": vad,
            "speakers": None if speakers is None else parse_count(speakers),
            "channel": int(channel) if channel.isdigit() else channel,
            "prior": prior,
        }

        def work(recording: Recording) -> bytes:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = ser.analyze(
                    recording, model=self._recognizer, name=recording.name, **options
                )
            return render(found, wanted)

        body, name = await self._heard(request, work)
        return _file(body, MEDIA_TYPES[wanted], f"{name}{ending(wanted)}")

    async def translate(
        self,
        request: Request,
        to: Annotated[str, Query(max_length=40)],
        intensity: Annotated[float, Query(ge=0, le=1.5, allow_inf_nan=False)] = 1.0,
    ) -> Response:
        """Gives the recording in another emotion, as WAV: synthetic speech."""

        def work(recording: Recording) -> bytes:
            import soundfile

            samples, rate = ser.translate(recording, to, intensity=intensity)
            target = io.BytesIO()
            channels = 1 if samples.ndim == 1 else samples.shape[1]
            with soundfile.SoundFile(target, "w", rate, channels, "PCM_16", format="WAV") as sink:
                sink.comment = synthetic_comment(to)
                sink.write(samples)
            return target.getvalue()

        body, name = await self._heard(request, work)
        return _file(body, "audio/wav", f"{name}.{to}.wav")

    async def cues(self, request: Request) -> dict[str, float]:
        """Measures pitch, range, loudness and pace of one sentence."""
        found, _ = await self._heard(request, measure_voice)
        return found.to_dict()

    def timeline(self, wanted: TimelineRequest, format: str = "jsonl") -> Response:
        """Writes windows, perhaps corrected by hand, in any format."""
        chosen = choose_format(None, format)
        found = Timeline(
            wanted.to_windows(self._recognizer.labels),
            labels=self._recognizer.labels,
            name=wanted.name,
            model=self._recognizer.classifier.path.stem,
        )
        try:
            body = render(found, chosen)
        except SerError as error:
            raise from_error(error) from error
        return _file(body, MEDIA_TYPES[chosen], f"{wanted.name}{ending(chosen)}")

    def models(self) -> dict[str, Any]:
        """Names the model, its emotions, and what can be asked for."""
        classifier = self._recognizer.classifier
        return {
            "models": [{"name": classifier.path.stem, "labels": list(classifier.labels)}],
            "formats": {
                name: {"media": media, "ending": ending(name)}
                for name, media in MEDIA_TYPES.items()
            },
            "max_bytes": self._config.max_bytes,
            "max_seconds": self._config.max_seconds,
        }

    async def stream(self, socket: WebSocket) -> None:
        """Takes live sound."""
        offered = socket.headers.get("sec-websocket-protocol", "").split(",")
        await socket.accept(subprotocol="ser" if "ser" in map(str.strip, offered) else None)
        if self.streaming >= self._config.streams:
            await socket.close(1013, "all streams are taken; try again soon")
            self._metrics.count("ser_busy_total")
            return
        self.streaming += 1
        try:
            stream = LiveStream(socket, self._live, self._config.max_seconds, self._metrics)
            await stream.run()
        finally:
            self.streaming -= 1

    async def _heard(self, request: Request, function: Callable[[Recording], T]) -> tuple[T, str]:
        """Reads the upload and works on it in a thread."""
        async with (
            self._work.place(),
            upload(request, self._work, self._config.max_bytes) as recording,
        ):
            try:
                return await self._work.run(
                    partial(function, recording), recording, request.is_disconnected
                ), recording.name
            except ProblemError:
                raise
            except Exception as error:
                # Decoders raise what they like; none of it is to end as a traceback.
                raise from_error(failure_of(recording.name, error)) from error


def _file(body: bytes, media: str, name: str) -> Response:
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    return Response(
        body,
        headers={"content-disposition": f'inline; filename="{safe}"', "content-type": media},
    )
