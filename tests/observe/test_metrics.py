"""Metrics and spans say what the journal says, and hold no secret."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from calling import HTTP, INPUT, PATIENCE, post
from prometheus_client.parser import text_string_to_metric_families

from fake_server.observe.metrics import Metrics
from fake_server.server import Server, running

PROMPT = "a prompt that no metric may hold"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as server:
        server.app.metrics = Metrics(server.app.journal)
        yield server


def samples(server: Server) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels: fault, outcome, status, surface."""
    response = HTTP.get(f"{server.inspector}metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def test_runs_are_counted_by_outcome_and_priced(server: Server) -> None:
    account = server.account()
    post(account, INPUT | {"prompt": PROMPT, "duration": 5})
    post(account, {name: value for name, value in INPUT.items() if name != "duration"})
    post(account, INPUT | {"seed": -1})
    account.scenario(["rate-limited"])
    post(account, INPUT)
    account.settle(PATIENCE)
    found = samples(server)
    assert found["aleph_requests_total", "", "completed", "200", "rest"] == 2
    assert found["aleph_requests_total", "", "invalid", "400", "rest"] == 1
    assert found["aleph_requests_total", "rate-limited", "fault", "429", "rest"] == 1
    assert found["aleph_billed_usd_total",] == pytest.approx(1.68)
    assert found["aleph_billed_seconds_total",] == 5
    assert found["aleph_unpriced_runs_total",] == 1
    assert found["aleph_response_seconds_count", "completed"] == 2


def test_no_metric_holds_a_secret_a_prompt_or_an_account(server: Server) -> None:
    account = server.account()
    post(account, INPUT | {"prompt": PROMPT})
    text = HTTP.get(f"{server.inspector}metrics").text
    assert "aleph_requests_total" in text
    for secret in (account.token, account.id, PROMPT):
        assert secret not in text


def test_without_metrics_the_route_says_how_to_start_them() -> None:
    with running() as server:
        response = HTTP.get(f"{server.inspector}metrics")
    assert response.status_code == 404
    assert "serve --metrics" in response.text


@pytest.mark.parametrize(
    ("call", "package"),
    [
        ("from fake_server.observe.metrics import Metrics; Metrics(None)", "prometheus_client"),
        ("from fake_server.observe.spans import emit_spans; emit_spans(None)", "opentelemetry"),
    ],
)
def test_a_missing_package_is_named(call: str, package: str) -> None:
    program = f"import sys; sys.modules[{package!r}] = None; {call}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert f"need the package {package.replace('_', '-')}" in done.stderr
    assert "pip install" in done.stderr


def test_the_default_start_imports_no_client_library() -> None:
    program = (
        "import sys; from fake_server.http.factory import create_app; create_app();"
        "print([name for name in sys.modules if name.startswith(('prometheus', 'opentelemetry'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
