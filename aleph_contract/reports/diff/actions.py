"""What the owner of a client does about a breaking change, in one sentence."""

from __future__ import annotations

from aleph_contract.core.escaping import join_first, one_line
from aleph_contract.evolution.records import Change

#: Names of members in one sentence.
_MAX_NAMES = 5

_OTHERWISE = {
    "requests": "send no input that {place} refuses now",
    "replies": "accept the results that {place} allows now",
    "billing": "count with the new price of {name}",
    "documentation": "read {place}",
}


def action(change: Change) -> str:
    """The sentence for a breaking change."""
    *around, name = change.pointer.split("/")
    if change.pointer == "/model_id":
        words = "stop calling {old}" if change.removed else "call {new} in place of {old}"
        return one_line(words.format(old=change.old, new=change.new))
    if change.pointer == "/format":
        return one_line(f"send calls in the form of {change.new} entries")
    if name == "required" and around[-1:] != ["properties"]:
        return _required(change)
    if around[-1:] == ["properties"] and change.side == "requests" and change.removed:
        return one_line(f"stop sending {name}")
    if around[-1:] == ["properties"] and change.side == "replies" and change.added:
        return one_line(f"accept {name} in results")
    return one_line(_OTHERWISE[change.side].format(place=change.place, name=name))


def _required(change: Change) -> str:
    old, new = set(change.old or ()), set(change.new or ())
    if change.side == "requests":
        where = "every call" if change.pointer == "/required" else f"each object of {change.place}"
        return one_line(f"send {_list(new - old)} in {where}")
    return f"accept results without {_list(old - new)}"


def _list(names: set[str]) -> str:
    return one_line(join_first(sorted(names), _MAX_NAMES))
