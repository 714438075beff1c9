"""The application: the interface for programs, the page, and the answers to errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

import ser
from ser.inference.recognizer import Recognizer
from ser.web.guard import App, Guard
from ser.web.metrics import MEDIA_TYPE as METRICS_TYPE
from ser.web.metrics import Metrics
from ser.web.problems import MEDIA_TYPE, ProblemError, problem
from ser.web.routes import Routes
from ser.web.settings import WebConfig
from ser.web.work import Work

PAGE = Path(__file__).parent / "page"
"""The files of the page."""

_DOCS = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>ser-web</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head><body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs.js"></script></body></html>"""


def make_app(config: WebConfig, recognizer: Recognizer) -> App:
    """Makes the application.

    Args:
        config: The settings.
        recognizer: The model, loaded once.

    Returns:
        An ASGI application behind its checks.
    """
    from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]

    metrics = Metrics()
    work = Work(config.workers, config.waiting, config.max_memory)
    routes = Routes(config, recognizer, work, metrics)
    app = FastAPI(title="ser-web", version=ser.__version__, docs_url=None, redoc_url=None)

    @app.get("/healthz", include_in_schema=False)
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics", include_in_schema=False)
    def counters() -> Response:
        gauges = {
            "ser_streams": routes.streaming,
            "ser_requests_inside": work.inside,
            "ser_upload_bytes": work.held,
        }
        return Response(metrics.text(gauges), headers={"content-type": METRICS_TYPE})

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(_DOCS)

    @app.middleware("http")
    async def count(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        route = request.scope.get("route")
        path = getattr(route, "path", "other")
        metrics.count("ser_requests_total", path=path, status=response.status_code)
        if response.status_code == 503:
            metrics.count("ser_busy_total")
        return response

    _answer_errors(app)
    app.include_router(routes.router)
    app.mount("/docs", StaticFiles(directory=swagger_ui_path))
    app.mount("/", StaticFiles(directory=PAGE, html=True))
    return Guard(app, config)


def _answer_errors(app: FastAPI) -> None:
    def answer(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
        return JSONResponse(problem(status, detail), status, headers, MEDIA_TYPE)

    @app.exception_handler(ProblemError)
    async def refuse(request: Request, error: ProblemError) -> Response:
        later = error.retry_after
        return answer(
            error.status, error.detail, None if later is None else {"retry-after": str(later)}
        )

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        said = "; ".join(
            f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()[:5]
        )
        return answer(422, said)

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        return answer(error.status_code, str(error.detail), dict(error.headers or {}))
