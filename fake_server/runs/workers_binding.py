"""The Workers binding surface: the requests of the runtime's own `env.AI` client.

`POST http://workers-binding.ai/run?version=3`, or `/ai-gateway/run` when the call names a gateway.
The model is in a header; there is no token and no account id (source of the runtime). Replies are
bare in both profiles, and their content type is exactly `application/json`: with a charset the
runtime gives the Worker a stream instead of an object.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from aleph_contract.core.exchange import SurfaceName
from fake_server.replies.failures import JSON_TYPE, Failure, Refused, failure_body
from fake_server.replies.faults import FAULT_PREFIX
from fake_server.runs import gateway_headers
from fake_server.runs.decision import Admission, RunCall
from fake_server.runs.models import Model, Models
from fake_server.runs.request import Headers, ReceivedRequest, RequestHead
from fake_server.runs.rest import (
    RARE_HEADERS,
    check_rare_headers,
    object_of,
    parse_body,
    step_named,
    wrong_type,
)
from fake_server.runs.webhook import webhook_url
from fake_server.state.accounts import ACCOUNT_ID, BINDING, Account, AccountLookup
from fake_server.state.scenarios import ScenarioStep

_RUN = "/run"
_GATEWAY_RUN = "/ai-gateway/run"

#: The paths of this surface.
PATHS = frozenset({_RUN, _GATEWAY_RUN})

_MODEL = b"cf-consn-model-id"


class Binding:
    """See `Surface`."""

    name: SurfaceName = "binding"

    def __init__(
        self, models: Models, accounts: AccountLookup, *, background: bool = False
    ) -> None:
        self._background = background
        self._models = models
        self._accounts = accounts

    def locate(self, head: RequestHead) -> tuple[Account, None]:  # noqa: ARG002 - see `Surface`
        """The account of calls that name none; `open` may find another one in the body."""
        return self._accounts.get(BINDING), None

    def admit(self, head: RequestHead) -> Admission:
        """See `Surface`; the binding sends no token."""
        account, _ = self.locate(head)
        if head.method != "POST":
            return Admission(self, account, refused=Refused("wrong-method"))
        return Admission(self, account, step=account.next_step() if head.path == _RUN else None)

    def open(self, request: ReceivedRequest, admission: Admission) -> RunCall:
        """See `Surface`; the gateway id in the body selects the account or the fault."""
        account, step = admission.account, admission.step
        try:
            if not RARE_HEADERS.isdisjoint(request.head.by_name):
                step = check_rare_headers(request.head) or step
            body, plain = parse_body(request)
            document = object_of(body)
            if not isinstance(options := document.get("options", {}), dict):
                raise wrong_type("options", "object", options)
            if request.head.path == _GATEWAY_RUN:
                account, step = self._gateway(options, account, step)
            elif (gateway_id := _gateway_id(options)) and gateway_id.startswith(FAULT_PREFIX):
                step = step_named(gateway_id)  # the runtime ignores other ids on this path
            model, value = self._call(request.head, document)
            webhook = webhook_url(options) if self._background else None
        except Refused as refused:
            return RunCall(account, step, refused=refused)
        return RunCall(account, step, value, plain, webhook=webhook, model=model)

    def headers(self, ray: bytes, status: int) -> Headers:
        """See `Surface`; which gateway headers a response carries depends on its status."""
        return (
            (b"content-type", JSON_TYPE.encode()),
            (b"cf-ray", ray),
            (b"cf-ai-req-id", str(uuid.uuid4()).encode()),
            *gateway_headers.of_response(status),
        )

    def success(self, account: Account, bare: bytes) -> bytes:  # noqa: ARG002 - bare in both profiles
        """See `Surface`."""
        return bare

    def failure(self, failure: Failure, message: str) -> bytes:
        """See `Surface`."""
        return failure_body(failure, message, "binding", str(uuid.uuid4()))

    def _gateway(
        self, options: Mapping[str, object], account: Account, step: ScenarioStep | None
    ) -> tuple[Account, ScenarioStep | None]:
        """Account and step by the gateway id.

        Raises:
            Refused: There is no gateway id, or it names an unknown fault.
        """
        gateway_id = _gateway_id(options)
        if gateway_id is None:
            raise Refused("field-missing", path="options.gateway.id")
        if gateway_id.startswith(FAULT_PREFIX):
            return account, step_named(gateway_id)
        if ACCOUNT_ID.fullmatch(gateway_id):
            account = self._accounts.get(gateway_id)
        return account, step or account.next_step()

    def _call(self, head: RequestHead, document: Mapping[str, object]) -> tuple[Model, object]:
        """Model and input of a call."""
        model = self._models.find(head.by_name.get(_MODEL, b"").decode("latin-1"))
        if "inputs" not in document:
            raise Refused("field-missing", path="inputs")
        return model, document["inputs"]


def _gateway_id(options: Mapping[str, object]) -> str | None:
    """The gateway id in the options of a call, if it is a text."""
    gateway = options.get("gateway")
    gateway_id = gateway.get("id") if isinstance(gateway, dict) else None
    return gateway_id if isinstance(gateway_id, str) else None
