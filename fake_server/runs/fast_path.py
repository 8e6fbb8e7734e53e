"""The fast path: answer a plain run, or refuse its input, within the parser's callback.

Most requests of a caller differ only in their input. After one full-path request (`rest`,
`responder`, `lifecycle`) the caller (path, token, host) is cached; its later plain runs take only
the steps that depend on the input. A request with anything unusual, even one unusual header, takes
the full path, which holds all rules. Tests check that both paths give the same answers and records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from time import time
from types import MethodType
from typing import NamedTuple

from aleph_contract.core.exchange import Exchange
from aleph_contract.core.jsonvalue import MAX_DIGITS
from fake_server.journal.base import Journal
from fake_server.replies.failures import JSON_TYPE, Refused, refusal
from fake_server.replies.first_violation import first_violation
from fake_server.replies.successes import canonical, digest_of_text
from fake_server.runs.decision import Surface
from fake_server.runs.json_body import decode, is_shallow
from fake_server.runs.models import Models
from fake_server.runs.request import NO_CHARGE, Charge, FinishedRequest, Headers, RequestHead
from fake_server.runs.rest import RARE_HEADERS, Rest
from fake_server.state.accounts import Account
from fake_server.state.billing import ZERO_USD, billed_seconds, cost

#: Bytes of the longest body on the fast path; a longer one may arrive slowly.
MAX_FAST_BODY = 64 * 1024

#: Approximate bytes of memory that an exchange occupies beside its bodies.
RECORD_SIZE = 2500

#: Bound on the cached callers; one more, and the cache is emptied.
MAX_CALLERS = 10_000

#: Bound on the heads that are kept, and on the bytes of each.
MAX_HEADS = 1000
MAX_HEAD = 4096

_END_OF_HEAD = b"\r\n\r\n"

_OK = 200
_JSON = JSON_TYPE.encode()
_MEMBERS = {"model", "input"}
#: What the journal keeps of a run: one tuple, because each object that it keeps for long costs time
#: when it is made and when it is dropped.
_Record = tuple[
    Account, bytes, Headers, bytes, int, float,
    int, bytes, bytes, str, Decimal | None, Decimal | None, float,
]  # fmt: skip

_UNUSUAL = RARE_HEADERS | {b"expect", b"transfer-encoding"}


class KnownCaller(NamedTuple):
    """A cached caller: its account, and the URL of its videos up to their file name."""

    account: Account
    origin: bytes


class KnownHead(NamedTuple):
    """A parsed head of a request on the fast path.

    Args:
        caller: The cached caller.
        url: The request target.
        headers: The headers, their names in lower case.
        length: Bytes of the body.
    """

    caller: KnownCaller
    url: bytes
    headers: Headers
    length: int


class FastPath:
    """The fast path of one fake.

    Args:
        models: The models that are served.
        rest: The only surface with a fast path.
        journal: Stores every exchange, at once.
        rays: Values of the `cf-ray` header.
    """

    def __init__(
        self,
        models: Models,
        rest: Rest,
        journal: Journal,
        rays: Iterator[bytes],
    ) -> None:
        self._models = models.named_in_body
        self._rest = rest
        self._journal = journal
        self._rays = rays
        self._callers: dict[tuple[bytes, bytes | None, bytes | None], KnownCaller] = {}
        self._heads: dict[bytes, KnownHead] = {}

    def learn(self, head: RequestHead, surface: Surface, account: Account, origin: bytes) -> None:
        """Cache the caller of a run that the full path admitted."""
        if surface is self._rest and not head.query:
            if len(self._callers) >= MAX_CALLERS:
                self._callers.clear()
            by_name = head.by_name
            key = head.raw_path, by_name.get(b"authorization"), by_name.get(b"host")
            self._callers[key] = KnownCaller(account, origin)

    def lookup(self, url: bytes, headers: Sequence[tuple[bytes, bytes]]) -> KnownCaller | None:
        """The caller of a request, if it is cached and the head has nothing unusual."""
        by_name: Mapping[bytes, bytes] = dict(headers)
        caller = self._callers.get((url, by_name.get(b"authorization"), by_name.get(b"host")))
        if (
            caller is None
            or caller.account.needs_slow_path
            or by_name.get(b"content-type") != _JSON
            or len(by_name) != len(headers)
            or not _UNUSUAL.isdisjoint(by_name)
        ):
            return None
        length = by_name.get(b"content-length", b"")
        return caller if length.isdigit() and int(length) <= MAX_FAST_BODY else None

    def learn_head(self, data: bytes, head: KnownHead) -> None:
        """Cache a parsed head, if `data` is its whole request: most clients repeat their heads."""
        end = data.find(_END_OF_HEAD)
        if 0 < end <= MAX_HEAD and len(data) == end + len(_END_OF_HEAD) + head.length:
            if len(self._heads) >= MAX_HEADS:
                self._heads.clear()
            self._heads[data[:end]] = head

    def recognise(self, data: bytes) -> tuple[KnownHead, bytes] | None:
        """Head and body of a request that arrived at once; `None` unless its head is cached.

        Args:
            data: What arrived, from the first byte of a request.
        """
        start, _, body = data.partition(_END_OF_HEAD)
        head = self._heads.get(start)
        return None if head is None or len(body) != head.length else (head, body)

    def answer(self, head: KnownHead, raw: bytes, received_at: float) -> tuple[int, bytes] | None:
        """Answer and record a run, or the refusal of its input.

        Returns:
            The status, and the headers and body of the response as they are sent; `None` if the run
            must take the full path.
        """
        try:
            document = decode(raw)
        except ValueError:
            return None
        if type(document) is not dict or document.keys() != _MEMBERS:
            return None
        if not is_shallow(raw, document):
            return None
        value, name = document["input"], document["model"]
        model = self._models.get(name) if type(name) is str else None
        if model is None or model.price is None or model.replies.has_raw:
            return None
        caller, url, headers, _ = head
        account = caller.account
        if account.needs_slow_path:
            return None
        is_valid = model.validator.is_valid_plain(value)
        if is_valid or len(raw) > MAX_DIGITS:  # a shorter text holds no integer that is refused
            try:
                text = canonical(value)
            except TypeError:  # an integer beyond 64 bits
                return None
        if is_valid:
            seconds = billed_seconds(value, model.lengths)
            usd = ZERO_USD if seconds is None else cost(seconds, model.price)
            if account.charge(seconds, usd) is not None:
                return None
            bare = model.replies.body(value, caller.origin, key=digest_of_text(text))
            status, body, outcome = _OK, self._rest.success(account, bare), "completed"
        else:
            seconds = usd = None
            found = first_violation(model.validator, value, len(raw), is_plain=True)
            status, body, outcome = self._refusal(refusal(found))
        ray = next(self._rays)
        account.last_seen = received_at
        number = self._journal.arrive(account.id)
        record = (
            account, url, headers, raw, number, received_at,
            status, ray, body, outcome, seconds, usd, time(),
        )  # fmt: skip
        pending = MethodType(_exchange, record)
        self._journal.append(account.id, number, pending, len(raw) + len(body) + RECORD_SIZE)
        return status, _RESPONSE % (ray, len(body), body)

    def _refusal(self, refused: Refused) -> tuple[int, bytes, str]:
        """Status, body and outcome of a refusal; those of inputs have no headers of their own."""
        failure = refused.failure
        return failure.status, self._rest.failure(failure, refused.message), failure.outcome


#: What `_response_headers` returns, and the body, as they are sent.
_RESPONSE = b"content-type: %b\r\ncf-ray: %%b\r\ncontent-length: %%d\r\n\r\n%%b" % _JSON


def _response_headers(ray: bytes, body: bytes) -> Headers:
    return (b"content-type", _JSON), (b"cf-ray", ray), (b"content-length", b"%d" % len(body))


def _exchange(record: _Record) -> Exchange:
    """Build the exchange of a run on the fast path, when the journal is read."""
    account, url, headers, raw, number, received_at, *_ = record
    *_, status, ray, body, outcome, seconds, usd, ended = record
    return FinishedRequest(
        number=number,
        account=account,
        surface=Rest.name,
        method="POST",
        target=url,
        headers=headers,
        body=raw,
        complete=True,
        credential="accepted",
        status=status,
        response_headers=_response_headers(ray, body),
        response_body=body,
        outcome=outcome,
        fault=None,
        charge=NO_CHARGE if usd is None else Charge(True, seconds, usd),
        received_at=received_at,
        elapsed=max(ended - received_at, 0.0),
    ).exchange()
