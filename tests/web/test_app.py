"""Pages, health, metrics and documentation."""

from __future__ import annotations

import re

from webserver import Server


def test_everything_comes_from_here(server: Server) -> None:
    for path in ("", "app.js", "backend.js", "style.css", "words.js", "microphone.js", "docs"):
        answer = server.ask(path)
        assert answer.status == 200, path
        assert not re.search(rb"https?://(?!127)", answer.body), path
        assert "unsafe-inline" not in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
    for path in ("docs/swagger-ui.css", "docs/swagger-ui-bundle.js", "openapi.json"):
        assert server.ask(path).status == 200, path


def test_health_and_metrics(server: Server) -> None:
    assert server.ask("healthz").json == {"status": "ok"}
    assert b"# TYPE ser_requests_total counter" in server.ask("metrics").body
