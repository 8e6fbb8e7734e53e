"""A corpus of hostile requests: malformed JSON, malformed HTTP, wrong routes, oversize bodies."""

from __future__ import annotations

from hostile_bodies import bodies, documents, inputs
from hostile_http import framings, headers, request_lines, routes
from hostile_request import ACCOUNT, MAX_BODY, Attack, request, run
from hostile_surfaces import bindings, controls, oversize

__all__ = ["ACCOUNT", "MAX_BODY", "Attack", "attacks", "request", "run"]


def attacks() -> list[Attack]:
    """All attacks, in a fixed order."""
    return [
        *bodies(),
        *documents(),
        *inputs(),
        *headers(),
        *framings(),
        *request_lines(),
        *routes(),
        *bindings(),
        *oversize(),
        *controls(),
    ]
