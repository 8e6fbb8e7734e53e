"""The records that the readers of the formats yield, before secrets are removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from aleph_contract.core.exchange import Exchange

Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """One request of a recording, and its response.

    Args:
        method: HTTP method.
        url: The whole URL.
        request_headers: Names in lower case, in order.
        request_body: `None` if the recording does not hold it.
        status: `None` if there was no response.
        response_headers: As recorded.
        response_body: `None` if the recording does not hold it, or not as it was sent.
        started: Unix time in seconds; `None` if the recording holds no times.
        elapsed: Seconds until the end of the response.
        place: Its place in the file, such as `entry 3`.
        hidden: Rules that this recording cannot show, with the reason.
        charged: USD that the service took for it; `None` if the recording does not say.
    """

    method: str
    url: str
    request_headers: Headers
    request_body: bytes | None
    status: int | None
    response_headers: Headers
    response_body: bytes | None
    started: float | None
    elapsed: float
    place: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)
    charged: Decimal | None = None


@dataclass(frozen=True, slots=True)
class RecordedExchange:
    """One exchange of a format of ours, which holds every field of it.

    Args:
        exchange: The exchange.
        place: Its place in the file, such as `line 3`.
        hidden: Rules that it cannot show, with the reason.
        checks_token: Whether the server is said to check tokens.
    """

    exchange: Exchange
    place: str
    hidden: Mapping[str, str] = field(default_factory=dict)
    checks_token: bool = False


@dataclass(frozen=True, slots=True)
class BadEntry:
    """An entry that is none of the format; the entries after it are read.

    Args:
        place: Its place in the file.
        reason: The problem.
    """

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class ForeignCall:
    """A call that is none of a served model; it is counted and not judged."""


#: What a reader yields for one entry of a file.
Entry = RecordedCall | RecordedExchange | BadEntry | ForeignCall
