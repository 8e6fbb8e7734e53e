"""The gateway's headers of a request, held to their documented ranges.

What the live service does with a value out of range is not known; the fake refuses it with 400
(assumed), since a client that sends one has misread the documentation. In range they are kept in
the journal and change nothing: a video is never cached (documented), and the fake does not fail
by itself, so that there is nothing to try again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import JSONError
from fake_server.replies.failures import Refused

#: Names the gateway; absent, it is the default one.
GATEWAY_ID = b"cf-aig-gateway-id"

_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)

#: Says what is wrong with a value; `None` is nothing.
Check = Callable[[str], "str | None"]


def check(headers: Mapping[bytes, bytes]) -> None:
    """Hold the gateway headers among `headers` to their ranges.

    Raises:
        Refused: One is out of range.
    """
    for name in headers.keys() & CHECKS.keys():
        reason = CHECKS[name](headers[name].decode("latin-1"))
        if reason:
            raise Refused("malformed-gateway-header", name=name.decode(), reason=reason)


def _count(unit: str, most: int | None = None) -> Check:
    bound = "" if most is None else f" and at most {most}"

    def checked(value: str) -> str | None:
        if _NUMBER.fullmatch(value) and (most is None or int(value) <= most):
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

#: What each header takes (documented).
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
