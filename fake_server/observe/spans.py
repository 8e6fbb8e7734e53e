"""A span for each exchange, through the API of OpenTelemetry.

The program that starts the fake configures the SDK and its exporter, for example
`opentelemetry-instrument aleph-contract serve --spans`; without an SDK the API drops the spans.
"""

from __future__ import annotations

from collections.abc import Callable

from aleph_contract.core.body_start import length_of
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import Journal, listen_here

_NANOSECONDS = 1_000_000_000
_SERVER_ERROR = 500


def emit_spans(journal: Journal) -> Callable[[], None]:
    """Emit a span for every new exchange; the returned function ends that.

    Raises:
        ArgumentError: The package `opentelemetry-api` is not installed.
    """
    try:
        from opentelemetry import trace
    except ImportError:
        raise ArgumentError(
            "spans need the package opentelemetry-api: pip install opentelemetry-distro"
        ) from None
    tracer = trace.get_tracer("aleph-contract")

    def emit(exchange: Exchange) -> None:
        start = int(exchange.received_at * _NANOSECONDS)
        span = tracer.start_span(
            f"{exchange.method} run",
            kind=trace.SpanKind.SERVER,
            start_time=start,
            attributes=attributes(exchange),
        )
        if exchange.status is None or exchange.status >= _SERVER_ERROR:
            span.set_status(trace.StatusCode.ERROR, exchange.outcome)
        span.end(end_time=start + int(exchange.elapsed * _NANOSECONDS))

    return listen_here(journal, emit)


def attributes(exchange: Exchange) -> dict[str, str | int | float | bool]:
    """The attributes of a span; by the semantic conventions for HTTP where they name one."""
    found: dict[str, str | int | float | bool] = {
        "http.request.method": exchange.method,
        "http.request.body.size": length_of(exchange.request_body),
        "http.response.body.size": length_of(exchange.response_body),
        "aleph.surface": exchange.surface,
        "aleph.outcome": exchange.outcome,
        "aleph.billed": exchange.billed,
        "aleph.usd": float(exchange.cost),
    }
    if exchange.status is not None:
        found["http.response.status_code"] = exchange.status
    if exchange.fault is not None:
        found["aleph.fault"] = exchange.fault
    return found
