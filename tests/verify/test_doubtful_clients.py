"""Clients that differ on gray inputs: what the doubt excuses is advice, and nothing else is."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable
from typing import Any

import pytest
from driving import FIXTURES, drive, found

from aleph_contract.core.results import Verification
from aleph_contract.drivers.python import PythonDriver

sys.path.insert(0, str(FIXTURES / "broken"))

import correct  # type: ignore[import-not-found]  # found on the path set above

#: Gray cases, and portable ones with the same kinds of values.
CASES = (
    "probe/*",
    "combination/text/prompt/*",
    "combination/uri/video_uri/*",
    "combination/all",
    "boundary/prompt/m*",
)


def every_text(value: Any, change: Callable[[str], str]) -> Any:
    """`value` with every string changed; keys stay."""
    if isinstance(value, dict):
        return {name: every_text(child, change) for name, child in value.items()}
    if isinstance(value, list):
        return [every_text(child, change) for child in value]
    return change(value) if isinstance(value, str) else value


def is_refusable(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cn", "Zl") and char not in "\n\r\t\u200d"


def refuses_doubtful(edit: Any, **call: str) -> str:
    """Allowed: counts UTF-16 units, wants https or a documented scheme, and refuses controls."""
    prompt, uri = edit.get("prompt"), edit.get("video_uri")
    if isinstance(prompt, str) and (
        len(prompt.encode("utf-16-le", "surrogatepass")) > 2 * 1000
        or any(map(is_refusable, prompt))
        or (prompt and not prompt.strip())
    ):
        raise correct.RunError("the prompt is not plain text")
    schemes = ("https://", "runway://", "data:")
    if isinstance(uri, str) and (not uri.startswith(schemes) or " " in uri or "/../" in uri):
        raise correct.RunError("the address is not a URI")
    if edit.get("keyframes") and edit.get("prompt_images"):
        raise correct.RunError("give one list of images")
    duration = edit.get("duration")
    if isinstance(duration, (int, float)) and duration > 30:
        raise correct.RunError("the video is too long")
    return str(correct.run(edit, **call))


def has_doubles_only(edit: Any, **call: str) -> str:
    """Allowed: reads every number as a double, and replaces what UTF-8 or C cannot hold."""

    def double(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: double(child) for name, child in value.items() if name}
        if isinstance(value, list):
            return [double(child) for child in value]
        if isinstance(value, int) and not isinstance(value, bool):
            return int(float(value)) if abs(value) < 10**300 else 10**300
        return value

    def held(text: str) -> str:
        return text.partition("\0")[0].encode("utf-8", "replace").decode()

    return str(correct.run(every_text(double(edit), held), **call))


def verified(client: Callable[..., Any]) -> Verification:
    return drive(PythonDriver(client), *CASES)


def test_refusing_what_is_in_doubt_is_advice() -> None:
    run = verified(refuses_doubtful)
    assert found(run, "must") == {}
    advice = found(run, "advice")
    assert advice.keys() == {"boundary.accepted"}
    refused = {line.partition(":")[0] for line in advice["boundary.accepted"]}
    assert refused >= {
        "combination/all",
        "probe/prompt/length-utf16",
        "probe/prompt/control",
        "probe/prompt/blank",
        "probe/video_uri/with-a-space",
        "probe/together/keyframes+prompt_images",
        "probe/duration/beyond-the-prose",
    }


def test_changing_what_cannot_travel_is_advice() -> None:
    run = verified(has_doubles_only)
    assert found(run, "must") == {}
    advice = found(run, "advice")
    assert {"request.faithful", "boundary.not-repaired"} >= advice.keys()
    assert "probe/prompt/nul" in str(advice["request.faithful"])


@pytest.mark.parametrize(
    ("changed", "change"),
    [
        ("probe/prompt/control", lambda text: text.replace("\x01", "")),
        ("probe/prompt/zero-width", lambda text: text.replace("\u200b", "")),
        ("probe/prompt/length-utf16", lambda text: text.replace("\U0001f305" * 1000, "x" * 1000)),
        ("probe/video_uri/with-a-space", lambda text: text.replace("mp4 2", "mp4%202")),
        ("probe/video_uri/dot-segments", lambda text: text.replace("/../x", "")),
        ("combination/text/prompt/emoji", lambda text: text.replace("\U0001f305", "?")),
        ("combination/text/prompt/windows-line-ends", lambda text: text.replace("\r", "")),
        ("combination/text/prompt/tabs", lambda text: text.expandtabs()),
        ("combination/uri/video_uri/not-normalised", lambda text: text.replace(":443", "")),
        ("combination/uri/video_uri/query-without-path", lambda text: text.replace("m?", "m/?")),
    ],
)
def test_changing_what_is_portable_or_in_doubt_of_acceptance_is_a_must_finding(
    changed: str, change: Callable[[str], str]
) -> None:
    def changes(edit: Any, **call: str) -> str:
        return str(correct.run(every_text(edit, change), **call))

    run = drive(PythonDriver(changes), changed)
    assert found(run, "must").keys() == {"request.faithful"}
