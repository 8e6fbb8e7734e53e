"""Rules that a client is judged by: the table, the checks, and the judges."""

from __future__ import annotations

from aleph_contract.rules.aliases import ALIASES, canonical, matches
from aleph_contract.rules.table import MAX_TRIES, RULES, Rule

__all__ = ["ALIASES", "MAX_TRIES", "RULES", "Rule", "canonical", "matches"]
