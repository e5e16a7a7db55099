"""Spans of requests for a collector of traces; loaded only where one is set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import Span

_QUERY = "url.query"


class _Discreet(SpanProcessor):
    """Keeps query strings out of spans, as they are kept out of the log."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002
        if span.attributes is not None and _QUERY in span.attributes:
            span.set_attribute(_QUERY, "-")


def provider(url: str, service: str) -> TracerProvider:
    """Return what makes spans of *service* and sends them to *url* by OTLP over HTTP."""
    made = TracerProvider(resource=Resource.create({"service.name": f"kembar-{service}"}))
    made.add_span_processor(_Discreet())
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    return made
