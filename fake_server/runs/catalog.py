"""The listing of models: `GET …/ai/catalog/models`, and `GET …/ai/catalog/models/{id}` for one.

The documentation's own tooling uses these routes; the form of the reply is the API's envelope
(assumed) around entries as they are published.
"""

from __future__ import annotations

from aleph_contract.contract.contract_set import ContractSet
from fake_server.replies.failures import Refused

CATALOG_PATH = "/ai/catalog/models"


def is_catalog(path: str) -> bool:
    """Whether a path below the account lists models."""
    return path == CATALOG_PATH or path.startswith(CATALOG_PATH + "/")


def model_listed(path: str) -> str | None:
    """The model id that the path of a listing names, empty for all; `None` for any other path."""
    _, found, rest = path.partition(CATALOG_PATH)
    if not found or (rest and not rest.startswith("/")):
        return None
    return rest[1:]


def method_of(path: str) -> str:
    """The only method of a route."""
    return "POST" if model_listed(path) is None else "GET"


def listing(contracts: ContractSet, model: str) -> bytes:
    """The reply body that lists one model, or every model if `model` is empty.

    Raises:
        Refused: No such model is served.
    """
    if not model:
        entries = (contracts.entry(name) or b"null" for name in contracts)
        return _enveloped(b"[" + b",".join(entries) + b"]")
    entry = contracts.entry(model)
    if entry is None:
        raise Refused("unknown-model", model=model)
    return _enveloped(entry)


def _enveloped(result: bytes) -> bytes:
    return b'{"result":' + result + b',"success":true,"errors":[],"messages":[]}'
