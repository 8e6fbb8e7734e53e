"""Values on which validator libraries differ, and the verdict of this project.

Run as a program it prints `docs/disagreements.md`; `test_disagreements.py` compares that page with
the table, and the table with the verdicts of `Validator`. No verdict of a library stands here: it
would change with the version that is installed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import ArgumentError, ContractError
from aleph_contract.schema.validation.validator import Validator

Verdict = str


@dataclass(frozen=True, slots=True)
class Row:
    """One value and one schema.

    Args:
        shown: The value as the page shows it.
        value: The value.
        schema: The schema.
        ours: The verdict of both engines: `valid`, `invalid`, or the error that is raised.
        why: The reason, and how other readers differ.
    """

    shown: str
    value: Any
    schema: Any
    ours: Verdict
    why: str


VALID, INVALID = "valid", "invalid"

NUMBERS = (
    Row("`2.5`, read exactly, inside an object", loads('{"a": 2.5}'),
        {"properties": {"a": {"type": "number"}}}, VALID,
        "jsonschema-rs silently misreads numbers of any type but Python's own. `is_valid` looks for"
        " such values first and turns them into plain doubles."),
    Row("`0.3`", 0.3, {"multipleOf": 0.1}, VALID,
        "`multipleOf` is exact in the decimals that were written; jsonschema divides doubles."),
    Row("`19.99`", 19.99, {"multipleOf": 0.01}, VALID, "The same."),
    Row("`10^400`", 10**400, {"multipleOf": 0.5}, VALID,
        "The same; an integer may be longer than any double."),
    Row("`NaN`", math.nan, {"type": "number"}, INVALID,
        "JSON cannot express it, and `loads` refuses it. In a Python value it is of no type."),
    Row("`Infinity`", math.inf, {"maximum": 1}, VALID,
        "The same: a keyword for numbers does not apply. `1e400` is refused when it is read."),
    Row('`Decimal("1")`', Decimal(1), {"type": "integer"}, VALID,
        "Python only: a `Decimal` is taken for the number it is."),
    Row("`1.8446744073709552e19`", float(2**64), {"enum": [2**64]}, VALID,
        "Equal as numbers. Versions of jsonschema-rs differ, so beyond 2^53 this project compares:"
        " exactly, an integer and the double of the same value alike."),
    Row("`18446744073709551616`", 2**64, {"const": float(2**64)}, VALID, "The same."),
    Row("`9007199254740992.0`", float(2**53), {"const": 2**53 + 1}, INVALID,
        "The same: the neighbours of 2^53 are not equal to it."),
    Row("`[18446744073709551616, 1.8446744073709552e19]`", [2**64, float(2**64)],
        {"uniqueItems": True}, INVALID, "The same."),
    Row("`[10^30, 1e30]`", [10**30, 1e30], {"uniqueItems": True}, VALID,
        "The same: the double nearest to 10^30 is 19,884,624,838,656 more."),
    Row("`1.8446744073709552e19`", float(2**64), {"maximum": 2**64}, VALID, "The same."),
    Row("`-9223372036854775808`", -(2**63), {"minimum": -float(2**63)}, VALID, "The same."),
)  # fmt: skip

TEXTS = (
    Row('`"\\ud800"`, half a surrogate pair', "\ud800", {"type": "string"}, VALID,
        "No UTF-8 text can hold it, so jsonschema judges such values alone. `loads` refuses it,"
        " and so does the fake."),
    Row('`"\\ud800\\ud800"`', "\ud800\ud800", {"maxLength": 1}, INVALID,
        "The same: each half counts as one character."),
    Row('`"\u0663"`, a digit, but not of ASCII', "\u0663", {"pattern": r"^\d$"}, INVALID,
        "Patterns are those of ECMA-262: `schema/regex.py` rewrites them for both engines with"
        " characters and ranges only. Python's `\\d` takes the digits of every script."),
    Row('`"a\\n"`', "a\n", {"pattern": "^a$"}, INVALID,
        "The same: `$` is the end; Python lets a line feed follow."),
    Row('`"\u00e9"`', "\u00e9", {"pattern": r"^\w$"}, INVALID, "The same: `\\w` is ASCII."),
    Row('`"\u00e9a"`', "\u00e9a", {"pattern": r"\ba"}, VALID,
        "The same: `\\b` lies between a letter of ASCII and any other character."),
    Row('`"\\ufeff"`', "\ufeff", {"pattern": r"^\s$"}, VALID, "The same."),
    Row('`"\\u001c"`', "\x1c", {"pattern": r"^\S$"}, VALID, "The same."),
    Row('`"\\r"`', "\r", {"pattern": "^.$"}, INVALID,
        "The same: `.` is no line terminator, and there are four: `\\n`, `\\r`, U+2028, U+2029."),
    Row('`"\\u2028"`', "\u2028", {"pattern": "^.$"}, INVALID, "The same."),
    Row('`"a"`', "a", {"pattern": "(?<n>a)"}, VALID,
        "The same; Python writes named groups in another way."),
    Row('`"\u00e9"`', "\u00e9", {"pattern": r"^\p{L}$"}, VALID,
        "The same: the general categories are those of Python's version of Unicode. A property"
        " without data here, such as `Script=Greek`, is refused by name."),
    Row('`"A"`', "A", {"pattern": "(?i)a"}, "ContractError",
        "Not ECMA-262: refused by name, like every construct that the engines do not share."),
)  # fmt: skip

SHAPES = (
    Row("`(1, 2)`", (1, 2), {"type": "array"}, VALID,
        "Python only: a tuple is an array, as it is for `json.dumps`."),
    Row("`{1: 2}`", {1: 2}, {"type": "object"}, "ArgumentError",
        "No JSON value: names are strings. The error gives the location."),
    Row('`b"a"`', b"a", {"type": "string"}, "ArgumentError", "The same."),
    Row('`{"a": 1}`', {"a": 1}, {"dependencies": {"a": ["b"]}}, VALID,
        "Draft 2020-12 does not know `dependencies`; it is hidden from jsonschema-rs."),
    Row('`{"": 1}`', {"": 1}, {"properties": {"": {"type": "string"}}}, INVALID,
        'jsonschema-rs leaves a member named "" out of its paths, so jsonschema locates the error:'
        " at `/`."),
)  # fmt: skip

#: On these the two libraries agree; other implementations do not.
AGREED = (
    Row("`1.0`", 1.0, {"type": "integer"}, VALID,
        "Integral by value (draft 6 and later); strict readers see a float."),
    Row("`1e300`", 1e300, {"type": "integer"}, VALID, "The same."),
    Row("`-0.0`", -0.0, {"minimum": 0}, VALID, "Equal to 0."),
    Row("`2^53 + 1`", 2**53 + 1, {"maximum": 2**53}, INVALID,
        "Exact; a reader that knows doubles only, such as JavaScript, sees 2^53."),
    Row("`2^64`", 2**64, {"type": "integer"}, VALID, "Of any length."),
    Row("`30.000000000000004`", 30.000000000000004, {"maximum": 30}, INVALID,
        "The next double."),
    Row("`5e-324`", 5e-324, {"exclusiveMinimum": 0}, VALID, "The least double."),
    Row("`true`", True, {"const": 1}, INVALID,
        "No number; in Python it equals one."),
    Row("`[1, true]`", [1, True], {"uniqueItems": True}, VALID, "The same."),
    Row('`"\U0001f305"`', "\U0001f305", {"maxLength": 1}, VALID,
        "Lengths count code points; two UTF-16 units, four bytes."),
    Row('`"e\\u0301"`, seen as one character', "e\u0301", {"maxLength": 1},
        INVALID, "The same."),
    Row('`"no address"`', "no address", {"format": "uri"}, VALID,
        "`format` is an annotation in draft 2020-12 and asserts nothing."),
)  # fmt: skip

SECTIONS = {"Numbers": NUMBERS, "Texts": TEXTS, "Other values and schemas": SHAPES}

PLACES = """\
| error | jsonschema-rs alone | jsonschema alone | here |
| --- | --- | --- | --- |
| anything behind a `$ref` | where the keyword stands in the document | the way there, the \
`$ref` left out | where the keyword stands |
| an item beyond `items: false` | each such item | the array | the array, once |
| a member beyond `additionalProperties: false`, with no `properties` beside it | `false schema` \
| the keyword | the keyword, with the names |
| any other `false` | `false schema` | the keyword around it, no keyword | keyword `false`, at \
the schema that is `false` |
| no item matches, `contains` with `maxContains` | `maxContains` | `contains` | `contains` |
| no item matches, `contains` with `minContains` | `minContains` | `contains` | `minContains` |
| an error in a value, beside `unevaluatedProperties` or `unevaluatedItems` | sometimes these \
too | sometimes these too | these only where there is no other error: the specification leaves \
open which members a failed subschema has evaluated |
| below a member named `""` | the name left out | the name kept | the name kept |
"""

HEAD = """\
# Values on which validators disagree

