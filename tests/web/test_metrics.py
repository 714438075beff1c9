"""Counters in Prometheus' text format."""

from __future__ import annotations

from ser.web.metrics import Metrics


def test_text() -> None:
    metrics = Metrics()
    metrics.count("ser_requests_total", path="/v1/analyze", status=200)
    metrics.count("ser_requests_total", 2, path="/v1/analyze", status=200)
    lines = metrics.text({"ser_streams": 3}).splitlines()
    assert 'ser_requests_total{path="/v1/analyze",status="200"} 3' in lines
    assert "ser_busy_total 0" in lines
    assert lines[-1] == "ser_streams 3"
