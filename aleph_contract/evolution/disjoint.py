"""Prove that no value satisfies a conjunction of schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aleph_contract.evolution.bounds import lower, text_lengths, upper
from aleph_contract.evolution.conjunction import (
    Conjunction,
    alternatives,
    flatten,
    limits,
    member,
    required,
    types,
    values,
)

_MAX_DEPTH = 6


def is_empty(parts: Conjunction, depth: int = 0) -> bool:
    """Whether it is proved that no value satisfies all of `parts`.

    `False` means that no rule applies, not that such a value exists.
    """
    flat = flatten(parts)
    if flat is None:
        return True
    if depth > _MAX_DEPTH:
        return False
    kinds = types(flat)
    listed = values(flat)
    if listed is not None:
        return not listed
    if kinds and all(kind in _RULES and _RULES[kind](flat, depth) for kind in kinds):
        return True
    split = alternatives(flat)
    return not kinds or (split is not None and all(is_empty(branch, depth + 1) for branch in split))


def _no_object(parts: Conjunction, depth: int) -> bool:
    if _crossed(parts, "minProperties", "maxProperties"):
        return True
    return any(is_empty(member(parts, name), depth + 1) for name in required(parts))


def _no_number(parts: Conjunction, _depth: int) -> bool:
    least, excluded = lower(parts)
    most, also_excluded = upper(parts)
    return bool(least > most or ((excluded or also_excluded) and least == most))


def _no_text(parts: Conjunction, _depth: int) -> bool:
    least, most = text_lengths(parts)
    return bool(least > most)


def _crossed(parts: Conjunction, least: str, most: str) -> bool:
    return max(limits(parts, least), default=0) > min(limits(parts, most), default=float("inf"))


#: Type -> whether it is proved that no value of this type satisfies the parts.
_RULES: Mapping[str, Callable[[Conjunction, int], bool]] = {
    "object": _no_object,
    "integer": _no_number,
    "fraction": _no_number,
    "string": _no_text,
    "array": lambda parts, _: _crossed(parts, "minItems", "maxItems"),
}
