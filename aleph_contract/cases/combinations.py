"""Valid inputs of several parts: each optional property alone, all together, pairs of bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from aleph_contract.cases.case import Case
from aleph_contract.cases.substitution import replaced
from aleph_contract.schema.document import Document
from aleph_contract.schema.generation.budget import Budget
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.interface import Hints, Size
from aleph_contract.schema.pointers import parts
from aleph_contract.schema.subschemas import nodes


class Combination(NamedTuple):
    """One valid input, with a name and a note."""

    name: str
    input: Any
    note: str


#: Inputs with all properties: last part of the name -> size of the values.
_SIZES: dict[str, Size] = {
    "all": "full",
    "every-minimum": "smallest",
    "every-maximum": "largest",
}


def together(
    document: Document, hints: Hints, gray: Callable[[Any], str], budget: Budget
) -> Iterator[Combination]:
    """Each optional property alone; all of them; all at their minimum, and at their maximum.

    Args:
        document: The input schema.
        hints: Realistic values by location.
        gray: Returns why an input is gray, or the empty string.
        budget: The steps of the searches.
    """
    smallest = next(Builder(document, hints, budget=budget).values(), None)
    full = next(Builder(document, hints, "full", budget=budget).values(), None)
    if not isinstance(smallest, dict) or not isinstance(full, dict):
        return
    optional = [name for name in full if name not in smallest]
    for name in optional:
        alone = {**smallest, name: full[name]}
        yield Combination(f"only/{name}", alone, f"`{name}` is the only optional property.")
    for given in (smallest, full):
        name = "reversed" if given is smallest else "reversed/all"
        yield Combination(name, dict(reversed(given.items())), "The same keys in reverse order.")
    for label, size in _SIZES.items():
        for branch in range(_widest_union(document)):
            whole = next(
                Builder(document, hints, size, branch=branch, budget=budget).values(), None
            )
            if isinstance(whole, dict):
                name = f"{label}-{branch + 1}" if branch else label
                yield from _with_and_without(name, whole, optional, gray)


def _with_and_without(
    name: str, whole: dict[str, Any], optional: list[str], gray: Callable[[Any], str]
) -> Iterator[Combination]:
    """An input; if it is gray, also the same without the property that makes it gray."""
    yield Combination(name, whole, "All properties at once.")
    if gray(whole):
        for left_out in optional:
            partial = {key: value for key, value in whole.items() if key != left_out}
            if partial != whole and not gray(partial):
                yield Combination(
                    f"{name}/but/{left_out}",
                    partial,
                    f"All properties at once except `{left_out}`.",
                )


def _widest_union(document: Document) -> int:
    """The number of branches of the widest union, at most `_MAX_BRANCHES`."""
    unions = (node.schema for node in nodes(document) if isinstance(node.schema, dict))
    widths = (len(s[word]) for s in unions for word in ("anyOf", "oneOf") if word in s)
    return min(max(widths, default=1), _MAX_BRANCHES)


_MAX_BRANCHES = 6

#: Keywords that bound a number, a length or a count; and the most bounds that are paired.
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
_MAX_PAIRED = 24


def pairs(cases: Iterable[Case]) -> Iterator[Combination]:
    """Every pair of bounds that one input can hold."""
    bounds = [case for case in cases if _on_a_bound(case)][:_MAX_PAIRED]
    for one, other in combinations(bounds, 2):
        relation, both = _both(one, other)
        if relation and one.constraint and other.constraint:
            name = f"{relation}/{one.constraint.key}+{other.constraint.key}"
            yield Combination(name, both, "Two bounds at once.")


def _both(one: Case, other: Case) -> tuple[str, Any]:
    """The input on both bounds, and how it holds them: in two properties, or in two items."""
    first, second = _property(one), _property(other)
    if first != second:
        return "pair", {**one.input, second: other.input[second]} if second is not None else None
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


def _property(case: Case) -> str | None:
    """The property that holds the bound; `None` for a bound of the input itself."""
    return next(iter(parts(case.constraint.instance)), None) if case.constraint else None


def realistic(document: Document, hints: Hints, budget: Budget) -> Iterator[Combination]:
    """Texts, addresses and numbers as users write them, at every location that takes them."""
    seen: dict[str, None] = {}
    for node in nodes(document):
        known = [hint for hint in hints.get(node.instance, ()) if isinstance(hint, str)]
        if not known or node.instance in seen:
            continue
        seen[node.instance] = None
        given = next(Builder(document, hints, budget=budget).values(node.path), None)
        if given is None:
            continue
        prose = _TEXTS | _longest(node.schema)
        kind, texts = ("uri", _addresses(known[0])) if "://" in known[0] else ("text", prose)
        for label, text in texts.items():
            name = f"{kind}/{node.instance.lstrip('/')}/{label}"
            yield Combination(name, replaced(given, node.instance, text), f"{label}: {text[:60]}")
    yield from _fractions(document, hints, budget)


def _fractions(document: Document, hints: Hints, budget: Budget) -> Iterator[Combination]:
    """A number with decimal places, at every location that takes one."""
    for node in nodes(document):
        if isinstance(node.schema, dict) and node.schema.get("type") == "number":
            given = next(Builder(document, hints, budget=budget).values(node.path), None)
            if given is None:
                continue
            fraction = node.schema.get("minimum", 0) + _FRACTION
            name = f"number{node.key}/fraction"
            yield Combination(
                name,
                replaced(given, node.instance, fraction),
                f"A number with decimal places: {fraction}.",
            )


#: Four decimal places: fewer than every number format keeps, more than most user interfaces show.
_FRACTION = 0.4117

#: Text as users and shells write it, without a character that makes it gray.
_TEXTS = {
    "punctuation": 'Make it "noir"; keep the 2nd shot (100%) & the logo\'s #1 colour, ok?',
    "escapes": r"C:\new\table \u0041 %s %20 {0} ${HOME} $(date) `date` {{x}} \\",
    "outer-spaces": "  Slow zoom on the harbour  ",
    "looks-like-a-number": "42",
    "looks-like-null": "null",
    "two-lines": "First the harbour at dawn.\nThen the hills.",
    "outer-line-breaks": "\nSlow zoom on the harbour\n\n",
    "tabs": "\tdawn\tharbour\n\tdusk\thills\t",
    "windows-line-ends": "First the harbour at dawn.\r\nThen the hills.\r\n",
    "emoji": "A \U0001f305 over the harbour, \U0001f469\u200d\U0001f680 on deck \u2764\ufe0f",
    "accents": "Le café s'éveille : façade dorée, ciel d'été",
    "combining-accent": "Slow zoom on the cafe\u0301 terrace",
    "other-scripts": "東京の夜景, Ночь над рекой, Αθήνα",
}


def _longest(schema: Any) -> dict[str, str]:
    """A text of the maximum length, twice as long in bytes."""
    limit = schema.get("maxLength") if isinstance(schema, dict) else None
    return {} if limit is None else {"longest-accented": "é" * limit}


_MEDIA = {"mp4": "video/mp4", "mov": "video/quicktime", "png": "image/png", "jpg": "image/jpeg"}


def _addresses(known: str) -> Mapping[str, str]:
    suffix = known.rpartition(".")[2]
    media = _MEDIA.get(suffix, "application/octet-stream")
    return {
        "https-with-query": f"{known}?token=a%2Fb&expires=1781553600#t=1,2",
        "not-normalised": "https://Media.EXAMPLE.com:443/%7euser/a%2fb/clip+1." + suffix,
        "query-without-path": f"https://example.com?clip=1.{suffix}&sig=a+b%3d%3D",
        "runway": "runway://eyJhbGciOiJIUzI1NiJ9.c291cmNlLXVwbG9hZA.7Qk2",
        "data": f"data:{media};base64,AAAAIGZ0eXBpc29tAAACAGlzb21pc28yYXZjMW1wNDE=",
    }
