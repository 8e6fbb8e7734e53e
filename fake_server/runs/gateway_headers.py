"""The gateway's headers: those of a request are checked, those of a response are made.

How the live service treats a value out of range is unknown. The fake refuses it with 400 (assumed),
since a client that sends one misreads the documentation. Valid values are journalled and have no
effect: a video is never cached (documented), and the gateway of the fake has nothing to retry.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from time import time_ns
from typing import Any
from uuid import UUID

from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import JSONError
from fake_server.replies.failures import Refused

#: The header that names the gateway; without it, the default gateway is used.
GATEWAY_ID = b"cf-aig-gateway-id"

#: The header with the caller's entries for the gateway's log.
METADATA = b"cf-aig-metadata"

#: The header that lets the gateway repeat a call to the provider.
MAX_ATTEMPTS = b"cf-aig-max-attempts"

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)

#: Returns what is wrong with a value, or `None`.
Check = Callable[[str], "str | None"]


def check(headers: Mapping[bytes, bytes]) -> None:
    """Check the values of all gateway headers.

    Raises:
        Refused: A value is out of range.
    """
    for name in headers.keys() & CHECKS.keys():
        reason = CHECKS[name](headers[name].decode("latin-1"))
        if reason:
            raise Refused("malformed-gateway-header", name=name.decode(), reason=reason)


def attempts(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """How often the gateway may call the provider; `None` if the request does not say clearly."""
    values = [value.decode("latin-1") for name, value in headers if name == MAX_ATTEMPTS] or ["1"]
    if len(values) > 1 or CHECKS[MAX_ATTEMPTS](values[0]):
        return None
    return max(1, int(values[0]))


def _count(unit: str, maximum: int | None = None) -> Check:
    bound = "" if maximum is None else f" and at most {maximum}"

    def checked(value: str) -> str | None:
        if _NUMBER.fullmatch(value) and (maximum is None or int(value) <= maximum):
            return None
        return f"expected {unit}, an integer from 0{bound}"

    return checked


def _word(*words: str) -> Check:
    return lambda value: None if value.lower() in words else f"expected {' or '.join(words)}"


def _metadata(value: str) -> str | None:
    try:
        entries = loads(value)
    except JSONError as error:
        return f"expected a JSON object: {error}"
    return None if isinstance(entries, dict) else "expected a JSON object"


#: Milliseconds that `cf-aig-retry-delay` may ask for. The documentation contradicts itself: a page
#: says 5 s, a change of 2026-09 says 60 s; the fake accepts what either allows.
MAX_RETRY_DELAY = 60_000

#: Entries of `cf-aig-metadata` that the gateway keeps.
MAX_METADATA = 5


def kept_metadata(value: str) -> dict[str, Any]:
    """The entries of a `cf-aig-metadata` header that the gateway logs (observed on the binding).

    Of more than five entries it keeps the first five. One entry that is null, an object or an array
    (assumed) loses all of them. In both cases there is no error.

    Args:
        value: The header, a JSON object.
    """
    entries: dict[str, Any] = dict(loads(value))
    if any(entry is None or isinstance(entry, (dict, list)) for entry in entries.values()):
        return {}
    return dict(islice(entries.items(), MAX_METADATA))


CHECKS: Mapping[bytes, Check] = {
    b"cf-aig-skip-cache": _word("true", "false"),
    b"cf-aig-cache-ttl": _count("seconds"),
    b"cf-aig-collect-log": _word("true", "false"),
    b"cf-aig-collect-log-payload": _word("true", "false"),
    b"cf-aig-zdr": _word("true", "false"),
    b"cf-aig-request-timeout": _count("milliseconds"),
    MAX_ATTEMPTS: _count("attempts", 5),
    b"cf-aig-retry-delay": _count("milliseconds", MAX_RETRY_DELAY),
    b"cf-aig-backoff": _word("constant", "linear", "exponential"),
    METADATA: _metadata,
}

_LOG_ID, _EVENT_ID, _REQUEST_ID = b"cf-aig-log-id", b"cf-aig-event-id", b"cf-aig-request-id"
_STEP = b"cf-aig-step"

#: The gateway's headers by status (observed, one account); any other status has all of them.
_CARRIED: Mapping[int, tuple[bytes, ...]] = {
    402: (_EVENT_ID, _REQUEST_ID),
    429: (_LOG_ID, _STEP),
}
_ALL = (_LOG_ID, _EVENT_ID, _REQUEST_ID, _STEP)


def of_response(status: int) -> tuple[tuple[bytes, bytes], ...]:
    """The gateway's headers of a response on the binding.

    For a run of one step the three ids are the same lower-case UUIDv7 (documented, 2026-10-08).
    """
    run_id = str(uuid7()).encode()
    return tuple((name, b"0" if name == _STEP else run_id) for name in _CARRIED.get(status, _ALL))


def uuid7() -> UUID:
    """A UUID of version 7: milliseconds of Unix time, then random bits (RFC 9562, 5.7)."""
    milliseconds = time_ns() // 1_000_000
    high = milliseconds << 16 | 7 << 12 | secrets.randbits(12)
    return UUID(int=high << 64 | 2 << 62 | secrets.randbits(62))
