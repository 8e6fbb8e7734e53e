"""A reply that the fake did not make: one of a recording, or one of an upstream server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aleph_contract.rules.parsed_exchange import ReplyVerdict, classify_reply
from fake_server.runs.decision import Answer, RunCall
from fake_server.runs.request import Headers

#: Headers about one connection, which a proxy does not pass on (RFC 9110, 7.6.1), and the length,
#: which `Answer.of` sets.
_CONNECTION_HEADERS = frozenset(
    {
        b"connection",
        b"content-length",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class OutsideReply:
    """Status, headers and body as they came.

    Args:
        status: HTTP status.
        headers: Names in lower case, in order; those about one connection are left out.
        body: The bytes of the body.
    """

    status: int
    headers: Headers
    body: bytes

    def answer(self, outcome: str, *more: tuple[bytes, bytes]) -> Answer:
        """The reply as an answer, with further headers."""
        return Answer.of(self.status, (*self.headers, *more), self.body, outcome)

    def verdict(self, call: RunCall) -> ReplyVerdict:
        """Its class, by the contract of the model that was called; see `ReplyVerdict`."""
        headers = (
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in self.headers
        )
        contract = None if call.model is None else call.model.contract
        return classify_reply(self.status, headers, self.body, contract)


def end_to_end(headers: Iterable[tuple[bytes, bytes]], *without: bytes) -> Headers:
    """The headers that a proxy passes on, names in lower case.

    Args:
        headers: Request or response headers.
        *without: Names of further headers to leave out, in lower case.
    """
    pairs = [(name.lower(), value) for name, value in headers]
    named = {
        option.strip().lower()
        for name, value in pairs
        if name == b"connection"
        for option in value.split(b",")
    }
    dropped = _CONNECTION_HEADERS | named | set(without)
    return tuple(pair for pair in pairs if pair[0] not in dropped)


def outcome_of(kind: str, status: int, call: RunCall) -> str:
    """The outcome of a call: a refusal has that of the contract, if the contract refuses it too.

    Args:
        kind: See `ReplyVerdict`.
        status: HTTP status of the reply.
        call: The call, with the refusal by the contract, if any.
    """
    if kind == "completed":
        return "completed"
    refused = call.refused is not None and 400 <= status < 500  # noqa: PLR2004 - RFC 9110
    return call.refused.failure.outcome if refused and call.refused else "fault"
