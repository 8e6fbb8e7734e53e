"""What holds for the catalogue of every contract."""

from __future__ import annotations

from aleph_contract.cases.catalogue import build
from aleph_contract.cases.certificates import holds
from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.contract.validate import validator_for
from aleph_contract.schema.pointers import follow


def served(contract: Contract) -> None:
    """Assert that both validators confirm every case, and that nothing is left out silently."""
    listed = constraints(contract)
    assert len({constraint.key for constraint in listed}) == len(listed)
    assert all(follow(contract.input_schema, c.schema) == c.limit for c in listed)
    validator = validator_for(contract)
    catalogue = build(contract)
    for case in catalogue.cases:
        if case.polarity == "valid":
            assert validator.is_valid(case.input)
            assert not validator.reference_violations(case.input)
        else:
            assert case.certificate
            assert holds(case.certificate, contract.input_schema, case.input)
    made = {(case.constraint.key, case.polarity) for case in catalogue.cases if case.constraint}
    assert all(gap.reason for gap in catalogue.gaps)
    left = {(gap.constraint.key, gap.polarity) for gap in catalogue.gaps if gap.constraint}
    wanted = {(c.key, polarity) for c in listed for polarity in ("valid", "violating")}
    assert wanted <= made | left
