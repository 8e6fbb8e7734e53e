"""The Jinja environment of the inspector: filters, and values that every template can use."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timezone

from aleph_contract.contract import Contract
from aleph_contract.core import templating
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps
from fake_server.control.dependencies import CONTROL_PREFIX
from fake_server.inspector.listing import account_name
from fake_server.inspector.sidebar import describe_step
from fake_server.replies.failures import OUTCOMES
from fake_server.replies.faults import FAULTS, Fault
from fake_server.state.accounts import ACCOUNT_ID

#: Maximum characters of the request that a row shows.
MAX_EXCERPT = 140

#: CSS class of each outcome; the others get `bad`. The page always names the outcome as well.
TONES = {
    "completed": "good",
    "fault": "warn",
    "cut": "warn",
    "elsewhere": "neutral",
    "other-route": "neutral",
}


def renderer(contract: Contract, models: int = 1) -> Callable[..., str]:
    """A function that renders a template: `render("list.html", query=…)`.

    Args:
        contract: The default contract of the fake.
        models: The number of models that it serves.
    """
    jinja = templating.environment(str(__package__))
    jinja.filters.update(
        clock=_clock,
        iso=_iso,
        duration=_duration,
        account_name=account_name,
        short_account=_short_account,
        json=dumps,
        describe_step=describe_step,
        tone=_tone,
    )
    jinja.globals.update(
        contract=contract,
        models=models,
        home=CONTROL_PREFIX,
        outcomes=OUTCOMES,
        faults=FAULTS,
        fault_groups=_fault_groups(),
        excerpt=_excerpt(contract),
    )
    return lambda template, **values: jinja.get_template(template).render(values)


def _tone(exchange: Exchange) -> str:
    return TONES.get(exchange.outcome, "bad")


def _clock(seconds: float) -> str:
    return _local(seconds).strftime("%H:%M:%S.%f")[:-3]


def _iso(seconds: float) -> str:
    return _local(seconds).isoformat(timespec="milliseconds")


def _local(seconds: float) -> datetime:
    """Unix time in the time zone of this machine, where the reader of the page is too."""
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone()


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _short_account(account: str) -> str:
    return account[:8] if ACCOUNT_ID.fullmatch(account) else account_name(account)


def _fault_groups() -> dict[str, list[Fault]]:
    """The faults by class of their status, such as `4xx`."""
    groups: dict[str, list[Fault]] = {}
    for fault in FAULTS.values():
        groups.setdefault(_status_class(fault.status), []).append(fault)
    return dict(sorted(groups.items()))


def _status_class(status: int | None) -> str:
    if status is None:
        return "no response"
    return {2: "2xx without a result", 3: "3xx redirect"}.get(status // 100, f"{status // 100}xx")


def _excerpt(contract: Contract) -> Callable[[Exchange], str]:
    """A function that returns the text a row shows of a request.

    It is the first required string of the input, such as a prompt; otherwise the start of
    the body; otherwise method and URL.
    """
    name = re.escape(dumps(_required_text(contract)).encode())
    pattern = re.compile(name + rb'\s*:\s*"((?:[^"\\]|\\.){0,%d})' % MAX_EXCERPT)

    def excerpt(exchange: Exchange) -> str:
        found = pattern.search(exchange.request_body)
        raw = found[1] if found else exchange.request_body[:MAX_EXCERPT]
        text = raw.decode("utf-8", "replace")[:MAX_EXCERPT]
        return text or f"{exchange.method} {exchange.target}"

    return excerpt


def _required_text(contract: Contract) -> str:
    """The name of the first required member that is a string; a name that no body has if none."""
    schema = contract.input_schema
    if isinstance(schema, Mapping):
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            rules = properties.get(name)
            if isinstance(rules, Mapping) and rules.get("type") == "string":
                return str(name)
    return "\0"
