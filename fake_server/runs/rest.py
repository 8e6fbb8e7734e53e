"""The REST surface: `POST /client/v4/accounts/{account_id}/ai/run`.

The order of checks is that of the live service: route, authentication, then content type and JSON,
the model, the input (observed; the position of content type and JSON is assumed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from aleph_contract.contract import Contract
from aleph_contract.core.exchange import Credential, SurfaceName
from aleph_contract.errors import ArgumentError, JSONError
from fake_server.replies import faults, zod_messages
from fake_server.replies.failures import JSON_TYPE, Failure, Refused, failure_body
from fake_server.replies.successes import enveloped
from fake_server.runs import gateway_headers
from fake_server.runs.decision import UNNAMED, Admission, RunCall
from fake_server.runs.json_body import parse
from fake_server.runs.request import Headers, ReceivedRequest, RequestHead
from fake_server.state.accounts import ACCOUNT_ID, Account, Accounts
from fake_server.state.scenarios import ScenarioStep

#: Base path of the API.
API = "/client/v4"

ACCOUNTS_PATH = API + "/accounts/"
_RUN = "/ai/run"
_TYPE = (b"content-type", JSON_TYPE.encode())
_JSON = re.compile(rb'application/json *(; *charset="?utf-8"? *)?', re.IGNORECASE)

#: Headers with checks of their own, which most requests do not have.
RARE_HEADERS = frozenset({b"content-encoding", gateway_headers.GATEWAY_ID, *gateway_headers.CHECKS})


class Rest:
    """See `Surface`."""

    name: SurfaceName = "rest"

    def __init__(self, contract: Contract, accounts: Accounts) -> None:
        self._model = contract.model
        self._accounts = accounts

    def locate(self, head: RequestHead) -> tuple[Account, Refused | None]:
        """See `Surface`."""
        path, account = head.path, UNNAMED
        account_id, slash, rest = path.removeprefix(ACCOUNTS_PATH).partition("/")
        below = path.startswith(ACCOUNTS_PATH)
        well_formed = ACCOUNT_ID.fullmatch(account_id) is not None
        if below and well_formed:
            account = self._accounts.get(account_id)
        if not below or slash + rest != _RUN:
            return account, Refused("no-route", target=head.path)
        return account, None if well_formed else Refused("malformed-account", target=path)

    def admit(self, head: RequestHead) -> Admission:
        """See `Surface`."""
        account, refused = self.locate(head)
        if refused is None and head.method != "POST":
            refused = Refused("wrong-method")
        if refused is not None:
            return Admission(self, account, refused=refused)
        try:
            token = _token(head)
        except Refused as error:
            return Admission(self, account, _without_token(head), refused=error)
        failure = self._accounts.refusal(account, token)
        if failure is None:
            return Admission(self, account, "accepted", account.next_step())
        if not token.startswith(faults.FAULT_PREFIX):
            return Admission(self, account, "refused", refused=Refused(failure))
        try:
            return Admission(self, account, "accepted", step_named(token))
        except Refused as error:
            return Admission(self, account, refused=error)

    def credential(self, head: RequestHead, account: Account) -> Credential:
        """Whether `account` accepts the token of a request."""
        try:
            token = _token(head)
        except Refused:
            return _without_token(head)
        if token.startswith(faults.FAULT_PREFIX):
            return "accepted"
        return "refused" if self._accounts.refusal(account, token) else "accepted"

    def open(self, request: ReceivedRequest, admission: Admission) -> RunCall:
        """See `Surface`."""
        account, step = admission.account, admission.step
        try:
            if not RARE_HEADERS.isdisjoint(request.head.by_name):
                step = check_rare_headers(request.head) or step
            document, floats = parse_body(request)
            value = self._input(document)
        except Refused as refused:
            return RunCall(account, step, refused=refused)
        return RunCall(account, step, value, floats)

    def headers(self, ray: bytes, status: int) -> Headers:  # noqa: ARG002 - see `Surface`
        """See `Surface`."""
        return _TYPE, (b"cf-ray", ray)

    def success(self, account: Account, bare: bytes) -> bytes:
        """The body of a success: bare or in its envelope, as the account's profile says."""
        return enveloped(bare) if account.profile == "live" else bare

    def failure(self, failure: Failure, message: str) -> bytes:
        """See `Surface`."""
        return failure_body(failure, message)

    def _input(self, document: Mapping[str, object]) -> object:
        model = document.get("model")
        if model != self._model:
            raise _wrong_model(document, model)
        if "input" not in document:
            raise Refused("field-missing", path="input")
        return document["input"]


def _token(head: RequestHead) -> str:
    """The bearer token of a request.

    Raises:
        Refused: There is no Authorization header, or no bearer token in it.
    """
    authorization = head.by_name.get(b"authorization")
    if authorization is None:
        raise Refused("token-missing")
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or not token.isascii() or len(token.split()) != 1:
        raise Refused("token-malformed")
    return token.strip().decode("ascii")


def _without_token(head: RequestHead) -> Credential:
    return "refused" if b"authorization" in head.by_name else "missing"


def step_named(name: str) -> ScenarioStep:
    """The step that an API token or gateway id `fault-<name>` asks for.

    Raises:
        Refused: No fault has that name.
    """
    name = name.removeprefix(faults.FAULT_PREFIX)
    try:
        return ScenarioStep(faults.find(name), times=None)
    except ArgumentError:
        raise Refused("unknown-fault", name=name, known=", ".join(faults.FAULTS)) from None


def parse_body(request: ReceivedRequest) -> tuple[dict[str, object], bool | None]:
    """Parse the body of a request as a JSON object; also return `floats`, see `RunCall`.

    Raises:
        Refused: The content type is not JSON, or the body is not a JSON object.
    """
    content_type = request.head.by_name.get(b"content-type", b"")
    if content_type != b"application/json" and not _JSON.fullmatch(content_type):
        raise Refused("content-type", actual=content_type.decode("latin-1") or "none")
    try:
        document, floats = parse(request.body)
    except JSONError as error:
        raise Refused("malformed-json", reason=error) from None
    if not isinstance(document, dict):
        raise wrong_type("body", "object", document)
    return document, floats


def check_rare_headers(head: RequestHead) -> ScenarioStep | None:
    """Check the headers of `RARE_HEADERS`.

    Returns:
        The step that the gateway id asks for, if any.

    Raises:
        Refused: The body has a content encoding, or a gateway header is invalid.
    """
    by_name = head.by_name
    encoding = by_name.get(b"content-encoding", b"identity").decode("latin-1")
    if encoding.lower() != "identity":
        raise Refused("content-encoding", actual=encoding)
    gateway_headers.check(by_name)
    gateway_id = by_name.get(gateway_headers.GATEWAY_ID, b"").decode("latin-1")
    return step_named(gateway_id) if gateway_id.startswith(faults.FAULT_PREFIX) else None


def wrong_type(path: str, expected: str, value: object) -> Refused:
    """The refusal of a value of the wrong type, in the observed wording."""
    detail = f"Invalid input: expected {expected}, received {zod_messages.kind(value)}"
    return Refused("field-invalid", path=path, detail=detail)


def _wrong_model(document: Mapping[str, object], model: object) -> Refused:
    if "model" not in document:
        return Refused("field-missing", path="model")
    if not isinstance(model, str):
        return wrong_type("model", "string", model)
    return Refused("unknown-model", model=model)
