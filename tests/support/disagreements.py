"""Values on which the two validator libraries differ, and what this project makes of each.

Run as a program it prints `docs/disagreements.md`; `test_disagreements.py` holds that page, and
what the table says of us, to what is measured.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import jsonschema
import jsonschema_rs

from aleph_contract.core.jsonvalue import loads
from aleph_contract.errors import AlephContractError
from aleph_contract.schema.validation.validator import Validator

#: Versions whose own answers the table shows.
MEASURED = {"jsonschema-rs": "0.60.3", "jsonschema": "4.26.0"}

Verdict = str


@dataclass(frozen=True, slots=True)
class Row:
    """One value, judged by four.

    Args:
        shown: The value as the page shows it.
        value: The value.
        schema: What it is held against.
        fast: What jsonschema-rs says by itself: `valid`, `invalid`, or the error it raises.
        second: What jsonschema says by itself.
        ours: What both our paths say; `as jsonschema-rs` where the second opinion differs.
        why: What is done about it, and on what ground.
    """

    shown: str
    value: Any
    schema: Any
    fast: Verdict
    second: Verdict
    ours: Verdict
    why: str


VALID, INVALID = "valid", "invalid"

NUMBERS = (
    Row("`2.5`, read exactly, inside an object", loads('{"a": 2.5}'),
        {"properties": {"a": {"type": "number"}}}, INVALID, VALID, VALID,
        "jsonschema-rs silently misreads numbers of any type but Python's own; they are turned into"
        " plain doubles first. That is why `is_valid` looks at a value before it hands it on."),
    Row("`0.3`", 0.3, {"multipleOf": 0.1}, VALID, INVALID, VALID,
        "`multipleOf` is exact in the decimals that were written; jsonschema divides doubles."),
    Row("`19.99`", 19.99, {"multipleOf": 0.01}, VALID, INVALID, VALID, "The same."),
    Row("`10^400`", 10**400, {"multipleOf": 0.5}, VALID, "OverflowError", VALID,
        "The same; an integer may be longer than any double."),
    Row("`NaN`", math.nan, {"type": "number"}, INVALID, VALID, INVALID,
        "JSON cannot say it, and `loads` refuses it. In a Python value it is of no type."),
    Row("`Infinity`", math.inf, {"maximum": 1}, VALID, INVALID, VALID,
        "The same: a keyword for numbers says nothing of it. `1e400` is refused when it is read."),
    Row('`Decimal("1")`', Decimal(1), {"type": "integer"}, VALID, INVALID, VALID,
        "Python only: a `Decimal` is taken for the number it is."),
    Row("`1.8446744073709552e19`", float(2**64), {"enum": [2**64]},
        INVALID, VALID, "as jsonschema-rs",
        "Equal as numbers, and jsonschema is right. Left as it is: beyond 2^64, in `enum` and"
        " `const`, written once as an integer and once not."),
)  # fmt: skip

TEXTS = (
    Row('`"\\ud800"`, half a surrogate pair', "\ud800", {"type": "string"},
        "UnicodeEncodeError", VALID, VALID,
        "No UTF-8 text can hold it, so jsonschema judges such values alone. `loads` refuses it,"
        " and so does the fake."),
    Row('`"\\ud800\\ud800"`', "\ud800\ud800", {"maxLength": 1},
        "UnicodeEncodeError", INVALID, INVALID, "The same: each half counts as one character."),
    Row('`"\u0663"`, a digit, but not of ASCII', "\u0663", {"pattern": r"^\d$"},
        INVALID, VALID, INVALID,
        "Patterns are those of ECMA-262 (`schema/regex.py`); jsonschema uses Python's."),
    Row('`"a\\n"`', "a\n", {"pattern": "^a$"}, INVALID, VALID, INVALID,
        "The same: `$` is the end, a line feed before it is too many."),
    Row('`"\u00e9"`', "\u00e9", {"pattern": r"^\w$"}, INVALID, VALID, INVALID, "The same."),
    Row('`"\\ufeff"`', "\ufeff", {"pattern": r"^\s$"}, VALID, INVALID, VALID, "The same."),
    Row('`"\\u001c"`', "\x1c", {"pattern": r"^\S$"}, VALID, INVALID, VALID, "The same."),
    Row('`"a"`', "a", {"pattern": "(?<n>a)"}, VALID, "PatternError", VALID,
        "The same; groups are written differently."),
    Row('`"a"`', "a", {"pattern": r"\p{L}"}, VALID, "PatternError", "as jsonschema-rs",
        "Python has no Unicode properties. The second opinion refuses the pattern by name."),
    Row('`"A"`', "A", {"pattern": "(?i)a"}, VALID, VALID, "as jsonschema-rs",
        "Not ECMA-262, though jsonschema-rs takes it. Refused by the second opinion."),
)  # fmt: skip

SHAPES = (
    Row("`(1, 2)`", (1, 2), {"type": "array"}, VALID, INVALID, VALID,
        "Python only: a tuple is an array, as it is for `json.dumps`."),
    Row("`{1: 2}`", {1: 2}, {"type": "object"}, "ValueError", VALID, "ArgumentError",
        "No JSON value: names are strings. The error says where it stands."),
    Row('`b"a"`', b"a", {"type": "string"}, "ValueError", INVALID, "ArgumentError", "The same."),
    Row('`{"a": 1}`', {"a": 1}, {"dependencies": {"a": ["b"]}}, INVALID, VALID, VALID,
        "Draft 2020-12 does not know `dependencies`; it is hidden from jsonschema-rs."),
    Row("`1`", 1, {"$ref": "#"}, VALID, "RecursionError", "as jsonschema-rs",
        "A schema that says nothing but itself; the second opinion refuses it."),
)  # fmt: skip

#: On these the two agree, and so do both our paths; other implementations do not.
AGREED = (
    Row("`1.0`", 1.0, {"type": "integer"}, VALID, VALID, VALID,
        "Integral by value (draft 6 and later); strict readers see a float."),
    Row("`1e300`", 1e300, {"type": "integer"}, VALID, VALID, VALID, "The same."),
    Row("`-0.0`", -0.0, {"minimum": 0}, VALID, VALID, VALID, "Equal to 0."),
    Row("`2^53 + 1`", 2**53 + 1, {"maximum": 2**53}, INVALID, INVALID, INVALID,
        "Exact; whoever reads numbers as doubles, as JavaScript does, sees 2^53."),
    Row("`2^64`", 2**64, {"type": "integer"}, VALID, VALID, VALID, "Of any length."),
    Row("`30.000000000000004`", 30.000000000000004, {"maximum": 30}, INVALID, INVALID, INVALID,
        "The next double."),
    Row("`5e-324`", 5e-324, {"exclusiveMinimum": 0}, VALID, VALID, VALID, "The least double."),
    Row("`true`", True, {"const": 1}, INVALID, INVALID, INVALID,
        "No number; in Python it equals one."),
    Row("`[1, true]`", [1, True], {"uniqueItems": True}, VALID, VALID, VALID, "The same."),
    Row('`"\U0001f305"`', "\U0001f305", {"maxLength": 1}, VALID, VALID, VALID,
        "Lengths count code points; two UTF-16 units, four bytes."),
    Row('`"e\\u0301"`, seen as one character', "e\u0301", {"maxLength": 1},
        INVALID, INVALID, INVALID, "The same."),
    Row('`"no address"`', "no address", {"format": "uri"}, VALID, VALID, VALID,
        "`format` is an annotation in draft 2020-12 and asserts nothing."),
)  # fmt: skip

SECTIONS = {"Numbers": NUMBERS, "Texts": TEXTS, "Other values and schemas": SHAPES}

PLACES = """\
| what is wrong | jsonschema-rs alone | jsonschema alone | here |
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
| a value that is wrong, beside `unevaluatedProperties` or `unevaluatedItems` | sometimes these \
too | sometimes these too | these only where nothing else is wrong: the specification leaves open \
what a failed subschema has evaluated |
"""

HEAD = """\
# Values on which the validators disagree

