"""Boundaries of `anyOf`, `oneOf` and `not`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from aleph_contract.schema.boundaries.proposals import Proposal, Schema, Site, valid, violating
from aleph_contract.schema.boundaries.values import SAMPLES


def any_of(limit: list[Schema], _: Site) -> Iterator[Proposal]:
    """`anyOf`: each branch once, and no branch."""
    for index, branch in enumerate(limit):
        yield valid(f"on-{index}", f"branch {index}", branch)
    yield from _no_branch(limit)


def one_of(limit: list[Schema], _: Site) -> Iterator[Proposal]:
    """`oneOf`: each branch alone, no branch, and each two branches at once."""
    for index, branch in enumerate(limit):
        others = [other for other in limit if other is not branch]
        only = {"allOf": [branch], "not": {"anyOf": others}} if others else branch
        yield valid(f"on-{index}", f"branch {index} and no other", branch, only)
    yield from _no_branch(limit)
    for one, other in combinations(range(len(limit)), 2):
        both = {"allOf": [limit[one], limit[other]]}
        yield violating(f"both-{one}-and-{other}", f"branches {one} and {other} at once", both)


def _no_branch(limit: list[Schema]) -> Iterator[Proposal]:
    none = {"not": {"anyOf": limit}}
    for name in ("null", "string", "object"):
        schemas = tuple({"allOf": [sample, none]} for sample in SAMPLES[name])
        yield violating(f"none-{name}", f"no branch: {name}", *schemas)


def opposite(limit: Schema, _: Site) -> Iterator[Proposal]:
    """`not`: a value that violates `limit`, and one that satisfies it."""
    yield valid("on", "a value that is not forbidden", {})
    yield violating("ruled-out", "a forbidden value", limit)
