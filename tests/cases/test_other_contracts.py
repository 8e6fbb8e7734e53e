"""The other contracts use every keyword; none of them has code of its own."""

from __future__ import annotations

import ast

from sample_cases import ENTRIES, ROOT

from aleph_contract.cases.constraints import constraints
from aleph_contract.contract import Contract
from aleph_contract.schema.boundaries import BOUNDARIES


def test_the_other_contracts_use_every_keyword() -> None:
    def keywords(contract: Contract) -> set[str]:
        return {constraint.keyword for constraint in constraints(contract)}

    contracts = [Contract.load(path) for path in ENTRIES.values()]
    assert len(contracts) >= 20
    assert set().union(*map(keywords, contracts)) == set(BOUNDARIES)
    texts = "".join(path.read_text() for path in ENTRIES.values())
    for word in (
        "$ref", "$dynamicRef", "$anchor", "$defs", "allOf", "if", "then", "else", "prefixItems",
        "dependentSchemas", "patternProperties", "propertyNames", "format",
    ):  # fmt: skip
        assert f'"{word}"' in texts


def test_no_engine_module_names_a_field_of_a_model() -> None:
    """The modules that build cases take every field name from the contract."""
    fields = set(Contract.load().input_schema["properties"]) - {"duration", "seed"}
    engine = ROOT / "aleph_contract"
    modules = (engine / "cases" / f"{name}.py" for name in ("catalogue", "probes"))
    paths = [*modules, *(engine / "schema").rglob("*.py")]
    assert len(paths) > 30
    for path in paths:
        tree = ast.parse(path.read_text())
        words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
        assert not fields & {word for word in words if isinstance(word, str)}