<!-- Printed by tests/support/disagreements.py; do not edit. -->

Which verdict an unusual number, pattern or key gets, and why. To judge an input of your own:

```sh
aleph-contract check input.json
```

Every input is judged by jsonschema-rs, which is fast, and on demand by jsonschema, which is
independent of it. A property test draws schemas of every keyword with values close to the limits
and finds the two in agreement: same verdict, same violations, same locations. This page lists
values on which the libraries alone, or two versions of one, give different verdicts, and how this
project makes the verdict independent of both.
"""


def by_us(row: Row) -> Verdict:
    """The verdict of all three ways to ask, which must agree."""
    try:
        ours = Validator(row.schema)
    except ContractError as error:
        return type(error).__name__
    ways: list[Callable[[], bool]] = [
        lambda: ours.is_valid(row.value),
        lambda: not ours.violations(row.value),
        lambda: not ours.reference_violations(row.value),
    ]
    verdicts = {_verdict(way) for way in ways}
    assert len(verdicts) == 1, verdicts
    return verdicts.pop()


def _verdict(judge: Callable[[], bool]) -> Verdict:
    try:
        return VALID if judge() else INVALID
    except ArgumentError as error:
        return type(error).__name__


def page() -> Iterator[str]:
    """The page, line by line."""
    yield HEAD
    columns = "| value | schema | verdict | why |\n| --- | --- | --- | --- |"
    for title, rows in SECTIONS.items():
        yield f"## {title}\n\n{columns}"
        yield from map(_line, rows)
        yield ""
    yield f"## Where a violation is located\n\n{PLACES}"
    yield (
        "## Where the two agree and others do not\n\nThese make the gray probes of the catalogue."
        " What the doubt about them excuses is advice.\n"
    )
    yield columns
    yield from map(_line, AGREED)


def _line(row: Row) -> str:
    schema = json.dumps(row.schema).replace("|", "\\|")
    return f"| {row.shown} | `{schema}` | {row.ours} | {row.why} |"


if __name__ == "__main__":
    print("\n".join(page()))  # noqa: T201 - the program's output
