"""Servers with one defect each, and lawful servers that differ from each other.

The tests judge them without a socket, and `benchmarks/servers.py` over one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from stub_server import CONTRACT, JSON, RESULT, Check, Stub, changed

from aleph_contract.cases.constraints import constraints
from aleph_contract.contract.validate import validator_for

IS_VALID = validator_for(CONTRACT).is_valid

#: How far a bound is moved by its keyword: numbers by less than one, counts by one.
_STEPS: dict[str, float] = {
    "minimum": -0.5,
    "exclusiveMinimum": -0.5,
    "maximum": 0.5,
    "exclusiveMaximum": 0.5,
    "minLength": -1,
    "minItems": -1,
    "minProperties": -1,
    "maxLength": 1,
    "maxItems": 1,
    "maxProperties": 1,
}


def without(pointer: str) -> Any:
    """A check of the schema without the keyword at a JSON Pointer."""

    def remove(schema: Any) -> None:
        *path, last = pointer.split("/")[1:]
        for part in path:
            schema = schema[int(part)] if isinstance(schema, list) else schema[part]
        del schema[last]

    return changed(remove)


#: Every constraint but a `type` beside an `enum` or `const`, which says the same.
CONSTRAINTS = {
    c.key: c.schema
    for c in constraints(CONTRACT)
    if c.keyword != "type"
    or not {"enum", "const"}
    & {o.keyword for o in constraints(CONTRACT) if o.instance == c.instance}
}


def bound(name: str, keyword: str, by: float) -> Any:
    def move(schema: Any) -> None:
        schema["properties"][name][keyword] += by

    return changed(move)


def only_first(given: Any) -> bool:
    """Check every item of an array but the last of several."""
    if not isinstance(given, dict):
        return IS_VALID(given)
    lists = {k: v[:-1] for k, v in given.items() if isinstance(v, list) and len(v) > 1}
    return IS_VALID({**given, **lists})


def utf8(given: Any) -> bool:
    prompt = given.get("prompt") if isinstance(given, dict) else None
    return IS_VALID(given) and not (
        isinstance(prompt, str) and len(prompt.encode("utf-8", "surrogatepass")) > 1000
    )


FAULTY: dict[str, tuple[Stub, str]] = {
    "accepts nothing": (Stub(allows=lambda _: False), "server.accepts"),
    "counts bytes": (Stub(allows=utf8), "server.accepts"),
    "accepts everything": (Stub(allows=lambda _: True), "server.refuses"),
    "maximum too high by 1": (Stub(allows=bound("seed", "maximum", 1)), "server.refuses"),
    "maximum too low by 1": (Stub(allows=bound("seed", "maximum", -1)), "server.accepts"),
    "duration from 0.5": (
        Stub(allows=bound("duration", "exclusiveMinimum", 0.5)),
        "server.accepts",
    ),
    "duration from -0.5": (
        Stub(allows=bound("duration", "exclusiveMinimum", -0.5)),
        "server.refuses",
    ),
    "last item unchecked": (Stub(allows=only_first), "server.refuses"),
    "no result": (Stub(result={"state": "Completed"}), "server.reply-shape"),
    "other member": (
        Stub(result={"state": "Completed", "result": {"url": "https://a.example/"}}),
        "server.reply-shape",
    ),
    "framework error": (Stub(refusal={"detail": "bad"}), "server.error-shape"),
    "html label": (Stub(content_type="text/html"), "server.content-type"),
    "raises": (Stub(crashes=True), "server.no-5xx"),
    "any token": (Stub(skips=("auth",)), "server.auth"),
    "any route": (Stub(skips=("route",)), "server.route"),
    "any model": (Stub(skips=("model",)), "server.model"),
    "any body": (Stub(skips=("json",)), "server.json"),
    "overcharges": (Stub(bill=Decimal("1.1")), "server.bill"),
}


def utf16(given: Any) -> bool:
    prompt = given.get("prompt") if isinstance(given, dict) else None
    units = len(prompt.encode("utf-16-le", "surrogatepass")) // 2 if isinstance(prompt, str) else 0
    return IS_VALID(given) and units <= 1000


LAWFUL: dict[str, Stub] = {
    "plain": Stub(),
    "UTF-16 lengths": Stub(allows=utf16),
    "422": Stub(refused_with=422),
    "wrapped": Stub(result={"result": RESULT, "success": True, "errors": [], "messages": []}),
    "other messages": Stub(refusal={"errors": [{"code": 1, "message": "nein"}], "success": False}),
    "other key order": Stub(result=dict(reversed(RESULT.items()))),
    "slow": Stub(delay=0.05),
    "chunked": Stub(chunked=True, content_type=f"{JSON}; charset=utf-8"),
    "HTTP/1.0": Stub(http="HTTP/1.0"),
}


def moved(pointer: str, by: float) -> Check:
    """A check of the schema with the bound at a JSON Pointer moved; an integer by a whole step."""

    def move(schema: Any) -> None:
        *path, last = pointer.split("/")[1:]
        for part in path:
            schema = schema[int(part)] if isinstance(schema, list) else schema[part]
        whole = schema.get("type") == "integer" or by == int(by)
        schema[last] += (1 if by > 0 else -1) if whole else by

    return changed(move)


def generated() -> Iterator[tuple[str, Stub, str]]:
    """Name, server and broken rule: one for each constraint, and two for each bound."""
    for key, pointer in CONSTRAINTS.items():
        yield f"without {key}", Stub(allows=without(pointer)), "server.refuses"
    for constraint in constraints(CONTRACT):
        by = _STEPS.get(constraint.keyword)
        if by is not None:
            looser = Stub(allows=moved(constraint.schema, by))
            stricter = Stub(allows=moved(constraint.schema, -by))
            yield f"{constraint.key} too loose", looser, "server.refuses"
            yield f"{constraint.key} too strict", stricter, "server.accepts"
