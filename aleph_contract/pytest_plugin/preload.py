"""Load what this package loads lazily before a test starts.

Libraries such as pyfakefs replace the file system for the time of a test. A module or a data file
that is loaded for the first time in such a test is then not found.
"""

from __future__ import annotations

import codecs
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from importlib import import_module

from aleph_contract.cases.shipped import catalogue_of
from aleph_contract.contract import Contract
from aleph_contract.contract.doubts import doubts_of
from aleph_contract.contract.prices import quantities
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.clock import of_this_process
from aleph_contract.core.jsonvalue import dumps

#: Seconds of the machine that a call may take.
_TIMEOUT = 5.0

#: Modules that are imported inside functions: for every use of a contract, and for a verification.
_FOR_CONTRACTS = ("aleph_contract.contract.entry_check",)
_FOR_VERIFICATIONS = (
    "aleph_contract.drivers.python",
    "aleph_contract.pytest_plugin.conformance",
    "aleph_contract.verify.property_phase",
    "aleph_contract.verify.runner",
    "fake_server.server",
)


def preload(*, verifier: bool, fake: bool) -> None:
    """Load the shipped contract and its validators.

    Args:
        verifier: Whether the tests use the verifier.
        fake: Whether they use a fake of this process.
    """
    for name in (*_FOR_CONTRACTS, *(_FOR_VERIFICATIONS if verifier else ())):
        import_module(name)
    codecs.lookup("idna")  # of host names; a failed look-up is remembered
    contract = Contract.load()
    validator = validator_for(contract)
    validator.is_valid({})
    validator.reference_violations({})
    doubts_of(contract.model)
    quantities("second", contract.input_schema)
    catalogue_of(contract)
    if verifier or fake:
        _call_a_fake(contract)


def _call_a_fake(contract: Contract) -> None:
    """Call a fake once with a valid input and once with an invalid one."""
    from fake_server.server import running  # 0.1 s, which only some suites need

    with running(contract) as server, suppress(OSError, HTTPException):
        account = server.account()
        for given in (contract.examples[0].input if contract.examples else {}, {}):
            connection = HTTPConnection(server.binding_address, timeout=of_this_process(_TIMEOUT))
            body = dumps({"model": contract.model, "input": given})
            headers = {
                "Authorization": f"Bearer {account.token}",
                "Content-Type": "application/json",
            }
            path = f"/client/v4/accounts/{account.id}/ai/run"
            connection.request("POST", path, body.encode(), headers)
            connection.getresponse().read()
            connection.close()
