"""Prove facts about the texts that a pattern matches: their lengths and their characters.

The facts hold for texts that `to_python` matches. That form has characters and ranges only, so a
class is a set of code points.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from aleph_contract.schema.code_points import EVERYTHING, CodePoints, complement, union
from aleph_contract.schema.regex import to_python
from aleph_contract.schema.regex_tree import codes, parsed


@lru_cache(maxsize=512)
def lengths(pattern: str) -> tuple[int, float]:
    """The least and the greatest number of characters of a text that matches `pattern`.

    `^[a-z]{2}(-[A-Z]{2})?$` gives 2 and 5. The greatest is infinite if the pattern is not anchored
    at both ends.
    """
    nodes = parsed(pattern)
    least, most = nodes.getwidth()
    finite = most < int(codes.MAXREPEAT) and _is_anchored(nodes)
    return int(least), int(most) if finite else math.inf


@lru_cache(maxsize=512)
def implies(narrow: str, wide: str) -> bool:
    r"""Whether it is proved that every text that matches `narrow` matches `wide`.

    It is proved for two patterns that are equal in the form of `to_python`, as `\d` and `[0-9]`
    are, and for a `wide` that limits only the characters and the length, as `^[ -~]*$` does.
    """
    if to_python(narrow) == to_python(wide):
        return True
    allowed, nodes = _repeated_class(wide), parsed(narrow)
    if allowed is None or not _is_anchored(nodes):
        return False
    least, most = lengths(narrow)
    used = (pair for points in _consumed(nodes) for pair in points)
    return (
        allowed.least <= least
        and most <= allowed.most
        and union([*allowed.points, *used]) == allowed.points
    )


class _RepeatedClass(NamedTuple):
    """All texts of these characters, from `least` to `most` of them."""

    points: CodePoints
    least: int
    most: float


_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT)


def _repeated_class(pattern: str) -> _RepeatedClass | None:
    """The class of a pattern such as `^[a-z]{2,5}$`; `None` for a pattern of another form."""
    nodes = list(parsed(pattern))
    if len(nodes) != 3 or not _is_anchored(nodes):  # noqa: PLR2004 - `^`, the class, `$`
        return None
    code, argument = nodes[1]
    least, most, inner = argument if code in _REPEATS else (1, 1, [nodes[1]])
    points = _points(*inner[0]) if len(inner) == 1 else None
    if points is None:
        return None
    return _RepeatedClass(points, int(least), math.inf if most is codes.MAXREPEAT else int(most))


def _is_anchored(nodes: Any) -> bool:
    """Whether a match begins and ends where the text does."""
    return _edge(nodes, 0, codes.AT_BEGINNING) and _edge(nodes, -1, codes.AT_END_STRING)


def _edge(nodes: Any, index: int, anchor: Any) -> bool:
    """Whether every way through `nodes` has the anchor first (index 0) or last (index -1)."""
    if not nodes:
        return False
    code, argument = nodes[index]
    if code is codes.AT:
        return argument is anchor
    if code is codes.SUBPATTERN:
        return _edge(argument[-1], index, anchor)
    return code is codes.BRANCH and all(_edge(each, index, anchor) for each in argument[1])


def _consumed(nodes: Any) -> Iterator[CodePoints]:
    """The sets that hold every character that `nodes` can match."""
    for code, argument in nodes:
        if code is codes.BRANCH:
            for each in argument[1]:
                yield from _consumed(each)
        elif code in (*_REPEATS, codes.SUBPATTERN, codes.ASSERT):  # a lookahead may hold a group
            yield from _consumed(argument[-1])
        elif code not in (codes.AT, codes.ASSERT_NOT, codes.GROUPREF):
            yield _points(code, argument) or EVERYTHING


def _points(code: Any, argument: Any) -> CodePoints | None:
    """The code points that one node matches; `None` if it is not a character or a class."""
    if code is codes.LITERAL:
        return ((argument, argument),)
    if code is codes.NOT_LITERAL:
        return complement(((argument, argument),))
    if code is not codes.IN:
        return None
    negated = argument[0][0] is codes.NEGATE
    members = argument[negated:]
    points = union(held if kind is codes.RANGE else (held, held) for kind, held in members)
    return complement(points) if negated else points
