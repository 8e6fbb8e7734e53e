"""Violating cases whose defect is in the last item of an array instead of the first.

A server that checks only the first item of an array accepts them. Those of the shipped contract are
built in advance; `python -m aleph_contract.verify.server.last_items` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from aleph_contract.cases import Case, cases
from aleph_contract.cases.certificates import Certificate, Certifier
from aleph_contract.cases.shipped import is_shipped, read_cases, write_cases
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.schema.pointers import parts

#: Length of an array that the contract does not limit, and the greatest that is built.
MAX_ITEMS = 8


FILE = Path(__file__).with_name("shipped_last_items.json")


def last_items(contract: Contract) -> tuple[Case, ...]:
    """The cases of a contract; of the shipped one, from the file."""
    return read_cases(FILE) if is_shipped(contract) else tuple(build(contract))


def build(contract: Contract) -> Iterator[Case]:
    """The portable cases with one wrong item, moved behind as many valid items as are allowed.

    Each has a certificate of its own: both validators find the violation of the same keyword, and
    no other one, at the new place.
    """
    known = cases(contract)
    room = _room((case for case in known if case.polarity == "valid"), contract)
    certify = _Certify(contract)
    find = validator_for(contract).violations
    for case in known:
        if case.polarity == "valid" or not case.portable or case.compound or case.text is not None:
            continue
        before = find(case.input)
        for path in _item_paths(case.input, before[0].instance) if len(before) == 1 else ():
            item, length = room.get(path, (None, 0))
            array = _at(case.input, path)
            if length <= len(array):
                continue
            longer = [*[item] * (length - len(array)), *array]
            given = _replaced(case.input, path, longer)
            certificate = certify(case, given)
            if certificate is not None:
                yield replace(
                    case, name=f"{case.name}/last-item", input=given, certificate=certificate
                )


class _Certify:
    """Issues certificates for the constraints of a contract; a schema is compiled once."""

    def __init__(self, contract: Contract) -> None:
        self._schema = contract.input_schema
        self._certifiers: dict[tuple[str, ...], Certifier] = {}

    def __call__(self, case: Case, given: Any) -> Certificate | None:
        """The certificate of an input for the constraint of a case; `None` if it has none."""
        if case.constraint is None or case.certificate is None:
            return None
        key = (case.constraint.key, *case.certificate.removed)
        if key not in self._certifiers:
            self._certifiers[key] = Certifier(self._schema, case.constraint, key[1:])
        return self._certifiers[key].certify(given)


def _room(valid: Iterable[Case], contract: Contract) -> dict[tuple[str, ...], tuple[Any, int]]:
    """For each array member of the input: a valid item, and how many of it the contract allows."""
    is_valid = validator_for(contract).is_valid
    found: dict[tuple[str, ...], tuple[Any, int]] = {}
    for case in valid:
        for name, items in case.input.items() if isinstance(case.input, dict) else ():
            if not case.portable or not isinstance(items, list) or not items or (name,) in found:
                continue
            for length in range(MAX_ITEMS, 1, -1):
                if is_valid({**case.input, name: items[:1] * length}):
                    found[name,] = items[0], length
                    break
    return found


def _item_paths(given: Any, instance: str) -> Iterator[tuple[str, ...]]:
    """Paths of the arrays that a pointer passes through at their last item."""
    path = tuple(parts(instance))
    for cut, part in enumerate(path):
        array = _at(given, path[:cut])
        if isinstance(array, list) and part == str(len(array) - 1):
            yield path[:cut]


def _at(given: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        given = given[int(part)] if isinstance(given, list) else given[part]
    return given


def _replaced(given: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    head, *rest = path
    if isinstance(given, list):
        at = int(head)
        return [*given[:at], _replaced(given[at], tuple(rest), value), *given[at + 1 :]]
    return {**given, head: _replaced(given[head], tuple(rest), value)}


if __name__ == "__main__":
    write_cases(FILE, build(Contract.load()))
