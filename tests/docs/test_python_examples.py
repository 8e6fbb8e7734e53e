"""The examples of the Python reference run, and every public member is documented."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from aleph_contract import Exchange
from fake_server import AccountHandle

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("example", sorted((DOCS / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_the_example_runs(example: Path) -> None:
    runpy.run_path(str(example))


@pytest.mark.parametrize("documented", [Exchange, AccountHandle])
def test_every_member_is_in_the_reference(documented: type) -> None:
    page = (DOCS / "reference" / "python.md").read_text()
    members = [name for name in vars(documented) if not name.startswith("_")]
    assert {"json", "input", "result"} <= {*members} or "settle" in members
    for name in members:
        assert f"{name}: " in page or f"### {documented.__name__}.{name}\n" in page, name
