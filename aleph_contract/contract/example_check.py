"""Choose the documented examples that can be used: those that agree with the schemas.

Published entries hold examples whose reply is a stream, is missing, or is a summary that the output
schema does not allow. Such an example is left out, and a note names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aleph_contract.contract.examples import Example, example_of, readings, reply_of
from aleph_contract.contract.formats import Remark
from aleph_contract.schema.validation.messages import place
from aleph_contract.schema.validation.validator import Validator
from aleph_contract.schema.validation.violations import Violation, leaves


def usable(
    examples: Sequence[Any], validators: Mapping[str, Validator], notes: list[Remark]
) -> Iterator[Example]:
    """The examples that agree with the schemas; of each other one, a note.

    Args:
        examples: The examples as published.
        validators: The validators of `input` and `output`.
        notes: Receives the notes.
    """
    for index, example in enumerate(examples):
        problem = _misshapen(example) or _contradiction(example, validators)
        if problem:
            where, reason = problem
            name = example.get("name") if isinstance(example, Mapping) else None
            named = f"the example {name!r}" if isinstance(name, str) else "the example"
            notes.append((f"/examples/{index}{where}", f"{named} is left out: it {reason}"))
            continue
        accepts = validators["output"].is_valid
        reply = reply_of(example)
        yield example_of(example, reply, next(filter(accepts, readings(reply))))


def _misshapen(example: Any) -> Remark | None:
    if not isinstance(example, Mapping):
        return "", "is not an example: that is an object"
    for member in ("name", "input"):
        if member not in example:
            return "", f"has no `{member}`; an example has one"
    if example.get("raw_response") is None and "output" not in example:
        return "", "shows no `output` and no `raw_response`; an example needs one of them"
    return None


def _contradiction(
    example: Mapping[str, Any], validators: Mapping[str, Validator]
) -> Remark | None:
    """Where an example violates its schema, or streams; `None` if it agrees."""
    wrong = _first(validators["input"], example["input"])
    if wrong:
        return _contradicts("input", "input", wrong)
    reply = reply_of(example)
    if any(map(validators["output"].is_valid, readings(reply))):
        return None
    member = "output" if example.get("raw_response") is None else "raw_response"
    if isinstance(reply, list):
        return f"/{member}", f"is a stream of {len(reply)} events, not one reply"
    wrong = _first(validators["output"], next(readings(reply)))
    return _contradicts(member, "output", wrong) if wrong else None


def _first(validator: Validator, value: Any) -> Violation | None:
    return next(iter(leaves(validator.violations(value))), None)


def _contradicts(member: str, part: str, wrong: Violation) -> Remark:
    subject = "the input" if part == "input" else "the result"
    message = wrong.message.replace(place(()), subject, not wrong.instance)
    return f"/{member}{wrong.instance}", f"contradicts the {part} schema: {message}"
