"""Check the gateway headers of a request against their documented ranges.

How the live service treats a value out of range is unknown. The fake refuses it with 400 (assumed),
since a client that sends one misreads the documentation. Valid values are journalled and have no
effect: a video is never cached (documented), and the gateway of the fake has nothing to retry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import JSONError
from fake_server.replies.failures import Refused

#: The header that names the gateway; without it, the default gateway is used.
GATEWAY_ID = b"cf-aig-gateway-id"

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
    if not isinstance(entries, dict):
        return "expected a JSON object"
    if len(entries) > _MAX_METADATA:
        return f"expected at most {_MAX_METADATA} entries, received {len(entries)}"
    if any(isinstance(entry, (dict, list)) for entry in entries.values()):
        return "expected strings, numbers and booleans as values"
    return None


_MAX_METADATA = 5

#: The check of each header (documented).
CHECKS: Mapping[bytes, Check] = {
    b"cf-aig-skip-cache": _word("true", "false"),
    b"cf-aig-cache-ttl": _count("seconds"),
    b"cf-aig-collect-log": _word("true", "false"),
    b"cf-aig-request-timeout": _count("milliseconds"),
    b"cf-aig-max-attempts": _count("attempts", 5),
    b"cf-aig-retry-delay": _count("milliseconds", 5000),
    b"cf-aig-backoff": _word("constant", "linear", "exponential"),
    b"cf-aig-metadata": _metadata,
}
