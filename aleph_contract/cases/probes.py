"""Probes: inputs that clients treat wrongly or differently, and what each shows about a client.

The schema decides the polarity of every probe. Most are gray: what the doubt about the input
excuses is advice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from aleph_contract.cases.doubt import DoubtKind
from aleph_contract.cases.substitution import replaced
from aleph_contract.contract.doubts import Above, InputDoubt, Together
from aleph_contract.core.jsonvalue import Number, dumps
from aleph_contract.schema.document import listed_types
from aleph_contract.schema.generation.formats import FORMATS, unformed
from aleph_contract.schema.generation.strings import stretched
from aleph_contract.schema.subschemas import Node


class Probe(NamedTuple):
    """A value for one location of an input.

    Args:
        label: Last part of the case's name.
        value: The value; a `Number` if its spelling matters.
        note: What the case shows.
        keyword: The keyword that it probes; empty if it probes none.
        text: The exact JSON text of the whole input, if no value expresses it.
        doubt: The kind of doubt, where `Portability` cannot see it in the value.
    """

    label: str
    value: Any
    note: str
    keyword: str = ""
    text: str | None = None
    doubt: DoubtKind | None = None


def probes(node: Node, hints: Mapping[str, Any]) -> Iterator[Probe]:
    """The probes of one schema.

    Args:
        node: The schema; its `type` decides which probes there are.
        hints: Realistic values by location.
    """
    if not isinstance(node.schema, dict) or {"enum", "const", "pattern"} & node.schema.keys():
        return
    known = [hint for hint in hints.get(node.instance, ()) if isinstance(hint, str)]
    kind = node.schema.get("type")
    if kind == "string" and any("://" in hint for hint in known):
        yield from _addresses(known[0])
    elif kind == "string" and node.schema.get("format") in FORMATS:
        return  # see `format_probes`
    elif kind == "string" and "maxLength" in node.schema:
        yield from _lengths(node.schema["maxLength"])
        yield from _texts()
    elif kind == "integer":
        yield from _integers()
    elif kind == "number":
        yield from _numbers()


def format_probes(node: Node, hints: Mapping[str, Any]) -> Iterator[tuple[Probe, list[str]]]:
    """Probes of the format of one schema, each with its possible texts, the likeliest first.

    A text must satisfy every other keyword: the caller takes the first with which an input is
    valid. An address with realistic values has probes of its own.
    """
    schema = node.schema
    if not isinstance(schema, dict) or {"enum", "const"} & schema.keys():
        return
    name = schema.get("format")
    if name not in FORMATS or "string" not in listed_types(schema):
        return
    known = [hint for hint in hints.get(node.instance, ()) if isinstance(hint, str)]
    plain_address = schema["type"] == "string" and "pattern" not in schema
    if plain_address and any("://" in hint for hint in known):
        return
    low, high = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    patterns = [schema["pattern"]] if "pattern" in schema else []
    kept, other = FORMATS[name]
    stretched_texts = islice(stretched(other, low, high), _MAX_TEXTS)
    note = (
        f"Not of format `{name}`, which is an annotation in draft 2020-12;"
        " some validators assert it."
    )
    texts = unformed(name, patterns, low, high, list(stretched_texts))
    yield Probe(f"not-a-{name}", None, note), texts
    yield Probe(f"{name}-and-a-space", None, note), [f"{kept} "]


#: Most texts of the right length that are tried as not of a format.
_MAX_TEXTS = 3


def _lengths(most: int) -> Iterator[Probe]:
    if most > _MAX_PROBED_LENGTH:
        return
    yield Probe(
        "length-utf16",
        "\N{SUNRISE}" * most,
        f"{most} code points in {2 * most} UTF-16 code units: a client that counts code units, as"
        " JavaScript, Java and C# do, refuses or truncates it.",
        "maxLength",
    )
    yield Probe(
        "length-utf8",
        "\N{LATIN SMALL LETTER E WITH ACUTE}" * most,
        f"{most} code points in {2 * most} bytes of UTF-8: a client that counts bytes, as Go, Rust"
        " and PHP do, refuses or truncates it.",
        "maxLength",
    )
    yield Probe(
        "length-graphemes",
        "e\N{COMBINING ACUTE ACCENT}" * (most // 2 + 1),
        f"{most // 2 + 1} grapheme clusters in more than {most} code points: a client that counts"
        " grapheme clusters, as Swift does, or normalises first, sends it.",
        "maxLength",
    )
    yield Probe(
        "length-combining",
        "e\N{COMBINING ACUTE ACCENT}" * (most // 2) + "e" * (most % 2),
        f"{most} code points, about half as many after normalisation (NFC).",
        "maxLength",
    )


#: Length is probed up to this limit (characters); longer texts show nothing more.
_MAX_PROBED_LENGTH = 100_000


def _texts() -> Iterator[Probe]:
    for label, (text, note) in _TEXTS.items():
        yield Probe(label, text, note)


_TEXTS = {
    "decomposed": (
        "Cafe\N{COMBINING ACUTE ACCENT} at dusk",
        "A combining accent: a client that normalises Unicode changes it.",
    ),
    "right-to-left": (
        "\N{HEBREW LETTER LAMED}\N{HEBREW LETTER YOD} \N{RIGHT-TO-LEFT OVERRIDE}night",
        "Right-to-left letters and an override: a client that sanitises text drops the override.",
    ),
    "zero-width": (
        "a\N{ZERO WIDTH SPACE}b\N{ZERO WIDTH JOINER}c\N{ZERO WIDTH NO-BREAK SPACE}d",
        "Zero-width characters: a client that sanitises text drops them.",
    ),
    "emoji-sequence": (
        "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET} \N{WAVING WHITE FLAG}\N{VARIATION SELECTOR-16}",
        "Emoji of several code points: a client that truncates by code unit breaks them.",
    ),
    "lines": (
        "one\ntwo\r\nthree\tfour",
        "Line breaks and a tab: a client that splits or joins lines changes them.",
    ),
    "line-separator": (
        "one\N{LINE SEPARATOR}two",
        "U+2028, a line terminator in JavaScript source before ES2019, but not in JSON.",
    ),
    "control": ("a\x01b\x1fc\x7fd", "Control characters: a client that sanitises text drops them."),
    "nul": ("a\x00b", "NUL: a C string or a shell variable ends before it."),
    "lone-surrogate": (
        "a\ud800b",
        "A lone surrogate, valid in a JSON escape but not in UTF-8: refused or replaced by most.",
    ),
    "noncharacter": ("a\uffffb", "U+FFFF, a noncharacter that is valid in JSON."),
    "byte-order-mark": ("\ufeffa", "A byte order mark at the start: a client that trims drops it."),
    "blank": (" ", "A single space: a client that trims before it checks the length refuses it."),
    "html": (
        "<b>&amp;</b>\u003c/script>",
        "Markup: a client that escapes or sanitises HTML changes it.",
    ),
}


def _addresses(known: str) -> Iterator[Probe]:
    scheme, _, remainder = known.partition("://")
    for label, address, note in (
        ("empty", "", "Not an absolute URI; the schema only requires a string."),
        ("relative", "clip.mp4", "Not an absolute URI; the schema only requires a string."),
        (
            "plain-http",
            f"http://{remainder}",
            "Plain HTTP: a client that requires HTTPS refuses it.",
        ),
        (
            "scheme-in-capitals",
            f"{scheme.upper()}://{remainder}",
            "A scheme in capitals: URI schemes are case-insensitive.",
        ),
        (
            "with-a-space",
            f"{known} 2",
            "A space, not allowed in a URI: a client that parses the URI encodes it.",
        ),
        (
            "international",
            f"{known}?name=\N{LATIN SMALL LETTER E WITH ACUTE}",
            "An IRI: a client that parses it as a URI encodes it.",
        ),
        (
            "dot-segments",
            f"{known}/../x",
            "Dot segments: a client that parses the URI removes them.",
        ),
    ):
        yield Probe(label, address, note, doubt="acceptance")


def _integers() -> Iterator[Probe]:
    yield Probe(
        "integral-float",
        Number("1.0"),
        "An integer in JSON Schema, a float in many languages.",
        "type",
    )
    yield Probe(
        "exponent", Number("1e0"), "An integer in JSON Schema, a float in many languages.", "type"
    )
    yield Probe(
        "minus-zero", Number("-0"), "Negative zero: an integer type drops the sign.", "minimum"
    )
    yield Probe("minus-zero-float", Number("-0.0"), "Negative zero, written as a float.", "minimum")
    yield _number_as_text("42")
    for label, value in _LARGE_INTEGERS.items():
        yield Probe(
            label,
            value,
            "A large integer: beyond 2^53, a client that reads numbers as doubles rounds it.",
            "maximum",
        )


_LARGE_INTEGERS = {
    "2-to-the-53-minus-1": 2**53 - 1,
    "2-to-the-53-plus-1": 2**53 + 1,
    "2-to-the-63": 2**63,
    "10-to-the-400": 10**400,
}


def _numbers() -> Iterator[Probe]:
    yield Probe(
        "integral-float", Number("1.0"), "The same number as 1: most clients send it as 1 or 1.0."
    )
    yield Probe(
        "exponent", Number("1e0"), "The same number as 1: most clients send it as 1 or 1.0."
    )
    yield Probe(
        "minus-zero",
        Number("-0"),
        "Negative zero: a client that checks the sign takes it for less than zero.",
        "minimum",
    )
    yield Probe("minus-zero-float", Number("-0.0"), "Negative zero, written as a float.", "minimum")
    yield Probe(
        "least-double",
        Number("5e-324"),
        "The smallest double above zero: some clients round it to zero.",
        "exclusiveMinimum",
    )
    yield Probe(
        "many-digits",
        Number("0.1000000000000000055511151231257827"),
        "More digits than a double holds: most clients round it, one that reads decimals keeps it.",
    )
    yield _number_as_text("0.5")
    yield Probe(
        "10-to-the-400",
        10**400,
        "Beyond the range of doubles: read as infinity, or refused.",
        "maximum",
    )


def _number_as_text(text: str) -> Probe:
    note = "A number as a string: a lenient client converts it to a number."
    return Probe("text", text, note, "type", doubt="acceptance")


def whole(
    given: Mapping[str, Any], full: Mapping[str, Any], doubts: Iterable[InputDoubt]
) -> Iterator[Probe]:
    """Probes of the whole input.

    Args:
        given: A valid input.
        full: A valid input with all properties.
        doubts: The doubts of the model.
    """
    for doubt in doubts:
        names = [place[1:] for place in doubt.locations] if isinstance(doubt, Together) else []
        if names and full.keys() >= set(names):
            both = {**given, **{name: full[name] for name in names}}
            yield Probe(f"together/{'+'.join(names)}", both, doubt.reason)
    for name, value in given.items():
        if isinstance(value, str):
            again = f"{value} (again)"
            text = f"{dumps(dict(given))[:-1]},{dumps({name: again})[1:]}"
            note = f"`{name}` twice, with different values: parsers differ on which one counts."
            yield Probe(f"repeated-key/{name}", {**given, name: again}, note, text=text)
            break
    yield Probe(
        "proto-key",
        {**given, "__proto__": {"seed": 1}},
        "`__proto__` as a key: JavaScript that copies objects by assignment loses it.",
        doubt="carriage",
    )
    yield Probe(
        "empty-key", {**given, "": True}, "An empty key: some languages drop it.", doubt="carriage"
    )


def left_open(node: Node, given: Any, doubts: Iterable[InputDoubt]) -> Iterator[Probe]:
    """Whole inputs with a number beyond a limit that only the documentation of the model states.

    Args:
        node: The schema of the number.
        given: A valid input that contains a value for it.
        doubts: The doubts of the model.
    """
    for doubt in doubts:
        if not isinstance(doubt, Above) or node.instance != doubt.at:
            continue
        if isinstance(doubt.limit, str):
            late = replaced(replaced(given, doubt.limit, 1), node.instance, 2)
            yield Probe("after-the-end", late, doubt.reason)
        else:
            beyond = replaced(given, node.instance, doubt.limit + 1)
            yield Probe("beyond-the-prose", beyond, doubt.reason)
