"""Spans of requests: none unless a collector is set; then one for each, without what is secret."""

from __future__ import annotations

import importlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from kembar_shared.chassis.settings import Settings, SettingUnfit

TRACE = f"{2026:032x}"
SENT = {"traceparent": f"00-{TRACE}-{7:016x}-01", "X-Request-ID": "request-traced-1"}


@pytest.fixture
def collector():
    """Listen as a collector; yields its address and the requests that came."""
    came = []

    class Collect(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collect)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/traces", came
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def traced(collector, build, serve, monkeypatch, eventually_there):
    """Serve an app that is traced; return its client and a function: the spans that came."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    url, came = collector
    client = serve(build(settings=Settings(traces_url=url)))

    def spans(count):
        def look():
            return [
                ({a.key: a.value.string_value for a in resource.resource.attributes}, span)
                for request in came
                for resource in request.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            ]

        return eventually_there(look, count)

    return client, spans


@pytest.fixture
def eventually_there():
    def wait(look, count):
        done = threading.Event()
        for _ in range(100):
            if len(found := look()) >= count:
                return found
            done.wait(0.05)
        pytest.fail(f"{len(found)} spans of {count}")

    return wait


def test_a_request_goes_on_the_trace_it_came_with(traced, signing):
    client, spans = traced
    token = signing.token("measurements:read")

    with structlog.testing.capture_logs() as lines:
        headers = SENT | {"Authorization": f"Bearer {token}"}
        client.get("/v1/wells/7?limit=3&token=canary-query", headers=headers)
        ((resource, span),) = spans(1)

    attributes = {each.key: each.value.string_value for each in span.attributes}
    assert resource["service.name"] == "kembar-well"
    assert span.trace_id.hex() == TRACE
    assert span.name == "GET /v1/wells/{number}"
    assert attributes["http.route"] == "/v1/wells/{number}"
    assert "canary-query" not in str(span)
    assert token not in str(span)
    (line,) = (line for line in lines if line["event"] == "request")
    assert (line["trace_id"], line["request_id"]) == (TRACE, "request-traced-1")


def test_nothing_is_traced_unless_a_collector_is_set(build, serve):
    client = serve(build())

    with structlog.testing.capture_logs() as lines:
        client.get("/v1/open", headers=SENT)

    assert "trace_id" not in next(line for line in lines if line["event"] == "request")


def test_a_collector_without_the_extra_is_refused_in_words(build, monkeypatch):
    def absent(_name):
        raise ModuleNotFoundError("No module named 'opentelemetry.sdk'", name="opentelemetry.sdk")

    assembly = importlib.import_module("kembar_shared.chassis.app.assembly")
    monkeypatch.setattr(assembly, "resolve_name", absent)

    with pytest.raises(SettingUnfit, match=r"install kembar-well\[traces\]"):
        build(settings=Settings(traces_url="http://127.0.0.1:9/v1/traces"))
