"""Valid inputs beyond single constraints: each optional alone, all together, bounds in company."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from aleph_contract.cases.case import Case
from aleph_contract.cases.portability import doubt
from aleph_contract.cases.substitution import replaced
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.interface import Hints, Size
from aleph_contract.schema.subschemas import nodes


class Combination(NamedTuple):
    """One valid input, with a name and what it tells."""

    name: str
    input: Any
    note: str


#: What is asked of all properties at once.
_SIZES: dict[str, Size] = {
    "all": "full",
    "every-minimum": "smallest",
    "every-maximum": "largest",
}


def together(document: Document, hints: Hints) -> Iterator[Combination]:
    """Each optional property alone, all of them, and all at their least and at their most."""
    smallest = next(Builder(document, hints).values(), None)
    full = next(Builder(document, hints, "full").values(), None)
    if not isinstance(smallest, dict) or not isinstance(full, dict):
        return
    optional = [name for name in full if name not in smallest]
    for name in optional:
        alone = {**smallest, name: full[name]}
        yield Combination(f"only/{name}", alone, f"`{name}` is the one optional property.")
    for given in (smallest, full):
        name = "reversed" if given is smallest else "reversed/all"
        yield Combination(name, dict(reversed(given.items())), "The order of keys is free.")
    for label, size in _SIZES.items():
        for turn in range(_turns(document)):
            whole = next(Builder(document, hints, size, turn=turn).values(), None)
            if isinstance(whole, dict):
                name = f"{label}-{turn + 1}" if turn else label
                yield from _with_and_without(name, whole, optional)


def _with_and_without(
    name: str, whole: dict[str, Any], optional: list[str]
) -> Iterator[Combination]:
    """An input; and where it is gray, the same without what makes it so."""
    yield Combination(name, whole, "All properties at once.")
    if doubt(whole):
        for left_out in optional:
            rest = {key: value for key, value in whole.items() if key != left_out}
            if rest != whole and not doubt(rest):
                yield Combination(
                    f"{name}/but/{left_out}", rest, f"All properties at once but `{left_out}`."
                )


def _turns(document: Document) -> int:
    """How many branches the widest union has, each of which is to be seen once."""
    unions = (node.schema for node in nodes(document) if isinstance(node.schema, dict))
    widths = (len(s[word]) for s in unions for word in ("anyOf", "oneOf") if word in s)
    return min(max(widths, default=1), _MOST_TURNS)


_MOST_TURNS = 6

#: Keywords that bound a number, a length or a count, and how many bounds are paired at most.
_BOUNDS = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
]
_MOST_PAIRED = 24


def pairs(cases: Iterable[Case]) -> Iterator[Combination]:
    """Every two bounds at once, as far as one input can hold both."""
    bounds = [case for case in cases if _on_a_bound(case)][:_MOST_PAIRED]
    for one, other in combinations(bounds, 2):
        way, both = _both(one, other)
        if way and one.constraint and other.constraint:
            name = f"{way}/{one.constraint.key}+{other.constraint.key}"
            yield Combination(name, both, "Two bounds at once.")


def _both(one: Case, other: Case) -> tuple[str, Any]:
    """How two bounds go together: in two properties, or in two items of one list."""
    first, second = _property(one), _property(other)
    if first != second:
        return "pair", {**one.input, second: other.input[second]}
    items, more = one.input[first], other.input[first]
    if isinstance(items, list) and isinstance(more, list):
        return "beside", {**one.input, first: [*more, *items]}
    return "", None


def _on_a_bound(case: Case) -> bool:
    return (
        case.polarity == "valid"
        and case.portable
        and case.constraint is not None
        and case.constraint.keyword in _BOUNDS
        and isinstance(case.input, dict)
        and _property(case) in case.input
    )


def _property(case: Case) -> str:
    return (case.constraint.instance + "/").split("/")[1] if case.constraint else ""


def realistic(document: Document, hints: Hints) -> Iterator[Combination]:
    """Texts, addresses and numbers as people write them, in every place that takes them."""
    seen: dict[str, None] = {}
    for node in nodes(document):
        known = [hint for hint in hints.get(node.instance, ()) if isinstance(hint, str)]
        if not known or node.instance in seen:
            continue
        seen[node.instance] = None
        given = next(Builder(document, hints).values(node.trail), None)
        if given is None:
            continue
        prose = _TEXTS | _longest(node.schema)
        kind, texts = ("uri", _addresses(known[0])) if "://" in known[0] else ("text", prose)
        for label, text in texts.items():
            name = f"{kind}/{node.instance.lstrip('/')}/{label}"
            yield Combination(name, replaced(given, node.instance, text), f"{label}: {text[:60]}")
    yield from _fractions(document, hints)


def _fractions(document: Document, hints: Hints) -> Iterator[Combination]:
    """A number with digits after the point, in every place that takes one."""
    for node in nodes(document):
        if isinstance(node.schema, dict) and node.schema.get("type") == "number":
            given = next(Builder(document, hints).values(node.trail), None)
            if given is None:
                continue
            fraction = node.schema.get("minimum", 0) + _FRACTION
            name = f"number{node.key}/fraction"
            yield Combination(name, replaced(given, node.instance, fraction), f"It is {fraction}.")


#: Four digits after the point: less than any reader keeps, more than a slider shows.
_FRACTION = 0.4117

#: What people write, in letters that count as one everywhere; JSON carries it unchanged.
_TEXTS = {
    "punctuation": 'Make it "noir"; keep the 2nd shot (100%) & the logo\'s #1 colour, ok?',
    "escapes": r"C:\new\table \u0041 %s %20 {0} ${HOME} $(date) `date` {{x}} \\",
    "outer-spaces": "  Slow zoom on the harbour  ",
    "looks-like-a-number": "42",
    "looks-like-null": "null",
    "two-lines": "First the harbour at dawn.\nThen the hills.",
    "accents": "Le café s'éveille : façade dorée, ciel d'été",
    "combining-accent": "Slow zoom on the cafe\u0301 terrace",
    "other-scripts": "東京の夜景, Ночь над рекой, Αθήνα",
}


def _longest(schema: Any) -> dict[str, str]:
    """As long as may be, and twice as long in bytes."""
    limit = schema.get("maxLength") if isinstance(schema, dict) else None
    return {} if limit is None else {"longest-accented": "é" * limit}


_MEDIA = {"mp4": "video/mp4", "mov": "video/quicktime", "png": "image/png", "jpg": "image/jpeg"}


def _addresses(known: str) -> Mapping[str, str]:
    media = _MEDIA.get(known.rpartition(".")[2], "application/octet-stream")
    return {
        "https-with-query": f"{known}?token=a%2Fb&expires=1781553600#t=1,2",
        "runway": "runway://eyJhbGciOiJIUzI1NiJ9.c291cmNlLXVwbG9hZA.7Qk2",
        "data": f"data:{media};base64,AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMW1wNDE=",
    }