<!-- Printed by tests/support/disagreements.py; do not edit. -->

Every input is judged by jsonschema-rs, which is fast, and on demand by jsonschema, which is
independent of it. A property test draws schemas of every keyword with values close to them and
finds the two in agreement: same verdict, same violations, same places. This page lists where the
libraries by themselves are not, and what is done about it. Measured with {versions}.
"""


def by_fast(row: Row) -> Verdict:
    """What jsonschema-rs says by itself."""
    return _verdict(lambda: jsonschema_rs.Draft202012Validator(row.schema).is_valid(row.value))


def by_second(row: Row) -> Verdict:
    """What jsonschema says by itself."""
    return _verdict(lambda: jsonschema.Draft202012Validator(row.schema).is_valid(row.value))


def by_us(row: Row) -> Verdict:
    """What all our paths say."""
    ours = Validator(row.schema)
    ways: list[Callable[[], bool]] = [
        lambda: ours.is_valid(row.value),
        lambda: not ours.violations(row.value),
        lambda: not ours.reference_violations(row.value),
    ]
    verdicts = [_verdict(way) for way in ways]
    if verdicts[0] == verdicts[1] != verdicts[2]:
        return "as jsonschema-rs"
    assert len(set(verdicts)) == 1
    return verdicts[0]


def _verdict(judge: Callable[[], bool]) -> Verdict:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return VALID if judge() else INVALID
        except (AlephContractError, ValueError, OverflowError, RecursionError) as error:
            return type(error).__name__
        except Exception as error:
            if type(error).__name__ not in ("error", "PatternError"):  # the name before 3.13
                raise
            return "PatternError"


def page() -> Iterator[str]:
    """The page, line by line."""
    versions = " and ".join(f"{name} {number}" for name, number in MEASURED.items())
    yield HEAD.format(versions=versions)
    columns = "| value | schema | jsonschema-rs | jsonschema | here | why |\n" + "| --- " * 6 + "|"
    for title, rows in SECTIONS.items():
        yield f"## {title}\n\n{columns}"
        yield from map(_line, rows)
        yield ""
    yield f"## Where a violation is placed\n\n{PLACES}"
    yield (
        "## Where the two agree and others do not\n\nThese make the gray probes of the catalogue:"
        " a client is advised about them, not judged by them.\n"
    )
    yield "| value | schema | verdict | why |\n| --- | --- | --- | --- |"
    for row in AGREED:
        yield f"| {row.shown} | `{_schema(row)}` | {row.ours} | {row.why} |"


def _line(row: Row) -> str:
    cells = (row.shown, f"`{_schema(row)}`", row.fast, row.second, row.ours, row.why)
    return "| " + " | ".join(cells) + " |"


def _schema(row: Row) -> str:
    import json

    return json.dumps(row.schema).replace("|", "\\|")


def installed() -> dict[str, str]:
    """The versions that are measured when this runs."""
    return {name: version(name) for name in MEASURED}


if __name__ == "__main__":
    print("\n".join(page()))  # noqa: T201 - the program's output
