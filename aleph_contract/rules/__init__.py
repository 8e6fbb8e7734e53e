"""Rules that a client is judged by: the table, the checks, and the judges.

Public names are imported on first use: the fake reads only the retry policy and the aliases at its
start, and the table takes 6 ms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aleph_contract.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from aleph_contract.rules.aliases import ALIASES, canonical, matches
    from aleph_contract.rules.table import MAX_TRIES, RULES, Rule

__all__ = ["ALIASES", "MAX_TRIES", "RULES", "Rule", "canonical", "matches"]

#: Public name -> the module that defines it.
_DEFINED_IN = {
    "ALIASES": "aleph_contract.rules.aliases",
    "MAX_TRIES": "aleph_contract.rules.table",
    "RULES": "aleph_contract.rules.table",
    "Rule": "aleph_contract.rules.table",
    "canonical": "aleph_contract.rules.aliases",
    "matches": "aleph_contract.rules.aliases",
}

__getattr__ = lazy_names(__name__, _DEFINED_IN)


def __dir__() -> list[str]:
    return [*__all__]
