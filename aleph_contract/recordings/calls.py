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
from hashlib import blake2b
from urllib.parse import urljoin, urlsplit

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.exchange import RUN_PATH, Credential, Exchange
from aleph_contract.recordings.recorded_call import RecordedCall
from aleph_contract.recordings.redaction import Tokens
from aleph_contract.rules.parsed_exchange import read_reply, read_request
from aleph_contract.rules.traffic import contract_of
from fake_server.state.pricing import quote

#: Rules about a repeated call, for which the reply to the first must be known.
_REPETITION = ("error.not-retried", "error.bounded")

#: Why a rule is not judged.
NO_BILL = "the recording does not say which calls were billed"
NO_TOKEN = "the recording holds no token"  # noqa: S105 - a reason, not a password
REFUSED_TOKEN = "a 401 does not say whether the token is that of the account"  # noqa: S105
NO_REQUEST_BODY = "the request body is not in the recording"
NO_RESPONSE_BODY = "the response body is not in the recording as it was sent"

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
    """

    exchange: Exchange
    hidden: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Reader:
    """The state of `exchanges`: the tokens, the URLs that replies name, the numbers so far."""

    tokens: Tokens
    contracts: ContractSet
    named: dict[str, str] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def read(self, call: RecordedCall) -> Recorded | None:
        """The exchange of a call; `None` if it is not one to the API."""
        parts = urlsplit(call.url)
        elsewhere = self.named.get(call.url)
        if RUN_PATH not in parts.path and elsewhere is None:
            return None
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
            credential=self._credential(call),
            status=call.status,
            response_headers=hide.hide_headers(call.response_headers),
            response_body=hide.hide(call.response_body or b""),
            outcome="elsewhere",
            received_at=call.started,
            elapsed=call.elapsed,
            token_leaked=hide.leaked(call),
            host=parts.netloc.rpartition("@")[2],
            token_fingerprint=self._fingerprint(call),
        )
        if elsewhere is None:
            made = replace(made, outcome=_outcome(made, parts.path, call))
            made = _priced(made, self.contracts)
            self._remember(made, call.url)
        return Recorded(made, dict(self._hidden(call)))

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

    def _remember(self, made: Exchange, url: str) -> None:
        """Remember the URLs that a redirect or a failure names: a client may follow them."""
        reply = read_reply(made)
        if reply.kind == "redirect" and reply.message:
            self.named[urljoin(url, reply.message)] = made.account
        if reply.kind == "refused":
            self.named.update(dict.fromkeys(_URL.findall(reply.message), made.account))

    def _hidden(self, call: RecordedCall) -> Iterator[tuple[str, str]]:
        yield "billing.paid-once", NO_BILL
        if not self.tokens:
            for rule in ("request.auth", "security.token-leak", "security.token-host"):
                yield rule, NO_TOKEN
        elif call.status == _UNAUTHENTICATED:
            yield "request.auth", REFUSED_TOKEN
        if call.request_body is None:
            for rule in ("request.valid", "request.model", "request.envelope", *_REPETITION):
                yield rule, NO_REQUEST_BODY
        if call.response_body is None and call.status is not None:
            for rule in ("security.token-host", *_REPETITION):
                yield rule, NO_RESPONSE_BODY


def exchanges(
    calls: Iterable[RecordedCall], tokens: Tokens, contracts: ContractSet
) -> Iterator[Recorded | None]:
    """The exchange of each call, without tokens; `None` for a call to another server."""
    yield from map(_Reader(tokens, contracts).read, calls)


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
