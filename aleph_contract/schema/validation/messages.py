"""The message of a violation: one sentence per keyword, in one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any

from aleph_contract.core.jsonvalue import dumps

#: Longest quotation of a value in a message, in characters.
_MAX_QUOTED = 60

#: Most values of an `enum` in a message.
_MAX_LISTED = 40

_ARTICLES = {"array": "an array", "integer": "an integer", "object": "an object", "null": "null"}


def place(path: Sequence[str | int]) -> str:
    """A path in code notation: `keyframes[0].seconds`, `sizes["a b"]`; the root is `the input`."""
    return "".join([_accessor(part) for part in path]).removeprefix(".") or "the input"


def _accessor(part: str | int) -> str:
    if isinstance(part, int):
        return f"[{part}]"
    is_plain = (part.isidentifier() and part.isascii()) or _PLAIN_NAME.fullmatch(part)
    return f".{part}" if is_plain else f"[{_dump(part)}]"


#: Names that are written without brackets and quotes.
_PLAIN_NAME = re.compile(r"[^\W\d][\w@$-]*|[$@][\w@$-]*")


def quote(value: Any) -> str:
    """A JSON value as text, truncated to `_MAX_QUOTED` characters."""
    text = _dump(value)
    return text if len(text) <= _MAX_QUOTED else f"{text[: _MAX_QUOTED - 1]}…"


def sentence(
    keyword: str,
    subject: str,
    limit: Any,
    actual: Any,
    *,
    names: Sequence[str] = (),
    known: Collection[str] = (),
) -> str:
    """The message for a keyword other than `anyOf` and `oneOf`.

    Args:
        keyword: The keyword.
        subject: The offending value as a noun, such as `keyframes[0].seconds`.
        limit: As in `Violation`.
        actual: As in `Violation`.
        names: Members that are not allowed.
        known: Members that are allowed.
    """
    if keyword in _MUST:
        return f"{subject} must {_MUST[keyword](limit)}, not {quote(actual)}"
    if names and keyword in ("additionalProperties", "unevaluatedProperties"):
        return _unknown(subject, names, known)
    if keyword in _PREDICATES:
        return f"{subject} {_PREDICATES[keyword](limit)}"
    return f"{subject} violates {keyword}"


def alternatives(subject: str, sentences: Sequence[str], matched: Sequence[int]) -> str:
    """The message for a union that no branch matches, or more than one (`oneOf`)."""
    if matched:
        numbers = listed([str(index) for index in matched], "and")
        return f"{subject} matches the branches {numbers}, and must match exactly one"
    reasons = dict.fromkeys(each.removeprefix(f"{subject} ") for each in sentences)
    return f"{subject} " + "; or ".join(reasons)


def listed(words: Sequence[str], last: str) -> str:
    """`a`, `a or b`, `a, b or c`."""
    head, tail = ", ".join(words[:-1]), words[-1] if words else "nothing"
    return f"{head} {last} {tail}" if head else tail


def _one_of(values: Sequence[Any]) -> str:
    """`"a", "b" or "c"`; the first `_MAX_LISTED` of many."""
    shown = [quote(value) for value in values[:_MAX_LISTED]]
    more = len(values) - len(shown)
    return listed([*shown, f"one of {more} more"] if more else shown, "or")


def _dump(value: Any) -> str:
    try:
        return dumps(value)
    except (ValueError, TypeError):
        return repr(value)


def _typed(limit: Any) -> str:
    names = limit if isinstance(limit, list) else [limit]
    return "be " + listed([_ARTICLES.get(name, f"a {name}") for name in names], "or")


def _counted(at: str, one: str, many: str) -> Callable[[Any], str]:
    return lambda limit: f"have at {at} {limit} {one if limit == 1 else many}"


def _unknown(subject: str, names: Sequence[str], known: Collection[str]) -> str:
    meant = [name for name in known if any(folded(name) == folded(other) for other in names)]
    hint = f"; it is written {listed(meant, 'and')}" if meant else ""
    return f"{subject} must not have {listed([quote(name) for name in names], 'and')}{hint}"


def folded(name: str) -> str:
    """A name without its style: equal for `video_uri`, `videoUri` and `Video-URI`."""
    return name.replace("_", "").replace("-", "").casefold()


#: Keyword -> the requirement, after `must`; the sentence ends with `, not` and the actual value.
_MUST: dict[str, Callable[[Any], str]] = {
    "type": _typed,
    "enum": lambda limit: "be " + _one_of(limit),
    "const": lambda limit: f"be {quote(limit)}",
    "minimum": lambda limit: f"be at least {quote(limit)}",
    "maximum": lambda limit: f"be at most {quote(limit)}",
    "exclusiveMinimum": lambda limit: f"be more than {quote(limit)}",
    "exclusiveMaximum": lambda limit: f"be less than {quote(limit)}",
    "multipleOf": lambda limit: f"be a multiple of {quote(limit)}",
    "minLength": _counted("least", "character", "characters"),
    "maxLength": _counted("most", "character", "characters"),
    "pattern": lambda limit: f"match the pattern {limit}",
    "minItems": _counted("least", "item", "items"),
    "maxItems": _counted("most", "item", "items"),
    "minProperties": _counted("least", "member", "members"),
    "maxProperties": _counted("most", "member", "members"),
}

#: Keyword -> the whole predicate, for keywords where the actual value explains nothing.
_PREDICATES: dict[str, Callable[[Any], str]] = {
    "required": lambda limit: f"must have {quote(limit)}, which is missing",
    "dependentRequired": lambda limit: f"must have {quote(limit)}, which another member requires",
    "additionalProperties": lambda _: "has a member that is not allowed",
    "unevaluatedProperties": lambda _: "has a member that is not allowed",
    "items": lambda _: "has an item that is not allowed",
    "unevaluatedItems": lambda _: "has an item that is not allowed",
    "uniqueItems": lambda _: "must not hold equal items",
    "contains": lambda _: "must hold an item that matches `contains`",
    "minContains": lambda limit: f"must hold at least {limit} items that match `contains`",
    "maxContains": lambda limit: f"must hold at most {limit} items that match `contains`",
    "not": lambda limit: f"must not match {quote(limit)}",
    "false": lambda _: "is not allowed",
}
