"""Gray probes: inputs over which implementations differ, and what each tells of a client.

The schema has an answer to every one of them, which is the probe's polarity. It is not held
against a client that sees it otherwise; its owner should know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

from aleph_contract.cases.portability import MOMENTS, longest
from aleph_contract.cases.substitution import replaced
from aleph_contract.contract import BILLED_FIELD
from aleph_contract.core.jsonvalue import Number, dumps
from aleph_contract.schema.generation.strings import FORMATS
from aleph_contract.schema.subschemas import Node


class Probe(NamedTuple):
    """A value for one place of an input.

    Args:
        label: Last part of the case's name.
        value: The value; a `Number` where its spelling is the point.
        note: What the case tells.
        keyword: The keyword it probes, if one.
        text: The exact JSON text of the whole input, if no value can tell it.
    """

    label: str
    value: Any
    note: str
    keyword: str = ""
    text: str | None = None


def probes(node: Node, hints: Mapping[str, Any]) -> Iterator[Probe]:
    """The probes of one schema.

    Args:
        node: The schema; what it says of `type` decides.
        hints: Realistic values by place.
    """
    if not isinstance(node.schema, dict) or {"enum", "const", "pattern"} & node.schema.keys():
        return
    known = [hint for hint in hints.get(node.instance, ()) if isinstance(hint, str)]
    kind = node.schema.get("type")
    if kind == "string" and any("://" in hint for hint in known):
        yield from _addresses(known[0])
    elif kind == "string" and node.schema.get("format") in FORMATS:
        yield from _formats(node.schema["format"])
    elif kind == "string" and "maxLength" in node.schema:
        yield from _lengths(node.schema["maxLength"])
        yield from _texts()
    elif kind == "integer":
        yield from _integers()
    elif kind == "number":
        yield from _numbers()


def _formats(name: str) -> Iterator[Probe]:
    kept, other = FORMATS[name]
    note = f"Not of format `{name}`, an annotation in draft 2020-12: refused by whoever asserts it."
    yield Probe(f"not-a-{name}", other, note)
    yield Probe(f"{name}-and-a-space", f"{kept} ", note)


def _lengths(most: int) -> Iterator[Probe]:
    if most > _LONGEST:
        return
    yield Probe(
        "length-utf16",
        "\N{SUNRISE}" * most,
        f"{most} code points in {2 * most} UTF-16 units: refused or cut by whoever counts those,"
        " as JavaScript, Java and C# do.",
        "maxLength",
    )
    yield Probe(
        "length-utf8",
        "\N{LATIN SMALL LETTER E WITH ACUTE}" * most,
        f"{most} code points in {2 * most} bytes of UTF-8: refused or cut by whoever counts bytes,"
        " as Go, Rust and PHP do.",
        "maxLength",
    )
    yield Probe(
        "length-graphemes",
        "e\N{COMBINING ACUTE ACCENT}" * (most // 2 + 1),
        f"{most // 2 + 1} grapheme clusters in more than {most} code points: let through by"
        " whoever counts what a reader sees, as Swift does, or normalises first.",
        "maxLength",
    )
    yield Probe(
        "length-combining",
        "e\N{COMBINING ACUTE ACCENT}" * (most // 2) + "e" * (most % 2),
        f"{most} code points that normalisation would halve.",
        "maxLength",
    )


#: A text that is longer than this (in characters) tells no more about how length is counted.
_LONGEST = 100_000


def _texts() -> Iterator[Probe]:
    for label, (text, note) in _TEXTS.items():
        yield Probe(label, text, note)


_TEXTS = {
    "decomposed": (
        "Cafe\N{COMBINING ACUTE ACCENT} at dusk",
        "An accent as a mark of its own: changed by whoever normalises.",
    ),
    "right-to-left": (
        "\N{HEBREW LETTER LAMED}\N{HEBREW LETTER YOD} \N{RIGHT-TO-LEFT OVERRIDE}night",
        "Right-to-left letters and an override: dropped by whoever cleans text.",
    ),
    "zero-width": (
        "a\N{ZERO WIDTH SPACE}b\N{ZERO WIDTH JOINER}c\N{ZERO WIDTH NO-BREAK SPACE}d",
        "Characters without width: dropped by whoever cleans text.",
    ),
    "emoji-sequence": (
        "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET} \N{WAVING WHITE FLAG}\N{VARIATION SELECTOR-16}",
        "One sign of several code points: cut in the middle by whoever counts units.",
    ),
    "lines": ("one\ntwo\r\nthree\tfour", "Line feeds and a tab: lost by whoever splits lines."),
    "line-separator": (
        "one\N{LINE SEPARATOR}two",
        "U+2028, which ends a line in old JavaScript but not in JSON.",
    ),
    "control": ("a\x01b\x1fc\x7fd", "Control characters: dropped by whoever cleans text."),
    "nul": ("a\x00b", "NUL: ends the text for whoever keeps it as C does, and in shells."),
    "lone-surrogate": (
        "a\ud800b",
        "Half a pair, which JSON can spell but UTF-8 cannot: refused, or replaced, by most.",
    ),
    "noncharacter": ("a\uffffb", "U+FFFF, which is no character but is valid in JSON."),
    "byte-order-mark": ("\ufeffa", "A byte order mark at the start: dropped by whoever trims."),
    "blank": (" ", "Nothing but a space: refused by whoever trims before measuring."),
    "html": ("<b>&amp;</b>\u003c/script>", "Markup: changed by whoever escapes or cleans it."),
}


def _addresses(known: str) -> Iterator[Probe]:
    scheme, _, rest = known.partition("://")
    yield Probe("empty", "", "The schema asks for a string, not for a URI.")
    yield Probe("relative", "clip.mp4", "The schema asks for a string, not for a URI.")
    yield Probe("plain-http", f"http://{rest}", "Unencrypted: refused by the careful.")
    yield Probe("scheme-in-capitals", f"{scheme.upper()}://{rest}", "A scheme has no case.")
    yield Probe("with-a-space", f"{known} 2", "Not a URI: encoded by whoever parses it.")
    yield Probe(
        "international",
        f"{known}?name=\N{LATIN SMALL LETTER E WITH ACUTE}",
        "An IRI: encoded by whoever parses it as a URI.",
    )
    yield Probe("dot-segments", f"{known}/../x", "Shortened by whoever parses it as a URI.")


def _integers() -> Iterator[Probe]:
    yield Probe(
        "integral-float", Number("1.0"), "An integer by value, a float by spelling.", "type"
    )
    yield Probe("exponent", Number("1e0"), "An integer by value, a float by spelling.", "type")
    yield Probe("minus-zero", Number("-0"), "Zero: with its sign lost in integers.", "minimum")
    yield Probe("minus-zero-float", Number("-0.0"), "Zero, as a float with a sign.", "minimum")
    yield Probe("text", "42", "A number as a string: coerced by whoever is lenient.", "type")
    for label, value in _GREAT.items():
        yield Probe(label, value, "Rounded by whoever reads numbers as doubles.", "maximum")


_GREAT = {
    "2-to-the-53-minus-1": 2**53 - 1,
    "2-to-the-53-plus-1": 2**53 + 1,
    "2-to-the-63": 2**63,
    "10-to-the-400": 10**400,
}


def _numbers() -> Iterator[Probe]:
    yield Probe("integral-float", Number("1.0"), "The same number as 1: rewritten by most.")
    yield Probe("exponent", Number("1e0"), "The same number as 1: rewritten by most.")
    yield Probe(
        "minus-zero", Number("-0"), "Zero: below it for whoever looks at the sign.", "minimum"
    )
    yield Probe("minus-zero-float", Number("-0.0"), "Zero, as a float with a sign.", "minimum")
    yield Probe(
        "least-double", Number("5e-324"), "Above zero, yet lost by some.", "exclusiveMinimum"
    )
    yield Probe(
        "many-digits",
        Number("0.1000000000000000055511151231257827"),
        "More digits than a double holds: cut by most, kept by whoever reads decimals.",
    )
    yield Probe("text", "0.5", "A number as a string: coerced by whoever is lenient.", "type")
    yield Probe("10-to-the-400", 10**400, "Beyond the doubles: infinite, or refused.", "maximum")


def whole(given: Mapping[str, Any], full: Mapping[str, Any]) -> Iterator[Probe]:
    """Probes of the whole input.

    Args:
        given: A valid input.
        full: A valid input with all properties.
    """
    lists = [name for name, value in full.items() if isinstance(value, list)]
    for one, other in combinations(lists, 2):
        note = f"No document says whether `{one}` and `{other}` may be given together."
        both = {**given, one: full[one], other: full[other]}
        yield Probe(f"together/{one}+{other}", both, note)
    for name, value in given.items():
        if isinstance(value, str):
            again = f"{value} (again)"
            text = f"{dumps(dict(given))[:-1]},{dumps({name: again})[1:]}"
            note = f"`{name}` twice, the last time different: which counts is up to the reader."
            yield Probe(f"repeated-key/{name}", {**given, name: again}, note, text=text)
            break
    yield Probe(
        "proto-key",
        {**given, "__proto__": {"seed": 1}},
        "`__proto__` as a key: lost by JavaScript that copies objects by assignment.",
    )
    yield Probe(
        "empty-key", {**given, "": True}, "A key without a name: dropped by some languages."
    )


def after_the_end(node: Node, given: Any) -> Any:
    """`given` with a moment that lies beyond the end of the video; `None` if there is no such.

    Args:
        node: The schema of a number.
        given: A valid input that holds one.
    """
    if not node.instance.endswith(tuple(f"/{name}" for name in MOMENTS)):
        return None
    return replaced({**given, BILLED_FIELD: 1}, node.instance, 2)


def beyond_prose(node: Node, metadata: Mapping[str, Any]) -> Iterator[Probe]:
    """A video that is longer than the documentation says in words."""
    said = longest(metadata)
    if said and node.instance == f"/{BILLED_FIELD}":
        words, most = said
        yield Probe("beyond-the-prose", most + 1, f"The documentation says `{words}`.")
