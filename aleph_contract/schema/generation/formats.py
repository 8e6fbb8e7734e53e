"""Texts of a format, of any length that the format has; and texts that lack the format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from aleph_contract.schema.regex_samples import matching

#: For each format of draft 2020-12 a string of that format, and one that every checker rejects.
FORMATS = {
    "date-time": ("2026-06-15T19:47:34Z", "2026-06-15 at noon"),
    "date": ("2026-06-15", "2026-13-01"),
    "time": ("19:47:34Z", "25:00:00Z"),
    "duration": ("PT5S", "5 seconds"),
    "email": ("someone@example.com", "someone.example.com"),
    "idn-email": ("someone@example.com", "someone.example.com"),
    "hostname": ("media.example.com", "-media-.example.com"),
    "idn-hostname": ("media.example.com", "-media-.example.com"),
    "ipv4": ("192.0.2.1", "192.0.2.256"),
    "ipv6": ("2001:db8::1", "2001:db8:::1"),
    "uri": ("https://media.example.com/clip.mp4", "not a URI"),
    "uri-reference": ("/clip.mp4", "\\clip.mp4"),
    "iri": ("https://media.example.com/clip.mp4", "not an IRI"),
    "iri-reference": ("/clip.mp4", "\\clip.mp4"),
    "uuid": ("7449093b-e574-41a5-8308-05e4692fa652", "7449093b-e574-41a5-8308"),
    "uri-template": ("https://media.example.com/{name}", "https://media.example.com/{name"),
    "json-pointer": ("/keyframes/0", "keyframes/0"),
    "relative-json-pointer": ("0/keyframes", "/keyframes"),
    "regex": ("^[a-z]+$", "^[a-z+$"),
}

#: For each format with texts of several lengths: the beginning, the characters that repeat and the
#: end of a text, the most realistic first.
_SHAPES = {
    "date-time": (("2026-06-15T19:47:34.0", "0", "Z"), ("2026-06-15T19:47:34+00:00", "", "")),
    "time": (("19:47:34.0", "0", "Z"), ("19:47:34+00:00", "", "")),
    "duration": (("PT5", "0", "S"), ("P1D", "", "")),
    "email": (("someone", "a", "@example.com"), ("a", "a", "@b"), ("a@b", "a" * 40 + ".", "b")),
    "idn-email": (("someone", "a", "@example.com"), ("a", "a", "@b"), ("a@b", "a" * 40 + ".", "b")),
    "hostname": (("media.example", "e" * 40 + ".", ".com"), ("a", "a", "")),
    "idn-hostname": (("media.example", "e" * 40 + ".", ".com"), ("a", "a", "")),
    "ipv4": (
        *((f"{end}.0.2.1", "", "") for end in ("1", "10", "100")),
        *((f"192.168.100.{end}", "", "") for end in ("1", "10", "100")),
    ),
    "ipv6": (("::", "", ""), ("::1", "1", ""), ("1:2:3:4:5:6:7:8", "", "")),
    "uri": (("https://media.example.com/clip.mp4", "a", ""), ("a:", "a", "")),
    "uri-reference": (("/clip.mp4", "a", ""), ("", "a", "")),
    "iri": (("https://media.example.com/clip.mp4", "a", ""), ("a:", "a", "")),
    "iri-reference": (("/clip.mp4", "a", ""), ("", "a", "")),
    "uri-template": (("https://media.example.com/{name}", "a", ""), ("", "a", "")),
    "json-pointer": (("/keyframes/0", "0", ""), ("/", "a", ""), ("", "", "")),
    "relative-json-pointer": (("0/keyframes", "a", ""), ("0/", "a", ""), ("1", "0", "")),
    "regex": (("^[a-z]+$", "$", ""), ("", "a", "")),
}

#: Most samples of a pattern that are read, and most variants of one text.
_MAX_SAMPLES = 400
_MAX_VARIANTS = 60


def formed(
    names: Sequence[str], patterns: Sequence[str], known: Sequence[str], low: int, high: float
) -> Iterator[str]:
    """Distinct texts of `low` to `high` characters that have every format of `names`.

    Args:
        names: Names of formats in `FORMATS`.
        patterns: Patterns that the texts should match; samples of them are tried too.
        known: Texts that come first if they have the formats.
        low: The fewest characters.
        high: The most characters.
    """
    samples = (text for pattern in patterns for text in _around(pattern, low, high))
    made = (text for name in names for text in _of_length(name, low))
    bases = dict.fromkeys([*known, *made, *samples])
    fitting = [text for text in bases if _fits(names, text, low, high)]
    yield from fitting
    for text in fitting:
        yield from islice((t for t in _variants(text) if _fits(names, t, low, high)), _MAX_VARIANTS)


def unformed(
    name: str, patterns: Sequence[str], low: int, high: float, others: Sequence[str] = ()
) -> list[str]:
    """Texts of `low` to `high` characters that lack the format `name`, the likeliest first."""
    samples = (text for pattern in patterns for text in _around(pattern, low, high))
    found = dict.fromkeys([FORMATS[name][1], *others, *samples])
    return [t for t in found if low <= len(t) <= high and not has_format(name, t)]


@lru_cache(maxsize=64)
def _test(name: str) -> Callable[[str], bool]:
    from jsonschema_rs import Draft202012Validator

    is_valid: Callable[[str], bool]
    is_valid = Draft202012Validator({"format": name}, validate_formats=True).is_valid
    return is_valid


def has_format(name: str, text: str) -> bool:
    """Whether jsonschema-rs accepts `text` as of the format `name`."""
    return _test(name)(text)


def _fits(names: Sequence[str], text: str, low: int, high: float) -> bool:
    return low <= len(text) <= high and all(has_format(name, text) for name in names)


def _of_length(name: str, low: int) -> Iterator[str]:
    yield FORMATS[name][0]
    for start, repeated, end in _SHAPES.get(name, ()):
        missing = max(0, low - len(start) - len(end))
        yield start + _repeat(repeated, missing) + end


def _repeat(text: str, length: int) -> str:
    """`text` repeated and cut to `length`; a dot at the cut would end a label too early."""
    filler = (text * (length // len(text) + 1))[:length] if text else ""
    return filler[:-1] + text[0] if filler.endswith(".") else filler


def _around(pattern: str, low: int, high: float) -> Iterator[str]:
    """Samples of a pattern, alone and with a letter before or after."""
    for text in islice(matching(pattern, 0, high), _MAX_SAMPLES):
        yield text
        missing = max(1, low - len(text))
        yield "a" * missing + text
        yield text + "a" * missing


def _variants(text: str) -> Iterator[str]:
    """`text` with one letter or digit exchanged, from the end."""
    for index in reversed(range(len(text))):
        if text[index].isalnum():
            for char in "0123456789abcdef":
                if char != text[index]:
                    yield text[:index] + char + text[index + 1 :]
