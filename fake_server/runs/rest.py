"""The REST surface: `POST /client/v4/accounts/{account_id}/ai/run`.

The path of a call to a model of the provider's own goes on with the model, and its body is the
input (documented). A model of a third party in the path is no route (observed).

The order of checks is that of the live service: route, authentication, then content type and JSON,
the model, the input (observed; the position of content type and JSON is assumed).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from aleph_contract.core.exchange import RUN_PATH, Credential, SurfaceName, model_in_path
from aleph_contract.errors import ArgumentError, JSONError
from aleph_contract.rules.other_routes import route_name
from fake_server.replies import faults, zod_messages
from fake_server.replies.failures import JSON_TYPE, Failure, Refused, failure_body
from fake_server.replies.successes import enveloped
from fake_server.runs import catalog, gateway_headers
from fake_server.runs.decision import UNNAMED, Admission, RunCall
from fake_server.runs.json_body import parse
from fake_server.runs.models import Model, Models
from fake_server.runs.request import Headers, ReceivedRequest, RequestHead
from fake_server.state.accounts import ACCOUNT_ID, Account, AccountLookup
from fake_server.state.scenarios import ScenarioStep

#: Base path of the API.
API = "/client/v4"

ACCOUNTS_PATH = API + "/accounts/"

#: How the ids of the provider's own models start, which stand in the path (documented).
PROVIDER_PREFIX = "/@cf/"

_TYPE = (b"content-type", JSON_TYPE.encode())
_JSON = re.compile(rb'application/json *(; *charset="?utf-8"? *)?', re.IGNORECASE)

_BEARER = re.compile(rb"bearer +([!-~]+) *", re.IGNORECASE)
_TOKEN_HEADERS = (b"authorization", b"cf-aig-authorization")

#: Headers with checks of their own, which most requests do not have.
RARE_HEADERS = frozenset({b"content-encoding", gateway_headers.GATEWAY_ID, *gateway_headers.CHECKS})


class Rest:
    """See `Surface`."""

    name: SurfaceName = "rest"

    def __init__(self, models: Models, accounts: AccountLookup) -> None:
        self._models = models
        self._accounts = accounts

    def locate(self, head: RequestHead) -> tuple[Account, Refused | None]:
        """See `Surface`."""
        path, account = head.path, UNNAMED
        account_id, slash, rest = path.removeprefix(ACCOUNTS_PATH).partition("/")
        below = path.startswith(ACCOUNTS_PATH)
        well_formed = ACCOUNT_ID.fullmatch(account_id) is not None
        if below and well_formed:
            account = self._accounts.get(account_id)
        other = route_name(head.method, head.path)
        if other is None and not (below and self._is_route(slash + rest)):
            if account is UNNAMED:
                account = self._owner(head) or UNNAMED
            return account, Refused("no-route", target=head.path)
        well_formed = well_formed or not below
        return account, None if well_formed else Refused("malformed-account", target=path)

    def _owner(self, head: RequestHead) -> Account | None:
        """The account that the token was created for, of a call whose path names none."""
        try:
            return self._accounts.owner(_token(head))
        except Refused:
            return None

    def admit(self, head: RequestHead) -> Admission:
        """See `Surface`."""
        account, refused = self.locate(head)
        if other := route_name(head.method, head.path):
            return self._admit_other(head, account, refused, other)
        if refused is None and head.method != catalog.method_of(head.path):
            refused = Refused("wrong-method")
        if refused is not None:
            return Admission(self, account, refused=refused)
        try:
            token = _token(head)
        except Refused as error:
            return Admission(self, account, _without_token(head), refused=error)
        failure = self._accounts.refusal(account, token)
        if failure is None:
            step = account.next_step() if head.method == "POST" else None
            return Admission(self, account, "accepted", step)
        if not token.startswith(faults.FAULT_PREFIX):
            return Admission(self, account, "refused", refused=Refused(failure))
        try:
            return Admission(self, account, "accepted", step_named(token))
        except Refused as error:
            return Admission(self, account, refused=error)

    def _admit_other(
        self, head: RequestHead, account: Account, refused: Refused | None, name: str
    ) -> Admission:
        """Admit a call to a route beside the run route; where it names no account, its token does.

        No step of a scenario applies to it.
        """
        from fake_server.runs.other_routes import REPLIES  # only when used

        route = REPLIES[name]
        if refused is not None:
            return Admission(self, account, refused=refused)
        try:
            token = _token(head)
        except Refused as error:
            missing = Refused(route.missing) if b"authorization" not in head.by_name else error
            return Admission(self, account, _without_token(head), refused=missing)
        if account is UNNAMED:
            account = self._accounts.owner(token) or account
        failure = self._accounts.refusal(account, token)
        if failure is None or token.startswith(faults.FAULT_PREFIX):
            return Admission(self, account, "accepted", other=name)
        failure = route.wrong if failure == "token-wrong" else failure
        return Admission(self, account, "refused", refused=Refused(failure))

    def admit_download(self, head: RequestHead) -> Admission:
        """Admit a download of a result file, which only its token assigns to an account."""
        account = next(filter(None, map(self._accounts.owner, bearer_tokens(head.headers))), None)
        credential: Credential = "accepted" if account else "refused"
        return Admission(self, account or UNNAMED, credential, download=head.path)

    def credential(self, head: RequestHead, account: Account) -> Credential:
        """Whether `account` accepts a token of a request, in any header for tokens."""
        tokens = bearer_tokens(head.headers)
        if any(t.startswith(faults.FAULT_PREFIX) for t in tokens):
            return "accepted"
        if any(self._accounts.refusal(account, t) is None for t in tokens):
            return "accepted"
        return "refused" if tokens else _without_token(head)

    def open(self, request: ReceivedRequest, admission: Admission) -> RunCall:
        """See `Surface`."""
        account, step = admission.account, admission.step
        try:
            if not RARE_HEADERS.isdisjoint(request.head.by_name):
                step = check_rare_headers(request.head) or step
            document, plain = parse_body(request)
            model, value = self._call(request.head.path, document)
        except Refused as refused:
            return RunCall(account, step, refused=refused)
        return RunCall(account, step, value, plain, model=model)

    def headers(self, ray: bytes, status: int) -> Headers:  # noqa: ARG002 - see `Surface`
        """See `Surface`."""
        return _TYPE, (b"cf-ray", ray)

    def success(self, account: Account, bare: bytes) -> bytes:
        """The body of a success: bare or in its envelope, as the account's profile says."""
        return enveloped(bare) if account.profile == "live" else bare

    def failure(self, failure: Failure, message: str) -> bytes:
        """See `Surface`."""
        return failure_body(failure, message)

    @staticmethod
    def _is_route(path: str) -> bool:
        return (
            path == RUN_PATH
            or path.startswith(RUN_PATH + PROVIDER_PREFIX)
            or catalog.is_catalog(path)
        )

    def _call(self, path: str, body: object) -> tuple[Model, object]:
        """Model and input of a call."""
        name: object = model_in_path(path)
        if name:
            return self._models.find(name, in_path=True), body
        document = object_of(body)
        name = document.get("model")
        if not isinstance(name, str):
            raise _no_model(document, name)
        model = self._models.find(name, in_path=False)
        if "input" not in document:
            raise Refused("field-missing", path="input")
        return model, document["input"]


def bearer_tokens(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    """The bearer tokens in the headers for tokens, of which a gateway has one of its own."""
    given = (_BEARER.fullmatch(value) for name, value in headers if name in _TOKEN_HEADERS)
    return [token[1].decode("ascii") for token in given if token]


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


def parse_body(request: ReceivedRequest) -> tuple[object, bool]:
    """Parse the body of a request as JSON; also return `plain`, see `RunCall`.

    Raises:
        Refused: The content type is not JSON, or the body is not.
    """
    content_type = request.head.by_name.get(b"content-type", b"")
    if content_type != b"application/json" and not _JSON.fullmatch(content_type):
        raise Refused("content-type", actual=content_type.decode("latin-1") or "none")
    try:
        return parse(request.body)
    except JSONError as error:
        raise Refused("malformed-json", reason=error) from None


def object_of(document: object) -> dict[str, object]:
    """The body of a request that must be a JSON object.

    Raises:
        Refused: It is not.
    """
    if not isinstance(document, dict):
        raise wrong_type("body", "object", document)
    return document


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


def _no_model(document: Mapping[str, object], model: object) -> Refused:
    if "model" not in document:
        return Refused("field-missing", path="model")
    return wrong_type("model", "string", model)
