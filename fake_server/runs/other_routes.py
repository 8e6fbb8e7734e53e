"""The replies of the routes beside the run route, such as the check of a token.

Each reply is in the API's envelope: `result`, `success`, `errors`, `messages`, and for a list
`result_info`. Sources: the API reference (documented), replies in public issues (observed); the
values themselves are made up, and equal for equal requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from math import ceil
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.jsonvalue import dumps
from fake_server.replies.failures import Provenance, Refused
from fake_server.runs import catalog

#: The account that a token without an account of its own can see.
ANY_ACCOUNT = "0" * 32

#: Models on a page of the search (assumed), and the most that a client may ask for (assumed).
_PAGE, _MAX_PAGE = 50, 1000

_ACTIVE = {"code": 10000, "message": "This API Token is valid and active", "type": None}


@dataclass(frozen=True, slots=True)
class OtherCall:
    """A call to one of the routes: its account, its path and query, and the served contracts."""

    account: str
    path: str
    query: str
    contracts: ContractSet

    def asked(self, name: str, default: str = "") -> str:
        """The value of a query parameter."""
        return parse_qs(self.query).get(name, [default])[-1]

    def asked_number(self, name: str, default: int, most: int) -> int:
        """The value of a query parameter as a number from 1 on; the default for other text."""
        text = self.asked(name)
        return min(max(int(text), 1), most) if text.isdecimal() and len(text) < 10 else default  # noqa: PLR2004 - digits


def _token(call: OtherCall) -> bytes:
    result = {"id": _digest("token", call.account), "status": "active"}
    return _enveloped(result, messages=[_ACTIVE])


def _account(call: OtherCall) -> bytes:
    return _enveloped(_account_object(call.account))


def _accounts(call: OtherCall) -> bytes:
    return _page(call, [_account_object(call.account)], per_page=20)


def _account_object(account: str) -> dict[str, Any]:
    return {
        "id": account,
        "name": "aleph-contract",
        "type": "standard",
        "settings": {"enforce_twofactor": False},
    }


def _search(call: OtherCall) -> bytes:
    wanted = call.asked("search").lower()
    task = call.asked("task").lower()
    author = call.asked("author").lower()
    models = [
        model
        for model in map(call.contracts.find, call.contracts)
        if model is not None
        and wanted in model.model.lower()
        and task in _task_name(model.entry).lower()
        and model.model.lower().removeprefix("@cf/").startswith(author)
    ]
    return _page(call, [_model_object(model.model, model.entry) for model in models], _PAGE)


def _model_object(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    task = _task_name(entry)
    return {
        "id": str(UUID(_digest("model", name))),
        "source": 1,
        "name": name,
        "description": entry.get("description", ""),
        "task": {"id": str(UUID(_digest("task", task))), "name": task, "description": ""},
        "created_at": entry.get("created_at", ""),
        "tags": entry.get("tags", []),
        "properties": entry.get("properties", []),
    }


def _task_name(entry: Mapping[str, Any]) -> str:
    """The task of an entry: its name alone, or an object that holds the name."""
    task = entry.get("task")
    name = task.get("name") if isinstance(task, Mapping) else task
    return name if isinstance(name, str) else ""


def _schema(call: OtherCall) -> bytes:
    name = call.asked("model")
    contract = call.contracts.find(name)
    if contract is None:
        raise Refused("unknown-model", model=name)
    return _enveloped(contract.entry.get("schema", {}))


def _catalog(call: OtherCall) -> bytes:
    return catalog.listing(call.contracts, catalog.model_listed(call.path) or "")


@dataclass(frozen=True, slots=True)
class OtherRoute:
    """How the fake answers one route.

    Args:
        reply: Returns the response body; raises `Refused`.
        provenance: How well the reply is known.
        missing: The failure without a token.
        wrong: The failure with a token that no account accepts.
    """

    reply: Callable[[OtherCall], bytes]
    provenance: Provenance
    missing: str = "token-missing"
    wrong: str = "token-wrong"


#: The names are those of `aleph_contract.rules.other_routes.OTHER_ROUTES`.
REPLIES: Mapping[str, OtherRoute] = {
    "GET /user/tokens/verify": OtherRoute(
        _token, "observed", "verify-token-missing", "verify-token-wrong"
    ),
    "GET /accounts": OtherRoute(_accounts, "documented"),
    "GET /accounts/{id}": OtherRoute(_account, "documented"),
    "GET /accounts/{id}/tokens/verify": OtherRoute(
        _token, "documented", "verify-token-missing", "verify-token-wrong"
    ),
    "GET /accounts/{id}/ai/models/search": OtherRoute(_search, "observed"),
    "GET /accounts/{id}/ai/models/schema": OtherRoute(_schema, "documented"),
    "GET /accounts/{id}/ai/catalog/models": OtherRoute(_catalog, "assumed"),
    "GET /accounts/{id}/ai/catalog/models/{model}": OtherRoute(_catalog, "assumed"),
}


def _page(call: OtherCall, items: list[dict[str, Any]], per_page: int) -> bytes:
    """One page of a list, with `result_info`."""
    size = call.asked_number("per_page", per_page, _MAX_PAGE)
    number = call.asked_number("page", 1, 10**9)
    shown = items[(number - 1) * size : number * size]
    info = {
        "page": number,
        "per_page": size,
        "count": len(shown),
        "total_count": len(items),
        "total_pages": ceil(len(items) / size),
    }
    return _enveloped(shown, result_info=info)


def _enveloped(result: object, messages: Iterable[object] = (), **more: object) -> bytes:
    document = {"result": result, "success": True, "errors": [], "messages": list(messages)}
    return dumps(document | more).encode("utf-8", "replace")


def _digest(*words: str) -> str:
    """32 hexadecimal digits, equal for equal words."""
    return blake2b("\n".join(words).encode("utf-8", "replace"), digest_size=16).hexdigest()
