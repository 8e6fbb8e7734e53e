"""What the templates of the inspector can name, and how values look there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from aleph_contract import version
from aleph_contract.contract import Contract
from aleph_contract.core import templating
from aleph_contract.core.exchange import Exchange
from fake_server.control.dependencies import PREFIX
from fake_server.inspector.exchange_detail import literal
from fake_server.inspector.listing import PAGE, name_of
from fake_server.inspector.sidebar import words
from fake_server.replies.failures import OUTCOMES
from fake_server.replies.faults import FAULTS
from fake_server.state.accounts import ACCOUNT_ID

#: Characters of a request that a row shows.
EXCERPT = 140

#: How an outcome is coloured; any other is bad. The word itself always stands beside it.
TONES = {"completed": "good", "fault": "odd", "cut": "odd", "elsewhere": "calm"}


def environment(contract: Contract) -> Callable[..., str]:
    """A call that renders a template by name."""
    jinja = templating.environment(str(__package__))
    jinja.filters.update(
        clock=_clock, iso=_iso, took=_took, name_of=name_of, short=_short, literal=literal,
        words=words, tone=_tone,
    )  # fmt: skip
    jinja.globals.update(
        version=version.__version__,
        contract=contract,
        home=PREFIX,
        page=PAGE,
        outcomes=OUTCOMES,
        faults=FAULTS,
        kinds=_kinds(),
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
    """In the time zone of this machine, which is the reader's: the page is for its owner."""
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone()


def _took(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def _short(account: str) -> str:
    return account[:8] if ACCOUNT_ID.fullmatch(account) else name_of(account)


def _kinds() -> dict[str, list[Any]]:
    """The faults in groups that a reader looks for."""
    groups: dict[str, list[Any]] = {}
    for fault in FAULTS.values():
        groups.setdefault(_kind(fault.status), []).append(fault)
    return dict(sorted(groups.items()))


def _kind(status: int | None) -> str:
    if status is None:
        return "no answer"
    return {2: "2xx, not a result", 3: "3xx, elsewhere"}.get(status // 100, f"{status // 100}xx")


def _excerpt(contract: Contract) -> Callable[[Exchange], str]:
    """What a row shows of a request: the first required text of the input, else how it begins."""
    names = contract.input_schema.get("required", [])
    name = re.escape(names[0].encode()) if names else rb"\0"
    told = re.compile(rb'"' + name + rb'"\s*:\s*"((?:[^"\\]|\\.){0,%d})' % EXCERPT)

    def excerpt(exchange: Exchange) -> str:
        found = told.search(exchange.request_body)
        raw = found[1] if found else exchange.request_body[:EXCERPT]
        return raw.decode("utf-8", "replace")[:EXCERPT] or f"{exchange.method} {exchange.target}"

    return excerpt
