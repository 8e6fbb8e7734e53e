"""What the fake decides about a request: admission by the head, the model call, the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import time as _now
from typing import Any, Final, NamedTuple, Protocol

from aleph_contract.core.clock import WALL_CLOCK, Clock
from aleph_contract.core.exchange import Credential, SurfaceName
from fake_server.replies.failures import Failure, Refused
from fake_server.replies.faults import Delivery
from fake_server.runs.models import Model
from fake_server.runs.request import (
    NO_CHARGE,
    Charge,
    FinishedRequest,
    Headers,
    ReceivedRequest,
    RequestHead,
)
from fake_server.runs.webhook import Webhook
from fake_server.state.accounts import NO_ACCOUNT, Account
from fake_server.state.scenarios import ScenarioStep

_NO_CONTENT = 204

#: The account of requests that name no account.
UNNAMED = Account(NO_ACCOUNT)


@dataclass(slots=True, eq=False)
class Admission:
    """What the head alone decides.

    Args:
        surface: The surface that the request came to.
        account: The account that it names; `UNNAMED` if none.
        credential: Whether the account accepts its token.
        step: The step of the scenario, or of the token, that applies to it.
        refused: Why it is refused, if it is.
        redirected: Whether it follows a redirect of the fake.
        other: Name of the route beside the run route that it was sent to, if it was.
        download: The path of the result file that it asks for, if it does.
    """

    surface: Final[Surface]
    account: Final[Account]
    credential: Final[Credential] = "none"
    step: Final[ScenarioStep | None] = None
    refused: Final[Refused | None] = None
    redirected: Final[bool] = False
    other: Final[str | None] = None
    download: Final[str | None] = None


@dataclass(slots=True, eq=False)
class RunCall:
    """The model call in a request body.

    Args:
        account: The account to bill; on the binding the body names it.
        step: The step that applies; on the binding the gateway id can name one.
        value: The input, unless the request is refused.
        plain: Whether the input holds only the types of `json.loads`, and no whole float.
        refused: Why the request is refused, if it is.
        webhook: The URL that gets the result of a background run.
        model: The model that is called, unless the request is refused.
    """

    account: Final[Account]
    step: Final[ScenarioStep | None]
    value: Final[Any] = None
    plain: Final[bool] = False
    refused: Final[Refused | None] = None
    webhook: Final[str | None] = None
    model: Final[Model | None] = None


class Answer(NamedTuple):
    """A response to send, and the outcome if all of it is sent."""

    status: int
    headers: Headers
    body: bytes
    outcome: str

    @classmethod
    def of(cls, status: int, headers: Headers, body: bytes, outcome: str) -> Answer:
        """An answer with a `content-length` header, except for 204, which has no body."""
        if status == _NO_CONTENT:  # RFC 9110, 8.6: a 204 has no Content-Length
            return cls(status, headers, b"", outcome)
        length = (b"content-length", b"%d" % len(body))
        return tuple.__new__(cls, (status, (*headers, length), body, outcome))


@dataclass(slots=True, eq=False)
class Applied:
    """The account that a request counts for, the step, the charge, and the webhook to call."""

    account: Final[Account]
    step: Final[ScenarioStep | None] = None
    charge: Final[Charge] = NO_CHARGE
    webhook: Final[Webhook | None] = None


#: Stores a finished request in the journal. Takes what was sent (status, headers, body, outcome);
#: returns an awaitable if the last byte must wait for the journal.
RecordSent = Callable[[int | None, Headers, bytes, str], "Awaitable[None] | None"]


@dataclass(slots=True, eq=False)
class Run:
    """A decided request, ready for delivery.

    Args:
        answer: The response.
        account: The account that the request counts for.
        delivery: How to send the response.
        seconds: Delay before the first byte; for `drip`, seconds that the body takes.
        record: Call it once, before the last byte is sent.
        webhook: The POST that ends a background run, and the seconds until then.
    """

    answer: Final[Answer]
    account: Final[Account]
    delivery: Final[Delivery]
    seconds: Final[float]
    record: Final[RecordSent]
    webhook: Final[tuple[Webhook, float] | None] = None


class Surface(Protocol):
    """One of the two surfaces: how its requests are read, and the shape of its responses."""

    @property
    def name(self) -> SurfaceName:
        """Its name."""

    def locate(self, head: RequestHead) -> tuple[Account, Refused | None]:
        """The account that the path names, and the refusal if the path is no run route."""

    def admit(self, head: RequestHead) -> Admission:
        """Check route, method and token."""

    def open(self, request: ReceivedRequest, admission: Admission) -> RunCall:
        """Read the model call from the body of an admitted request."""

    def headers(self, ray: bytes, status: int) -> Headers:
        """The headers of a response with this status."""

    def success(self, account: Account, bare: bytes) -> bytes:
        """The body of a success, made from the bare reply."""

    def failure(self, failure: Failure, message: str) -> bytes:
        """The body of a failure."""


def finish(  # noqa: PLR0917 - one caller
    request: ReceivedRequest,
    admission: Admission,
    applied: Applied,
    number: int,
    sent: tuple[int | None, Headers, bytes, str],
    clock: Clock = WALL_CLOCK,
) -> FinishedRequest:
    """Finish a request now.

    Args:
        request: The request.
        admission: What its head decided.
        applied: Account, step and charge.
        number: Its number in the journal.
        sent: Status, headers and body that were sent, and the outcome.
        clock: The clock of the client, which the times are given in.
    """
    head, step = request.head, applied.step
    status, response_headers, response_body, outcome = sent
    return FinishedRequest(  # positional arguments: this runs on every request
        number,
        applied.account,
        admission.surface.name,
        head.method,
        head.raw_path + b"?" + head.query if head.query else head.raw_path,
        tuple(head.headers),
        request.body,
        request.complete,
        admission.credential,
        status,
        response_headers,
        response_body,
        outcome,
        None if step is None or step.fault is None else step.fault.name,
        applied.charge,
        clock.at(head.received_at),
        max(clock.elapsed(_now() - head.received_at), 0.0),
    )
