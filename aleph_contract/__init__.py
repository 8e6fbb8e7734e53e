"""A contract for `runwayml/aleph-2`: its cases, its fake, and the verifier of its clients.

Public names are imported on first use: a program that only reads the contract loads neither
Hypothesis nor FastAPI.

PYTEST_DONT_REWRITE: no module here uses `assert` as a test does. Without this word, pytest warns if
the package is imported before the plugin loads, and `-W error` ends the test run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aleph_contract.core.lazy_names import lazy_names
from aleph_contract.version import __version__

if TYPE_CHECKING:
    from aleph_contract import cases as cases
    from aleph_contract import rules as rules
    from aleph_contract import strategies as strategies
    from aleph_contract.cases.case import Case
    from aleph_contract.cases.constraints import Constraint, constraints
    from aleph_contract.contract import Contract
    from aleph_contract.contract.validate import validate
    from aleph_contract.core.exchange import Exchange
    from aleph_contract.core.outcome import Outcome
    from aleph_contract.core.results import CaseResult, Finding, Verification
    from aleph_contract.drivers.command import CommandDriver
    from aleph_contract.drivers.python import PythonDriver
    from aleph_contract.drivers.stdio import StdioDriver
    from aleph_contract.errors import AlephContractError, ArgumentError, ContractError
    from aleph_contract.rules import RULES
    from aleph_contract.schema.validation.violations import Violation
    from aleph_contract.verify.runner import Settings, verify_client

__all__ = [
    "RULES",
    "AlephContractError",
    "ArgumentError",
    "Case",
    "CaseResult",
    "CommandDriver",
    "Constraint",
    "Contract",
    "ContractError",
    "Exchange",
    "Finding",
    "Outcome",
    "PythonDriver",
    "Settings",
    "StdioDriver",
    "Verification",
    "Violation",
    "__version__",
    "cases",
    "constraints",
    "rules",
    "strategies",
    "validate",
    "verify_client",
]

#: Public name -> the module that defines it.
_DEFINED_IN = {
    "AlephContractError": "aleph_contract.errors",
    "ArgumentError": "aleph_contract.errors",
    "Case": "aleph_contract.cases.case",
    "CaseResult": "aleph_contract.core.results",
    "CommandDriver": "aleph_contract.drivers.command",
    "Constraint": "aleph_contract.cases.constraints",
    "Contract": "aleph_contract.contract",
    "ContractError": "aleph_contract.errors",
    "Exchange": "aleph_contract.core.exchange",
    "Finding": "aleph_contract.core.results",
    "Outcome": "aleph_contract.core.outcome",
    "PythonDriver": "aleph_contract.drivers.python",
    "RULES": "aleph_contract.rules",
    "Settings": "aleph_contract.verify.runner",
    "StdioDriver": "aleph_contract.drivers.stdio",
    "Verification": "aleph_contract.core.results",
    "Violation": "aleph_contract.schema.validation.violations",
    "constraints": "aleph_contract.cases.constraints",
    "validate": "aleph_contract.contract.validate",
    "verify_client": "aleph_contract.verify.runner",
}

#: Public names that are modules; `cases` can also be called.
_MODULES = ("cases", "rules", "strategies")

__getattr__ = lazy_names(__name__, _DEFINED_IN, _MODULES)


def __dir__() -> list[str]:
    return [*__all__]
