"""The Workers binding surface: what the runtime's own `env.AI` client speaks.

`POST http://workers-binding.ai/run?version=3`, or `/ai-gateway/run` when the call names a
gateway, with the model in a header and neither token nor account (the runtime's source). Replies
are bare in every profile, and their content type is exactly `application/json`: with a charset the
runtime hands the Worker a stream instead of an object.
"""

from __future__ import annotations

import secrets
import uuid

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import SurfaceName
from fake_server.replies import faults
from fake_server.replies.failures import JSON_TYPE, Failure, Refused, failure_body
from fake_server.runs.request import Headers, Request
from fake_server.runs.rest import asked_for, parse_body
from fake_server.state.accounts import ACCOUNT_ID, BINDING, Account, Accounts

_RUN = "/run"
_GATEWAY_RUN = "/ai-gateway/run"

#: Paths of this surface.
PATHS = frozenset({_RUN, _GATEWAY_RUN})

_MODEL = b"cf-consn-model-id"

#: Crockford's alphabet, of which the gateway's log ids are made (26 of them: a ULID).
_ULID = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Binding:
    """What the binding surface does with a request."""

    surface: SurfaceName = "binding"

    def __init__(self, contract: Contract, accounts: Accounts) -> None:
        self._model = contract.model
        self._accounts = accounts

    def admit(self, request: Request) -> None:
        """By its head: the binding asks for no token.

        Raises:
            Refused: No POST.
        """
        self.locate(request)
        if request.method != "POST":
            raise Refused("wrong-method")
        if request.path == _RUN:
            request.step = request.account.next_step()

    def locate(self, request: Request) -> Account:
        """The account of all that name none."""
        request.account = self._accounts.get(BINDING)
        return request.account

    def open(self, request: Request) -> None:
        """By its body, find the input; and by its gateway id, the account and the fault.

        Raises:
            Refused: The body is no run request, or the model unknown.
        """
        document = parse_body(request)
        if request.path == _GATEWAY_RUN:
            self._enter(request, document.get("options"))
        model = request.known.get(_MODEL, b"").decode("latin-1")
        if model != self._model:
            raise Refused("unknown-model", model=model)
        if "inputs" not in document:
            raise Refused("field-missing", path="inputs")
        request.value = document["inputs"]

    def headers(self, request: Request) -> Headers:
        """The headers of every answer (observed)."""
        log = "".join(secrets.choice(_ULID) for _ in range(26)).encode()
        return (
            (b"content-type", JSON_TYPE.encode()),
            (b"cf-ray", request.ray),
            (b"cf-ai-req-id", _id()),
            (b"cf-aig-log-id", log),
            (b"cf-aig-event-id", log),
            (b"cf-aig-request-id", _id()),
            (b"cf-aig-step", b"0"),
        )

    def success(self, account: Account, bare: bytes) -> bytes:  # noqa: ARG002 - bare in all profiles
        """The body of a success."""
        return bare

    def failure(self, failure: Failure, message: str) -> bytes:
        """The body of a failure."""
        return failure_body(failure, message, "binding", str(uuid.uuid4()))

    def _enter(self, request: Request, options: object) -> None:
        gateway = options.get("gateway") if isinstance(options, dict) else None
        name = gateway.get("id") if isinstance(gateway, dict) else None
        if not isinstance(name, str):
            raise Refused("field-missing", path="options.gateway.id")
        if name.startswith(faults.FAULT_PREFIX):
            request.step = asked_for(name)
            return
        if ACCOUNT_ID.fullmatch(name):
            request.account = self._accounts.get(name)
        request.step = request.step or request.account.next_step()


def _id() -> bytes:
    return str(uuid.uuid4()).encode()
