"""The REST surface: `POST /client/v4/accounts/{account_id}/ai/run`.

Checked in the live service's order: route, authentication, then the request's form, the model,
the input (observed); the form's place is assumed.
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
from fake_server.runs.json_body import parse
from fake_server.runs.request import Headers, Request
from fake_server.state.accounts import ACCOUNT_ID, Account, Accounts
from fake_server.state.scenarios import ScenarioStep

#: Base path of the API.
API = "/client/v4"

PREFIX = API + "/accounts/"
_RUN = "/ai/run"
_TYPE = (b"content-type", JSON_TYPE.encode())
_JSON = re.compile(rb'application/json *(; *charset="?utf-8"? *)?', re.IGNORECASE)

#: Headers that most requests do not have, and that make us look closer.
RARE = frozenset({b"content-encoding", gateway_headers.GATEWAY_ID, *gateway_headers.CHECKS})


class Rest:
    """What the REST surface does with a request, head first."""

    surface: SurfaceName = "rest"

    def __init__(self, contract: Contract, accounts: Accounts) -> None:
        self._model = contract.model
        self._accounts = accounts

    def admit(self, request: Request) -> None:
        """By its head, let a request in to its account and see what is to be played.

        Raises:
            Refused: No such route, or a token that does not let in.
        """
        account = self.locate(request)
        if request.method != "POST":
            raise Refused("wrong-method")
        token = _token(request)
        refusal = self._accounts.refusal(account, token)
        if refusal is None:
            request.step = account.next_step()
        elif token.startswith(faults.FAULT_PREFIX):
            request.step = asked_for(token)
        else:
            request.credential = "refused"
            raise Refused(refusal)
        request.credential = "accepted"

    def open(self, request: Request) -> None:
        """By its body, find the input that a request is about.

        Raises:
            Refused: The body is no run request for the model.
        """
        document = parse_body(request)
        model = document.get("model")
        if model != self._model:
            raise _no_model(document, model)
        if "input" not in document:
            raise Refused("field-missing", path="input")
        request.value = document["input"]

    def headers(self, request: Request) -> Headers:
        """The headers of every answer."""
        return _TYPE, (b"cf-ray", request.ray)

    def success(self, account: Account, bare: bytes) -> bytes:
        """The body of a success: bare or in its envelope, as the account's profile says."""
        return enveloped(bare) if account.profile == "live" else bare

    def failure(self, failure: Failure, message: str) -> bytes:
        """The body of a failure."""
        return failure_body(failure, message)

    def credential(self, request: Request) -> Credential:
        """How the token of a request stands to the account that was found for it."""
        try:
            token = _token(request)
        except Refused:
            return request.credential
        if token.startswith(faults.FAULT_PREFIX):
            return "accepted"
        return "refused" if self._accounts.refusal(request.account, token) else "accepted"

    def locate(self, request: Request) -> Account:
        """Find the account that a request is for.

        Raises:
            Refused: It goes to no run route.
        """
        path = request.path
        account_id, slash, rest = path.removeprefix(PREFIX).partition("/")
        good_id = path.startswith(PREFIX) and ACCOUNT_ID.fullmatch(account_id) is not None
        if good_id:
            request.account = self._accounts.get(account_id)
        if not path.startswith(PREFIX) or slash + rest != _RUN:
            raise Refused("no-route")
        if not good_id:
            raise Refused("malformed-account", target=path)
        return request.account


def _token(request: Request) -> str:
    """The bearer token of a request."""
    proof = request.known.get(b"authorization")
    if proof is None:
        request.credential = "missing"
        raise Refused("token-missing")
    scheme, _, token = proof.partition(b" ")
    if scheme.lower() != b"bearer" or not token.isascii() or len(token.split()) != 1:
        request.credential = "refused"
        raise Refused("token-malformed")
    return token.strip().decode("ascii")


def asked_for(name: str) -> ScenarioStep:
    """The step that a token or gateway id `fault-<name>` asks for.

    Raises:
        Refused: There is no such fault.
    """
    name = name.removeprefix(faults.FAULT_PREFIX)
    try:
        return ScenarioStep(faults.find(name), times=None)
    except ArgumentError:
        raise Refused("unknown-fault", name=name, known=", ".join(faults.FAULTS)) from None


def parse_body(request: Request) -> dict[str, object]:
    """The JSON object that a body holds.

    Raises:
        Refused: Another content type than JSON, a content encoding, a gateway header out of its
            range, or no JSON.
    """
    if not RARE.isdisjoint(request.known):
        look_closer(request)
    content_type = request.known.get(b"content-type", b"")
    if content_type != b"application/json" and not _JSON.fullmatch(content_type):
        raise Refused("content-type", actual=content_type.decode("latin-1") or "none")
    try:
        document, request.floats = parse(request.raw)
    except JSONError as error:
        raise Refused("malformed-json", reason=error) from None
    if not isinstance(document, dict):
        raise mistyped("body", "object", document)
    return document


def look_closer(request: Request) -> None:
    """Check the headers that most requests do not have.

    Raises:
        Refused: A content encoding, or a gateway header out of its range.
    """
    known: Mapping[bytes, bytes] = request.known
    encoding = known.get(b"content-encoding", b"identity").decode("latin-1")
    if encoding.lower() != "identity":
        raise Refused("content-encoding", actual=encoding)
    gateway_headers.check(known)
    name = known.get(gateway_headers.GATEWAY_ID, b"").decode("latin-1")
    if name.startswith(faults.FAULT_PREFIX):
        request.step = asked_for(name)


def mistyped(path: str, expected: str, value: object) -> Refused:
    """The refusal of a value of another type than expected, in the observed wording."""
    detail = f"Invalid input: expected {expected}, received {zod_messages.kind(value)}"
    return Refused("field-invalid", path=path, detail=detail)


def _no_model(document: Mapping[str, object], model: object) -> Refused:
    if "model" not in document:
        return Refused("field-missing", path="model")
    if not isinstance(model, str):
        return mistyped("model", "string", model)
    return Refused("unknown-model", model=model)
