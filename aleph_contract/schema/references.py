"""Resolve the references of a schema: each `$ref` becomes a JSON Pointer into the document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin

from aleph_contract.core.jsonvalue import pointer
from aleph_contract.errors import ArgumentError, ContractError
from aleph_contract.schema.pointers import follow, steps
from aleph_contract.schema.regex import rust_options, to_rust

DIALECT = "https://json-schema.org/draft/2020-12/schema"

#: The address of the document in a resolved `$ref`.
ADDRESS = "urn:aleph-contract:schema"

#: Makes the error for a JSON Pointer and a reason.
Fail = Callable[[str, str], ContractError]

#: Keywords that name the schema itself, which resolved references do not need; and one that
#: jsonschema-rs asserts although draft 2020-12 does not have it.
_MEANINGLESS = ("$schema", "$id", "$anchor", "$dynamicAnchor", "$vocabulary", "dependencies")
_REFERENCES = ("$ref", "$dynamicRef")


def resolve(root: Any, fail: Fail) -> tuple[str, ...]:
    """Write every reference in `root` as a JSON Pointer; no schema moves.

    Args:
        root: A schema, which is changed.
        fail: Makes the error to raise.

    Returns:
        JSON Pointers to the targets of all references.

    Raises:
        ContractError: A reference has no target in the document, a schema declares another
            dialect, or a pattern cannot be read.
    """
    index = _Index(root, fail)
    index.scan(root, "", "")
    found: list[tuple[dict[str, Any], str, str]] = []
    while index.references:
        where, schema, keyword, base = index.references.pop()
        target = index.find(where, keyword, base, schema[keyword])
        index.scan(follow(root, target), target, base)
        found.append((schema, keyword, target))
    for schema in index.seen.values():
        for keyword in _MEANINGLESS:
            schema.pop(keyword, None)
    for schema, keyword, target in found:
        schema[keyword] = reference_to(target)
    return tuple(target for _, _, target in found)


def reference_to(where: str) -> str:
    """The value of a `$ref` to the schema at `where` in a `Document`."""
    return f"{ADDRESS}#{quote(where)}"


def target_of(reference: str) -> str:
    """JSON Pointer to the target of a `$ref` that `resolve` has written."""
    return unquote(reference.partition("#")[2])


class _Index:
    """The names of the schemas of a document, and their references."""

    def __init__(self, root: Any, fail: Fail) -> None:
        self.root = root
        self.fail = fail
        self.seen: dict[str, dict[str, Any]] = {}
        self.named: dict[str, str] = {}
        self.dynamic: list[str] = []
        self.references: list[tuple[str, dict[str, Any], str, str]] = []

    def scan(self, schema: Any, where: str, base: str) -> None:
        """Record the names and references of `schema` and of its subschemas."""
        if not isinstance(schema, dict) or where in self.seen:
            return
        self.seen[where] = schema
        dialect = schema.get("$schema", DIALECT).rstrip("#")
        if dialect != DIALECT:
            raise self.fail(f"{where}/$schema", f"asks for {dialect}; only {DIALECT} is understood")
        self._check_patterns(schema, where)
        base = _join(base, schema.get("$id", ""))
        if "$id" in schema or not where:
            self.named[base] = where
        for keyword in ("$anchor", "$dynamicAnchor"):
            if keyword in schema:
                self.named[f"{base}#{schema[keyword]}"] = where
        if "$dynamicAnchor" in schema:
            self.dynamic.append(schema["$dynamicAnchor"])
        self.references += [(where, schema, k, base) for k in _REFERENCES if k in schema]
        for step in steps(schema, where):
            self.scan(follow(self.root, step.schema), step.schema, base)

    def find(self, where: str, keyword: str, base: str, reference: str) -> str:
        """JSON Pointer to the target of a reference."""
        here = f"{where}/{keyword}"
        resource, fragment = urldefrag(_join(base, reference))
        if keyword == "$dynamicRef" and self.dynamic.count(fragment) > 1:
            raise self.fail(
                here,
                f"{reference} leads to one of several $dynamicAnchor {fragment!r}; which one"
                " depends on the value, so its constraints have no fixed place in the schema",
            )
        if resource not in self.named:
            raise self.fail(
                here, f"{reference} leads outside this document, which must stand alone"
            )
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            found = self.named.get(f"{resource}#{fragment}")
        else:
            found = self.named[resource] + fragment
        if found is None or not isinstance(self._look(found), (dict, bool)):
            raise self.fail(here, f"{reference} leads to no schema of this document")
        return found

    def _check_patterns(self, schema: dict[str, Any], where: str) -> None:
        for path, pattern in _patterns(schema):
            reason = refusal(pattern)
            if reason:
                raise self.fail(where + pointer(path), reason)

    def _look(self, where: str) -> Any:
        try:
            return follow(self.root, where)
        except (KeyError, IndexError, ValueError, TypeError):
            return None


def _patterns(schema: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if "pattern" in schema:
        yield ("pattern",), schema["pattern"]
    for pattern in schema.get("patternProperties", ()):
        yield ("patternProperties", pattern), pattern


def refusal(pattern: str) -> str:
    """Why a regular expression cannot be read by both engines; empty if it can."""
    from jsonschema_rs import Draft202012Validator, ValidationError

    try:
        Draft202012Validator({"pattern": to_rust(pattern)}, pattern_options=rust_options())
    except ArgumentError as error:
        return str(error)
    except ValidationError:
        return f"{pattern!r} is too large a regular expression, or one that cannot be read"
    return ""


def _join(base: str, reference: str) -> str:
    if not reference or reference.startswith("#"):
        return base + reference
    return urljoin(base, reference).removesuffix("#")
