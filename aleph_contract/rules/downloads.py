"""Downloads of results that carry a token of the API.

Results of the real service are on another host than the API: the four examples of the model's page
are on a host of cloudfront.net (documented), and the URLs of other models are presigned (observed).
The fake serves results at the host that the client calls. A client that sends the token to that
host only is right, so such a download proves nothing. One from a host that no call went to does:
the result is there under `--intercept`, where the calls go to api.cloudflare.com.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from aleph_contract.core.escaping import pluralise
from aleph_contract.core.exchange import DOWNLOAD, Exchange

#: Outcome of a request to a host that only a reply of the service names.
_ELSEWHERE = "elsewhere"


def host_name(authority: str) -> str:
    """The host name in a `Host` header, in lower case and without a final dot."""
    try:
        return (urlsplit(f"//{authority}").hostname or "").rstrip(".")
    except ValueError:  # such as [::1
        return ""


def judged_downloads(exchanges: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """The exchanges of one account, without the downloads that prove nothing.

    A download from a host that no call went to gets the outcome `elsewhere`.
    """
    given = tuple(exchanges)
    if not any(x.outcome == DOWNLOAD for x in given):
        return given
    called = {host_name(x.host) for x in given if x.outcome not in (DOWNLOAD, _ELSEWHERE)}
    return tuple(filter(None, (_judged(x, called) for x in given)))


def _judged(exchange: Exchange, called: set[str]) -> Exchange | None:
    if exchange.outcome != DOWNLOAD:
        return exchange
    proves = called and host_name(exchange.host) not in called
    return replace(exchange, outcome=_ELSEWHERE) if proves else None


def notes_on_downloads(exchanges: Iterable[Exchange]) -> Iterator[str]:
    """At most one sentence, which counts the downloads with a token that prove nothing."""
    given = tuple(exchanges)
    by_account: dict[str, list[Exchange]] = {}
    for exchange in given:
        by_account.setdefault(exchange.account, []).append(exchange)
    left = sum(len(own) - len(judged_downloads(own)) for own in by_account.values())
    if left:
        yield (
            f"{pluralise(left, 'download of a result', 'downloads of results')} carried the token, "
            "which is not judged: the fake serves results at the host of the API, the real service "
            "at another host; to see whether the token goes there, let a test play the fault "
            "result-url-other-host, or add --intercept"
        )
