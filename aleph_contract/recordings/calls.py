"""Turn the calls of a recording into exchanges, and say which rules the recording cannot show.

A recording also holds calls to other servers: they are counted and dropped. A call belongs to the
API if its path has `/ai/run`, or if its URL is named by an earlier reply of the API.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from hashlib import blake2b
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import RUN_PATH, Credential, Exchange
from aleph_contract.core.jsonvalue import dumps
from aleph_contract.recordings.recorded_call import (
    BadEntry,
    Entry,
    ForeignCall,
    RecordedCall,
    RecordedExchange,
)
from aleph_contract.recordings.redaction import Tokens
from aleph_contract.rules.downloads import host_name
from aleph_contract.rules.parsed_exchange import read_reply, read_request
from aleph_contract.rules.traffic import contract_of
from fake_server.state.pricing import quote

#: Rules about a repeated call, for which the reply to the first must be known.
_REPETITION = ("error.not-retried", "error.bounded")

#: Rules about the body of a request, and about that of a reply.
_ABOUT_REQUEST_BODY = (
    "request.valid", "request.model", "request.envelope", *_REPETITION,
    "server.accepts", "server.refuses", "server.model", "server.json",
)  # fmt: skip
_ABOUT_RESPONSE_BODY = (
    "security.token-host", *_REPETITION,
    "server.reply-shape", "server.error-shape", "server.content-type",
)  # fmt: skip

#: URLs that replies named and that are remembered; the oldest one is forgotten first.
MAX_NAMED = 10_000

#: Why a rule is not judged.
NO_BILL = "the recording does not say which calls were billed"
NO_TOKEN = "the recording holds no token"  # noqa: S105 - a reason, not a password
REFUSED_TOKEN = "a 401 does not say whether the token is that of the account"  # noqa: S105
NO_REQUEST_BODY = "the request body is not in the recording"
NO_RESPONSE_BODY = "the response body is not in the recording as it was sent"
NO_CHARGE = "the recording does not say what the service took for a run"
UNKNOWN_CHECK = "the recording does not say whether the server checks tokens"

_ROUTE = re.compile(rf"/client/v4/accounts/([^/]+){RUN_PATH}(/@cf/.+)?")
_ACCOUNT = re.compile(r"/accounts/([^/]+)/")
_URL = re.compile(r"https?://[^\s\"'<>\\]+")

_UNAUTHENTICATED = 401


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange of a recording.

    Args:
        exchange: The exchange, without tokens.
        hidden: Rules that its recording cannot show, with the reason.
        place: Its place in the file, such as `entry 3`.
        timed: Whether the recording says when it was made.
        checks_token: Whether the server is said to check tokens.
        charged: USD that the service took for it; `None` if the recording does not say.
        has_reply: Whether the recording holds the body of the reply.
    """

    exchange: Exchange
    hidden: Mapping[str, str] = field(default_factory=dict)
    place: str = ""
    timed: bool = True
    checks_token: bool = False
    charged: Decimal | None = None
    has_reply: bool = True


class _Told(NamedTuple):
    """What is kept of a completed call whose reply names URLs: `token` is the fingerprint."""

    account: str
    host: str
    token: str


