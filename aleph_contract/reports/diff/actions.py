"""The advice to the owner of a client about a breaking change, in one sentence."""

from __future__ import annotations

from aleph_contract.core.escaping import join_first, one_line
from aleph_contract.evolution.aiming import SELECTING
from aleph_contract.evolution.records import Change
from aleph_contract.schema.pointers import parts

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
    *around, name = parts(change.pointer) or [""]
    if change.pointer == "/model_id":
        words = "stop calling {old}" if change.removed else "call {new} in place of {old}"
        return one_line(words.format(old=change.old, new=change.new))
    if change.pointer == "/format":
        return one_line(f"send calls in the form of {change.new} entries")
    if name == "required" and around[-1:] != ["properties"] and (sentence := _required(change)):
        return one_line(sentence)
    if around[-1:] == ["properties"] and change.side == "requests" and change.removed:
        return one_line(f"stop sending {name}")
    if around[-1:] == ["properties"] and change.side == "replies" and change.added:
        return one_line(f"accept {name} in results")
    return one_line(_OTHERWISE[change.side].format(place=change.place, name=name))


def _required(change: Change) -> str:
    """The sentence for other required members; empty where only some objects need them."""
    old, new = set(change.old or ()), set(change.new or ())
    names = join_first(sorted(new - old if change.side == "requests" else old - new), _MAX_NAMES)
    if not names or not SELECTING.isdisjoint(parts(change.pointer)):
        return ""
    if change.side == "replies":
        return f"accept results without {names}"
    place = change.pointer.removesuffix("/required")
    return f"send {names} in {f'each object of {place}' if place else 'every call'}"
