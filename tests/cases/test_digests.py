"""The cases are the same bytes on every Python version and with every library version.

CI runs this with several versions. After an intended change: `python tests/cases/test_digests.py`.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from aleph_contract.cases import cases
from aleph_contract.contract import Contract
from aleph_contract.core.jsonvalue import dumps

ROOT = Path(__file__).parents[2]
DIGESTS = Path(__file__).with_name("digests.json")
CONTRACTS = {path.stem: path for path in sorted((ROOT / "fixtures/contracts").glob("*.json"))}
CONTRACTS["shipped"] = ROOT / "aleph_contract/contract/entries/runwayml__aleph-2.json"


def digest(path: Path) -> str:
    """SHA-256 of the name, polarity, constraint and JSON text of every case, in order."""
    found = hashlib.sha256()
    for case in cases(Contract.load(path)):
        key = case.constraint.key if case.constraint else ""
        text = dumps(case.input) if case.text is None else case.text
        line = f"{case.name}\t{case.polarity}\t{key}\t{text}\n"
        found.update(line.encode(errors="surrogatepass"))
    return found.hexdigest()


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_cases_are_those_of_the_recorded_digest(name: str) -> None:
    assert digest(CONTRACTS[name]) == json.loads(DIGESTS.read_text())[name]


if __name__ == "__main__":
    DIGESTS.write_text(json.dumps({n: digest(p) for n, p in CONTRACTS.items()}, indent=2) + "\n")
