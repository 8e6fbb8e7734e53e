"""The rules that the user wants judged: `--rule GLOB` and `--skip-rule GLOB`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aleph_contract.core.results import CaseResult
from aleph_contract.errors import ArgumentError
from aleph_contract.rules import RULES, matches


@dataclass(frozen=True, slots=True)
class RuleSelection:
    """Globs over rule ids, present or earlier ones.

    Args:
        only: The rules to judge; if empty, all.
        skip: The rules to leave out.
        rules: The ids that there are: those of the client, unless servers are judged too.

    Raises:
        ArgumentError: A glob matches no rule, or no rule is left.
    """

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    rules: tuple[str, ...] = tuple(RULES)

    def __post_init__(self) -> None:
        for option, globs in (("--rule", self.only), ("--skip-rule", self.skip)):
            for glob in globs:
                if not any(matches(rule, glob) for rule in self.rules):
                    raise ArgumentError(
                        f"{option} {glob}: matches no rule; `aleph-contract rules` lists them"
                    )
        if not any(rule in self for rule in self.rules):
            raise ArgumentError("--rule and --skip-rule leave no rule")

    def __contains__(self, rule: str) -> bool:
        return (not self.only or _matches(rule, self.only)) and not _matches(rule, self.skip)

    @property
    def narrow(self) -> bool:
        """Whether any rule is left out."""
        return bool(self.only or self.skip)

    def apply(self, result: CaseResult) -> CaseResult:
        """The result of a case with the selected rules alone."""
        if not self.narrow:
            return result
        findings = tuple(finding for finding in result.findings if finding.rule in self)
        judged = result.status in ("passed", "failed")
        broken = any(finding.level == "must" for finding in findings)
        return replace(
            result,
            checked=tuple(rule for rule in result.checked if rule in self),
            findings=findings,
            status=("failed" if broken else "passed") if judged else result.status,
        )


def _matches(rule: str, globs: Iterable[str]) -> bool:
    return any(matches(rule, glob) for glob in globs)
