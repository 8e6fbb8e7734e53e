"""The Jinja environment of the inspector: filters, and values that every template can use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone

from aleph_contract.contract import Contract
from aleph_contract.core import templating
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import dumps
from fake_server.control.dependencies import CONTROL_PREFIX
from fake_server.inspector.call_summary import is_perhaps_billed
from fake_server.inspector.exports import EXPORT_FORMATS
from fake_server.inspector.listing import ListQuery, account_name
from fake_server.inspector.sidebar import describe_step
from fake_server.replies.faults import FAULTS, Fault
from fake_server.replies.outcomes import OUTCOMES
from fake_server.state.accounts import ACCOUNT_ID

#: CSS class of each outcome; the others get `bad`. The page always names the outcome as well.
TONES = {
    "completed": "good",
    "fault": "warn",
    "cut": "warn",
    "elsewhere": "neutral",
    "download": "neutral",
    "other-route": "neutral",
}


def renderer(contract: Contract, models: Sequence[str] = ()) -> Callable[..., str]:
    """A function that renders a template: `render("list.html", query=…)`.

    Args:
        contract: The default contract of the fake.
        models: The models that it serves.
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
        with_values=_with_values,
    )
    jinja.globals.update(
        contract=contract,
        models=models,
        is_perhaps_billed=is_perhaps_billed,
        home=CONTROL_PREFIX,
        outcomes=OUTCOMES,
        faults=FAULTS,
        export_formats=EXPORT_FORMATS,
        fault_groups=_fault_groups(),
    )
    return lambda template, **values: jinja.get_template(template).render(values)


def _tone(exchange: Exchange) -> str:
    return TONES.get(exchange.outcome, "bad")


def _with_values(query: ListQuery, **values: str) -> str:
    """The query string of another filter; see `ListQuery`."""
    return replace(query, **values).query_string


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
