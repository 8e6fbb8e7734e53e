"""The lean path: a plain run, from its bytes to the bytes of its answer, in one go.

Most requests differ from the one before in nothing but their input: same account, same token, same
host. Whoever has made one run the long way (`rest`, `answering`, `runs`) is familiar, and its next
plain run takes only the steps that depend on the input. Whatever is out of the ordinary about a
request, down to a header that nobody sends, sends it the long way, which knows all the rules; the
tests hold both ways to the same answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from time import time
from typing import Any, NamedTuple

import orjson

from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import MAX_DEPTH
from fake_server.journal.base import Journal
from fake_server.replies.failures import JSON_TYPE
from fake_server.replies.successes import Replies
from fake_server.runs.json_body import floats_in
from fake_server.runs.request import Headers, Request
from fake_server.runs.rest import RARE, Rest
from fake_server.state.accounts import Account
from fake_server.state.billing import ZERO_USD, billed_seconds, cost

#: Bytes of body for which nobody needs to wait; a longer one may arrive slowly.
SHORT = 64 * 1024

#: About what an exchange costs in memory beyond its bodies, in bytes.
RECORD = 2500

#: Who is remembered at most.
_MOST = 10_000

_JSON = JSON_TYPE.encode()
_MEMBERS = {"model", "input"}
_UNUSUAL = RARE | {b"expect", b"transfer-encoding"}


class KnownCaller(NamedTuple):
    """Whose runs are familiar: the account, and where it fetches its videos from."""

    account: Account
    origin: bytes


class FastPath:
    """The lean path of one fake.

    Args:
        contract: What it answers for.
        door: The surface whose runs these are.
        replies: The replies to its inputs.
        journal: Where every exchange goes; one that nobody has to wait for.
        rays: What the next answers' `cf-ray` say.
    """

    def __init__(
        self,
        contract: Contract,
        door: Rest,
        replies: Replies,
        journal: Journal,
        rays: Iterator[bytes],
    ) -> None:
        self._model = contract.model
        self._price = contract.price_per_second
        self._valid = validator_for(contract).is_valid_plain
        self._door = door
        self._reply = replies.body
        self._journal = journal
        self._rays = rays
        self._callers: dict[tuple[bytes, bytes | None, bytes | None], KnownCaller] = {}

    def learn(self, request: Request, origin: bytes) -> None:
        """Let the caller of a run that completed the long way be familiar from now on."""
        if request.door is self._door and not request.query:
            if len(self._callers) >= _MOST:
                self._callers.clear()
            known = request.known
            key = request.raw_path, known.get(b"authorization"), known.get(b"host")
            self._callers[key] = KnownCaller(request.account, origin)

    def lookup(self, url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> KnownCaller | None:
        """The caller of a run by its head, if that is familiar and nothing in it unusual."""
        known: Mapping[bytes, bytes] = dict(headers)
        caller = self._callers.get((url, known.get(b"authorization"), known.get(b"host")))
        if (
            caller is None
            or caller.account.needs_slow_path
            or known.get(b"content-type") != _JSON
            or len(known) != len(headers)
            or not _UNUSUAL.isdisjoint(known)
        ):
            return None
        length = known.get(b"content-length", b"")
        return caller if length.isdigit() and int(length) <= SHORT else None

    def answer(
        self,
        caller: KnownCaller,
        url: bytes,
        headers: Sequence[tuple[bytes, bytes]],
        raw: bytes,
        received_at: float,
    ) -> tuple[Headers, bytes] | None:
        """Headers and body of the answer to a run that completes; `None` for the long way."""
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError:
            return None
        if type(document) is not dict or document.keys() != _MEMBERS:
            return None
        value = document["input"]
        floats = floats_in(value, MAX_DEPTH - 1)
        if floats is None or document["model"] != self._model or not self._valid(value):
            return None
        account = caller.account
        seconds = billed_seconds(value)
        usd = ZERO_USD if seconds is None else cost(seconds, self._price)
        if account.needs_slow_path or account.charge(seconds, usd) is not None:
            return None
        body = self._door.success(account, self._reply(value, caller.origin, floats))
        answered: Headers = (
            (b"content-type", _JSON),
            (b"cf-ray", next(self._rays)),
            (b"content-length", b"%d" % len(body)),
        )
        account.last_seen = received_at
        number = self._journal.arrive(account.id)
        record = partial(
            _exchange,
            (self._door, account, url, tuple(headers), raw, number, answered, body, seconds, usd),
            (received_at, time()),
        )
        self._journal.append(account.id, number, record, len(raw) + len(body) + RECORD)
        return answered, body


def _exchange(what: tuple[Any, ...], when: tuple[float, float]) -> Exchange:
    """The record of a lean run, made when somebody reads it."""
    door, account, url, headers, raw, number, answered, body, seconds, usd = what
    request = Request("POST", url.decode("ascii"), url, b"", headers, None)
    request.door, request.account, request.credential = door, account, "accepted"
    request.raw, request.complete, request.number = raw, True, number
    request.billed, request.seconds, request.cost = True, seconds, usd
    request.finish(200, answered, body, "completed")
    request.received_at, ended = when
    request.elapsed = max(ended - request.received_at, 0.0)
    return request.exchange()
