"""Check the schemas of a catalog entry before it is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from aleph_contract.contract.defaults import written
from aleph_contract.contract.example_check import usable
from aleph_contract.contract.formats import Published, Remark
from aleph_contract.core.jsonvalue import pointer
from aleph_contract.errors import ContractError
from aleph_contract.schema.boundaries import BOUNDARIES
from aleph_contract.schema.dialects import translated
from aleph_contract.schema.document import Document, check_schema
from aleph_contract.schema.generation.builder import Builder
from aleph_contract.schema.generation.unsatisfiable import contradictions
from aleph_contract.schema.keywords import ASSERTIONS, walk
from aleph_contract.schema.pointers import plain
from aleph_contract.schema.validation.validator import Validator


def vet(entry: Published, source: str, notes: list[Remark]) -> Published:
    """The entry with its schemas in draft 2020-12, and with the examples that agree with them.

    Args:
        entry: The entry.
        source: The file, for messages.
        notes: Receives a note for each part that is left out.

    Raises:
        ContractError: A schema is invalid or unsatisfiable; it holds every problem.
    """
    problems: list[Remark] = []
    schemas = {}
    for part, schema in (("input", entry.input), ("output", entry.output)):
        location = f"/schema/{part}"
        current, warnings = translated(plain(schema))
        notes += ((location + where, reason) for where, reason in warnings)
        problems += _problems(current, source, location)
        schemas[part] = current
    if not problems:
        document = Document(schemas["input"], source=source, location="/schema/input")
        validators = {
            "input": Validator(written(schemas["input"])),
            "output": Validator(schemas["output"]),
        }
        examples = tuple(usable(entry.examples, validators, notes))
        problem = "" if examples else _unsatisfied(document)
        if not problem:
            return replace(entry, **schemas, examples=examples)
        problems.append(("/schema/input", problem))
    raise error_of(source, problems)


def check_form(entry: Published, source: str) -> None:
    """Check that both schemas are valid schemas: the quick part of `vet`.

    Raises:
        ContractError: One is not; it holds every problem.
    """
    problems: list[Remark] = []
    for part, schema in (("input", entry.input), ("output", entry.output)):
        with _collecting(problems):
            current = translated(plain(schema)).schema
            check_schema(current, source=source, location=f"/schema/{part}")
    if problems:
        raise error_of(source, problems)


def error_of(source: str, problems: list[Remark]) -> ContractError:
    """The error that holds every problem."""
    (location, reason), *more = problems
    return ContractError(source, location, reason, tuple(more))


def _problems(schema: Any, source: str, location: str) -> list[Remark]:
    """Every reason why a schema cannot be used."""
    found: list[Remark] = []
    with _collecting(found):
        check_schema(schema, source=source, location=location)
        document = Document(schema, source=source, location=location)
        found += (
            (location + where, "is a keyword for which no boundary case can be made")
            for where in _unbounded(schema)
        )
        found += (
            (location + where, f"cannot be satisfied: it {reason}")
            for where, reason in contradictions(document)
        )
    return found


@contextmanager
def _collecting(found: list[Remark]) -> Iterator[None]:
    try:
        yield
    except ContractError as error:
        found += error.problems


def _unbounded(schema: Any) -> Iterator[str]:
    for path, part in walk(schema):
        for keyword in ASSERTIONS.intersection(part if isinstance(part, Mapping) else ()):
            if keyword not in BOUNDARIES:
                yield pointer([*path, keyword])


def _unsatisfied(document: Document) -> str:
    """Why an entry without examples has no valid input that can be built; empty if it has one."""
    builder = Builder(document, {})
    if any(True for _ in builder.values()):
        return ""
    problem = "cannot be satisfied: no valid input was found"
    steps = f" before the search was cut off after {builder.budget.spent:.0f} steps"
    return problem + steps if builder.budget.cut else problem
