"""How requests end: every value of `Exchange.outcome`."""

from __future__ import annotations

from collections.abc import Mapping

#: Every value of `Exchange.outcome`, with its meaning.
OUTCOMES: Mapping[str, str] = {
    "completed": "the run was completed and billed",
    "invalid": "the input breaks the contract",
    "malformed": "the request cannot be parsed: HTTP framing, encoding, content type or JSON",
    "unauthenticated": "no token, or a wrong one",
    "forbidden": "the token of another account",
    "unknown-model": "no such model",
    "no-route": "no such route, or the wrong method for it",
    "no-credits": "the run costs more than the account's credits",
    "spend-limit": "the run would exceed the account's spend limit",
    "spend-cap": "not sent to the upstream: the spend cap does not cover it",
    "no-upstream": "the upstream gave no complete reply",
    "fault": "the response was a scripted fault, or a failure from a recording or an upstream",
    "cut": "the connection ended before the response did: by a scripted fault, or by the client",
    "other-route": "a call to another route of the API, which runs no model and is not judged",
    "elsewhere": "a request to the fake's other host name, which only a reply of the fake names",
    "download": "a download of a result, with a token, from the host of the fake",
}

#: The outcomes of calls that the fake in front of an upstream answered itself, without a fault.
NOT_ANSWERED = frozenset({"spend-cap", "no-upstream"})