@dataclass(slots=True)
class _Reader:
    """The state of `exchanges`.

    Args:
        tokens: The tokens of the recording.
        contracts: The contracts that the calls are judged by.
        named: For each URL that a redirect or a failure names, the account that was told it.
        results: For each URL of a result, the call whose reply names it.
        numbers: The number of exchanges so far of each account.
        key: Key of the token fingerprints.
    """

    tokens: Tokens
    contracts: ContractSet
    named: dict[str, str] = field(default_factory=dict)
    results: dict[str, _Told] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def read(self, entry: Entry) -> Recorded | BadEntry | ForeignCall:
        """The exchange of an entry."""
        if isinstance(entry, RecordedExchange):
            return self._own(entry)
        return self._call(entry) if isinstance(entry, RecordedCall) else entry

    def _own(self, entry: RecordedExchange) -> Recorded:
        hidden = {"server.bill": NO_CHARGE, **entry.hidden}
        if not entry.checks_token:
            hidden["server.auth"] = UNKNOWN_CHECK
        return Recorded(
            self.tokens.hide_exchange(entry.exchange),
            hidden,
            entry.place,
            checks_token=entry.checks_token,
        )

    def _call(self, call: RecordedCall) -> Recorded | ForeignCall:
        parts = urlsplit(call.url)
        elsewhere = self.named.get(call.url)
        if (told := self._told(call, host_name(parts.netloc))) is not None:
            elsewhere = told.account
        if RUN_PATH not in parts.path and elsewhere is None:
            return ForeignCall()
        account = elsewhere if elsewhere is not None else _account(parts.path)
        self.numbers[account] += 1
        hide = self.tokens
        made = Exchange(
            number=self.numbers[account],
            account=account,
            surface="rest",
            method=call.method,
            target=hide.hide_text(parts.path + (f"?{parts.query}" if parts.query else "")),
            request_headers=hide.hide_headers(call.request_headers),
            request_body=hide.hide(call.request_body or b""),
            request_complete=call.request_body is not None,
            credential="accepted" if told is not None else self._credential(call),
            status=call.status,
            response_headers=hide.hide_headers(call.response_headers),
            response_body=hide.hide(call.response_body or b""),
            outcome="elsewhere",
            received_at=call.started or 0.0,
            elapsed=call.elapsed,
            token_leaked=hide.leaked(call),
            host=parts.netloc.rpartition("@")[2],
            token_fingerprint=self._fingerprint(call),
        )
        if elsewhere is None:
            made = replace(made, outcome=_outcome(made, parts.path, call))
            made = _priced(made, self.contracts)
            self._remember(made, call.url)
        timed = call.started is not None
        return Recorded(
            made,
            {} if told is not None else self._hidden(call),
            call.place,
            timed,
            charged=call.charged,
            has_reply=call.response_body is not None,
        )

    def _credential(self, call: RecordedCall) -> Credential:
        """Whether a bearer token was sent; `none` if the recording cannot tell."""
        if not self.tokens:
            return "none"
        value = dict(call.request_headers).get("authorization", "")
        if value.lower().startswith("bearer "):
            return "none" if call.status == _UNAUTHENTICATED else "accepted"
        return "missing"

    def _fingerprint(self, call: RecordedCall) -> str:
        value = dict(call.request_headers).get("authorization")
        if value is None:
            return ""
        return blake2b(value.encode("utf-8", "replace"), key=self.key, digest_size=8).hexdigest()

    def _told(self, call: RecordedCall, host: str) -> _Told | None:
        """The call whose result is downloaded from another host with the token of that call."""
        told = self.results.get(call.url)
        if told is None or not told.token or told.host == host:
            return None
        return told if told.token == self._fingerprint(call) else None

    def _remember(self, made: Exchange, url: str) -> None:
        """Remember the URLs that a reply names: a client may follow them."""
        reply = read_reply(made)
        if reply.kind == "redirect" and reply.message:
            self.named[urljoin(url, reply.message)] = made.account
        if reply.kind == "refused":
            self.named.update(dict.fromkeys(_URL.findall(reply.message), made.account))
        if reply.kind == "completed":
            told = _Told(made.account, host_name(made.host), made.token_fingerprint)
            self.results.update(dict.fromkeys(_URL.findall(dumps(reply.whole)), told))
        _forget_oldest(self.named)
        _forget_oldest(self.results)

    def _hidden(self, call: RecordedCall) -> dict[str, str]:
        """The rules that a call cannot show, with the reasons."""
        hidden = {"billing.paid-once": NO_BILL, "server.auth": UNKNOWN_CHECK}
        if call.charged is None:
            hidden["server.bill"] = NO_CHARGE
        if not self.tokens:
            about_token = ("request.auth", "security.token-leak", "security.token-host")
            hidden |= dict.fromkeys(about_token, NO_TOKEN)
        elif call.status == _UNAUTHENTICATED:
            hidden["request.auth"] = REFUSED_TOKEN
        if call.request_body is None:
            hidden |= dict.fromkeys(_ABOUT_REQUEST_BODY, NO_REQUEST_BODY)
        if call.response_body is None and call.status is not None:
            hidden |= dict.fromkeys(_ABOUT_RESPONSE_BODY, NO_RESPONSE_BODY)
        return hidden | dict(call.hidden)


def exchanges(
    entries: Iterable[Entry], tokens: Tokens, contracts: ContractSet
) -> Iterator[Recorded | BadEntry | ForeignCall]:
    """The exchange of each entry, without secrets."""
    yield from map(_Reader(tokens, contracts).read, entries)


def _forget_oldest(known: dict[str, Any]) -> None:
    while len(known) > MAX_NAMED:
        del known[next(iter(known))]


def _account(path: str) -> str:
    found = _ACCOUNT.search(path)
    return found[1] if found else ""


def _priced(made: Exchange, contracts: ContractSet) -> Exchange:
    """The exchange with the price of its run: every completed run is billed (documented)."""
    if made.outcome != "completed":
        return made
    contract = contract_of(made, contracts)
    run = read_reply(made, contract).whole
    price = quote(contract, read_request(made).input, run)
    return replace(made, billed=True, billed_seconds=price.seconds, cost=price.usd)


def _outcome(made: Exchange, path: str, call: RecordedCall) -> str:
    """The outcome, as far as the status and the reply show it."""
    if not _ROUTE.fullmatch(path) or made.method != "POST":
        return "no-route"
    if call.response_body is None and call.status is not None:
        return "completed"  # unknown: a later equal call is not judged as its repetition
    kind = read_reply(made).kind
    return {"completed": "completed", "cut": "cut"}.get(kind, "fault")
