"""The deterministic catalogue of named, certified cases.

The module itself can be called: `from aleph_contract import cases; cases()`.
"""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import lru_cache
from types import ModuleType
from typing import Any, Literal

from aleph_contract.constraints import Constraint, constraints
from aleph_contract.contract import Contract
from aleph_contract.validation import Violation, validator_for

Polarity = Literal["valid", "violating"]
Kind = Literal["example", "boundary", "combination", "probe"]


@dataclass(frozen=True, slots=True)
class Certificate:
    """Proof that an input violates exactly one constraint."""

    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """One input with a name, a polarity, and the constraint it probes.

    Args:
        name: Stable name, such as `boundary/seed/maximum/above`.
        polarity: What the contract says of the input.
        portable: Whether every sane implementation must agree with that.
        constraint: The constraint it probes, if one.
        input: The input, plain JSON values.
        compound: Whether it breaks more than the one constraint, because it cannot be otherwise.
        certificate: Proof of a violating case.
        note: What the case tells, in a sentence.
        text: The exact JSON text of the input where its spelling is the point, else `None`.
        kind: What sort of case it is.
    """

    name: str
    polarity: Polarity
    portable: bool
    constraint: Constraint | None
    input: Any = field(hash=False)
    compound: bool = False
    certificate: Certificate | None = field(default=None, repr=False, compare=False)
    note: str = ""
    text: str | None = None
    kind: Kind = "boundary"


def cases(
    contract: Contract | None = None,
    *,
    polarity: Polarity | None = None,
    constraint: str | None = None,
) -> tuple[Case, ...]:
    """The catalogue, in its stable order.

    Args:
        contract: The contract; the shipped one by default.
        polarity: Only the cases of this polarity.
        constraint: Only cases whose constraint's key, or whose name, matches this glob.
    """
    return tuple(
        case
        for case in _catalogue(contract or _shipped())
        if (polarity is None or case.polarity == polarity)
        and (constraint is None or _matches(case, constraint))
    )


def _matches(case: Case, glob: str) -> bool:
    key = case.constraint.key if case.constraint else ""
    return fnmatchcase(key, glob) or fnmatchcase(case.name, glob)


@lru_cache(maxsize=1)
def _shipped() -> Contract:
    return Contract.load()


@lru_cache(maxsize=16)
def _catalogue(contract: Contract) -> tuple[Case, ...]:
    return tuple(_build(contract))


def _build(contract: Contract) -> Iterator[Case]:
    for example in contract.examples:
        name = "example/" + "-".join(example.name.lower().split())
        yield Case(name, "valid", True, None, example.input, note="Documented.", kind="example")
    validator = validator_for(contract)
    host = dict(contract.examples[0].input)
    for c in constraints(contract):
        for label, value in _values(c):
            probe = copy.deepcopy(host)
            if not _put(probe, c, value):
                continue
            violations = validator.violations(probe)
            valid = not violations
            yield Case(
                f"boundary/{c.key}/{label}",
                "valid" if valid else "violating",
                True,
                c,
                probe,
                certificate=None if valid else Certificate(violations),
                note=f"{c.instance or 'the input'} {label} {c.keyword} {c.limit!r}",
            )
    yield Case(
        "probe/prompt/length-utf16",
        "valid",
        False,
        None,
        host | {"prompt": "\U0001f305" * 1000},
        note="1000 code points in 2000 UTF-16 units: refused by who counts the latter.",
        kind="probe",
    )


_HOSTS = {
    "seconds": lambda v: [{"uri": "https://example.com/a.jpg", "seconds": v}],
    "at": lambda v: [{"uri": "https://example.com/a.jpg", "at": v}],
}


def _put(host: dict[str, Any], c: Constraint, value: Any) -> bool:
    parts = c.instance.split("/")[1:]
    if c.keyword == "required" and not parts:
        host.pop(value)
    elif len(parts) == 1 and c.keyword != "minItems":
        host[parts[0]] = value
    elif parts[-1:] and parts[-1] in _HOSTS:
        host[parts[0]] = _HOSTS[parts[-1]](value)
    else:
        return False
    return True


def _values(c: Constraint) -> Iterator[tuple[str, Any]]:
    limit = c.limit
    step = (
        (lambda n, up: n + (1 if up else -1))
        if c.instance == "/seed"
        else (lambda n, up: math.nextafter(n, math.inf) if up else -sys.float_info.epsilon)
    )
    if c.keyword == "maximum":
        yield "on", limit
        yield "above", step(limit, up=True)
    elif c.keyword == "minimum":
        yield "on", limit
        yield "below", step(limit, up=False)
    elif c.keyword == "exclusiveMinimum":
        yield "on", limit
        yield "above", 0.001
    elif c.keyword == "maxLength":
        yield "on", "a" * limit
        yield "above", "a" * (limit + 1)
    elif c.keyword == "minLength":
        yield "on", "a" * limit
        yield "below", ""
    elif c.keyword == "maxItems" and c.instance == "/keyframes":
        frame = {"uri": "https://example.com/a.jpg", "seconds": 1}
        yield "on", [frame] * limit
        yield "above", [frame] * (limit + 1)
    elif c.keyword == "required" and not c.instance:
        for name in limit:
            yield f"without-{name}", name


class _Callable(ModuleType):
    def __call__(self, *args: Any, **options: Any) -> tuple[Case, ...]:
        return cases(*args, **options)


sys.modules[__name__].__class__ = _Callable
