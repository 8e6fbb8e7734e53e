"""Find the API token in what a client reported, and remove it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aleph_contract.core.jsonvalue import dumps
from aleph_contract.core.outcome import Outcome
from aleph_contract.core.secret import fixed_forms
from aleph_contract.drivers import REDACTED


def redact(outcome: Outcome, token: str) -> tuple[Outcome, tuple[str, ...]]:
    """Replace the token in an outcome by `REDACTED`, also in base64 and in hexadecimal digits.

    No escapes are sought: software escapes none of the characters of the fake's tokens.

    Returns:
        The outcome without the token, and the places where it was, such as `its error message`.
    """
    error, result = outcome.error, outcome.result
    forms = [form.decode() for form in fixed_forms(token.encode())]
    texts = {
        "its standard output": outcome.stdout,
        "its standard error": outcome.stderr,
        "its error message": error.message if error else "",
        "its error code": str(error.code) if error else "",
        "its result": result if isinstance(result, str) else dumps(result),
    }
    everything = "\n".join(texts.values())
    forms = [form for form in forms if form in everything]  # most often none
    leaks = tuple(place for place, text in texts.items() if any(f in text for f in forms))
    if not leaks:
        return outcome, ()

    def clean(value: Any) -> Any:
        for form in forms if isinstance(value, str) else ():
            value = value.replace(form, REDACTED)
        return value

    return replace(
        outcome,
        result=clean(result),
        error=error and replace(error, message=clean(error.message), code=clean(error.code)),
        reason=clean(outcome.reason),
        stdout=clean(outcome.stdout),
        stderr=clean(outcome.stderr),
    ), leaks
