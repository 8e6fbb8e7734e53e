"""The cases of every entry: certified, at the right locations, the same bytes everywhere; draws.

One test for each entry, because building a catalogue is most of the work. CI runs this with several
Python and library versions. After an intended change: `python tests/cases/test_every_entry.py`.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from drawing import assert_draws_confirmed
from sample_cases import ENTRIES, SHIPPED, parts_at

from aleph_contract.cases import Case, cases, gaps
from aleph_contract.cases.certificates import holds
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.jsonvalue import dumps

DIGESTS = Path(__file__).with_name("digests.json")
CONTRACTS = {**ENTRIES, "shipped": SHIPPED}


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_catalogue_of_an_entry(name: str) -> None:
    contract = Contract.load(CONTRACTS[name])
    found = cases(contract)
    assert_certified(contract, found)
    assert_located(found)
    assert digest(found) == json.loads(DIGESTS.read_text())[name]
    assert gaps(contract) == ()
    assert_draws_confirmed(contract)


def assert_certified(contract: Contract, found: Iterable[Case]) -> None:
    """Valid cases are valid, and a certificate proves each violating one."""
    validator = validator_for(contract)
    for case in found:
        if case.polarity == "valid":
            assert validator.is_valid(case.input), case.name
        else:
            assert case.certificate
            assert holds(case.certificate, contract.input_schema, case.input), case.name


def assert_located(found: Iterable[Case]) -> None:
    """The input of each boundary case has a value at the location of its constraint."""
    for case in found:
        away = case.name.endswith("/absent")
        if case.kind == "boundary" and case.constraint and not away:
            assert parts_at(case.input, case.constraint.instance), case.name


def digest(found: Iterable[Case]) -> str:
    """SHA-256 of the name, polarity, constraint and JSON text of every case, in order."""
    hashed = hashlib.sha256()
    for case in found:
        key = case.constraint.key if case.constraint else ""
        text = dumps(case.input) if case.text is None else case.text
        line = f"{case.name}\t{case.polarity}\t{key}\t{text}\n"
        hashed.update(line.encode(errors="surrogatepass"))
    return hashed.hexdigest()


if __name__ == "__main__":
    made = {name: digest(cases(Contract.load(path))) for name, path in CONTRACTS.items()}
    DIGESTS.write_text(json.dumps(made, indent=2) + "\n")
