"""Metrics of one fake in the text format of Prometheus.

They are counted from the exchanges that the journal reports, so a run costs nothing more unless
metrics are asked for. With a shared journal each fake counts its own runs.
"""

from __future__ import annotations

from aleph_contract import version
from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import ArgumentError
from fake_server.journal.base import Journal, listen_here

#: Upper bounds of the histogram of run times, in seconds: from a fast path run to a live one.
SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 180, 600)


class Metrics:
    """Counts the exchanges of a journal from now on.

    Args:
        journal: The journal.

    Raises:
        ArgumentError: The package `prometheus-client` is not installed.
    """

    def __init__(self, journal: Journal) -> None:
        try:
            import prometheus_client as prometheus
        except ImportError:
            raise ArgumentError(
                "metrics need the package prometheus-client: pip install 'aleph-contract[metrics]'"
            ) from None
        self.content_type: str = prometheus.CONTENT_TYPE_LATEST
        self._registry = prometheus.CollectorRegistry()
        self._generate = prometheus.generate_latest

        def counter(name: str, text: str, *labels: str) -> prometheus.Counter:
            return prometheus.Counter(name, text, labels, registry=self._registry)

        self._requests = counter(
            "aleph_requests", "Requests of the run routes.", "surface", "outcome", "status", "fault"
        )
        self._seconds = counter("aleph_billed_seconds", "Billed seconds of video.")
        self._usd = counter("aleph_billed_usd", "USD that the real service would charge.")
        self._maybe = counter("aleph_maybe_billed_usd", "USD of runs that perhaps were charged.")
        self._unpriced = counter("aleph_unpriced_runs", "Billed runs of unknown price.")
        self._time = prometheus.Histogram(
            "aleph_response_seconds",
            "Seconds from the request head to the last byte of the response.",
            ["outcome"],
            buckets=SECONDS,
            registry=self._registry,
        )
        about = prometheus.Gauge(
            "aleph_info", "The version that serves.", ["version"], registry=self._registry
        )
        about.labels(version.__version__).set(1)
        self.close = listen_here(journal, self.count)

    def count(self, exchange: Exchange) -> None:
        """Count one exchange."""
        status = "none" if exchange.status is None else str(exchange.status)
        fault = exchange.fault or ""
        self._requests.labels(exchange.surface, exchange.outcome, status, fault).inc()
        self._time.labels(exchange.outcome).observe(exchange.elapsed)
        if exchange.billed:
            done = exchange.outcome == "completed"
            (self._usd if done else self._maybe).inc(float(exchange.cost))
            if exchange.billed_seconds is None:
                self._unpriced.inc()
            elif done:
                self._seconds.inc(float(exchange.billed_seconds))

    def text(self) -> bytes:
        """All metrics, in the format that `content_type` names."""
        return self._generate(self._registry)
