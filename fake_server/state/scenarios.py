"""Scenarios: the faults that the next runs of an account get, in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from aleph_contract.errors import ArgumentError
from fake_server.replies.faults import Fault, find
from fake_server.replies.own_reply import OwnReply, own_reply

#: Bound on the numbers of a step and of an account: journals store some in 32 bits. 68 years.
MAX_NUMBER = 2**31 - 1


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """One step of a scenario.

    Args:
        fault: The fault; `None` for the normal response.
        times: Number of runs that get it, from 1; `None` for all later runs.
        retry_after: Seconds in a `Retry-After` header, or until its date if the fault has one.
        delay: Seconds before the response; for `drip`, seconds that its body takes.
        reply: The reply that the step carries; then `fault` is made from it.
    """

    fault: Fault | None
    times: int | None = 1
    retry_after: int | None = None
    delay: float | None = None
    reply: OwnReply | None = None

    def document(self) -> dict[str, Any]:
        """The step as `scenario` reads it."""
        name = None if self.fault is None else self.fault.name
        answer = {"fault": name} if self.reply is None else self.reply.document()
        rest = {"times": self.times, "retry_after": self.retry_after, "delay": self.delay}
        return answer | rest


def scenario(given: Any) -> tuple[ScenarioStep, ...]:
    """Parse a scenario as the control API and tests write it.

    Args:
        given: A list of steps; or the name of one fault, for all later runs; or `None` for no
            scenario. A step is a `ScenarioStep`; the name of a fault, for one run; or an object
            `{"fault", "times"?, "retry_after"?, "delay"?}`, whose `fault` may be `null` for the
            normal response. In place of `fault` a step may carry a reply of its own, with
            `status`, `headers` and `body`; one of them is enough.

    Raises:
        ArgumentError: A fault or field is unknown, or a value has the wrong type or is out of
            range; the message names the step and the valid values.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        return (ScenarioStep(find(given), times=None),)
    if not isinstance(given, Sequence):
        raise ArgumentError(f"a scenario is a list of steps, not {_shown(given)}")
    return tuple(_step(step, index) for index, step in enumerate(given))


#: The members of a step that carry a reply.
_REPLY_FIELDS = tuple(field.name for field in fields(OwnReply))

_FIELDS = (
    *(field.name for field in fields(ScenarioStep) if field.name != "reply"),
    *_REPLY_FIELDS,
)


def _step(given: Any, index: int) -> ScenarioStep:
    place = f"step {index}"
    if isinstance(given, ScenarioStep):
        return given
    if isinstance(given, str):
        return ScenarioStep(find(given))
    if not isinstance(given, Mapping):
        raise ArgumentError(f"{place} is an object with the fields {_listed(_FIELDS)}")
    unknown = [name for name in given if name not in _FIELDS]
    if unknown:
        raise ArgumentError(f"{place} has a field {unknown[0]!r}; it takes {_listed(_FIELDS)}")
    fault, reply = _answer(given, place)
    return ScenarioStep(
        fault,
        times=_count(given, "times", place, least=1, default=1),
        retry_after=_count(given, "retry_after", place, least=0, default=None),
        delay=_seconds(given, "delay", place),
        reply=reply,
    )


def _answer(given: Mapping[str, Any], place: str) -> tuple[Fault | None, OwnReply | None]:
    """The fault that a step names, or the reply that it carries, as a fault too."""
    name = given.get("fault")
    if any(given.get(member) is not None for member in _REPLY_FIELDS):
        if name is not None:
            raise ArgumentError(
                f"{place} has a fault and {_listed(_REPLY_FIELDS)}; use one of them"
            )
        reply = own_reply(given, place)
        return reply.fault(), reply
    if "fault" not in given:
        raise ArgumentError(f"{place} lacks the field 'fault', or a reply in 'status' and 'body'")
    if name is not None and not isinstance(name, str):
        raise ArgumentError(f"fault of {place} is a name or null, not {_shown(name)}")
    return (None if name is None else find(name)), None


def _count(
    given: Mapping[str, Any], name: str, place: str, *, least: int, default: int | None
) -> int | None:
    value = given.get(name, default)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= MAX_NUMBER:
        return value
    bounds = f"from {least} to {MAX_NUMBER}"
    raise ArgumentError(f"{name} of {place} is an integer {bounds}, not {_shown(value)}")


def _seconds(given: Mapping[str, Any], name: str, place: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MAX_NUMBER:
        return float(value)
    bounds = f"from 0 to {MAX_NUMBER}"
    raise ArgumentError(f"{name} of {place} is a number of seconds {bounds}, not {_shown(value)}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _shown(value: Any) -> str:
    return f"{json.dumps(value, default=repr)[:60]}"
