"""Each recipe of CONTRIBUTING works, and a missing step makes a test or a load fail."""

from __future__ import annotations

import copy
import http.client
import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from aleph_contract.cases import cases
from aleph_contract.cli import cli
from aleph_contract.commands.glossary import names
from aleph_contract.commands.words import WORDS
from aleph_contract.contract import Contract
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import ContractError
from aleph_contract.rules import RULES, Rule
from aleph_contract.rules.checks import CHECKS
from aleph_contract.rules.evidence import Evidence
from aleph_contract.schema.boundaries import BOUNDARIES
from aleph_contract.verify import plans
from aleph_contract.verify.runner import Settings, verify_client
from fake_server.replies.faults import FAULTS
from fake_server.server import running

SHIPPED = Path(__file__).parents[2] / "aleph_contract/contract/entries/runwayml__aleph-2.json"


def call(given: object, *, base_url: str, account_id: str, api_token: str) -> str:
    """A client of the documented profile that checks only the status."""
    host = base_url.removeprefix("http://").partition("/")[0]
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request(
            "POST",
            f"/client/v4/accounts/{account_id}/ai/run",
            json.dumps({"model": "runwayml/aleph-2", "input": given}),
            {"Authorization": f"Bearer {api_token}", "Content-Type": "application/json"},
        )
        reply = connection.getresponse()
        body = reply.read()
    finally:
        connection.close()
    if reply.status != 200:
        raise RuntimeError(f"{reply.status} {body!r}")
    video: str = json.loads(body)["result"]["video"]
    return video


def test_a_rule_is_a_line_in_two_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    def short(e: Evidence) -> str | None:
        return "asked for rain" if "sunset" in str(e.intended) else ""

    rule = Rule("request.dry", "never asks for rain", "documented", "must", "W.", "B.", "M.")
    monkeypatch.setitem(RULES, rule.id, rule)
    monkeypatch.setitem(CHECKS, rule.id, short)
    found = verify_client(PythonDriver(call), settings=Settings(run=("examples",)))
    broken = {r.name: [f.rule for f in r.broken] for r in found.results if r.broken}
    assert broken == {"example/simple-video-edit": ["request.dry"]}
    assert "never asks for rain" in CliRunner().invoke(cli, ["rules"]).output


def test_a_fault_is_a_line_in_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    fault = replace(FAULTS["unavailable"], name="on-holiday", title="the service is on holiday")
    monkeypatch.setitem(FAULTS, fault.name, fault)
    with running() as server, pytest.raises(RuntimeError, match="503"):
        call(
            {"prompt": "a", "video_uri": "https://example.com/a.mp4"},
            base_url=server.base_url,
            account_id="0" * 32,
            api_token="fault-on-holiday",
        )
    planned = [plan.name for plan in plans.faults(Contract.load())]
    assert "fault/on-holiday/once" in planned


def test_an_assertion_without_a_function_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BOUNDARIES, "maxLength")
    with pytest.raises(ContractError, match="maxLength"):
        Contract.load(SHIPPED)


def test_a_contract_is_a_file(tmp_path: Path) -> None:
    entry = copy.deepcopy(json.loads(SHIPPED.read_text()))
    entry["model_id"] = "acme/other"
    entry["schema"]["input"]["properties"]["prompt"]["maxLength"] = 70
    path = tmp_path / "other.json"
    path.write_text(json.dumps(entry))
    found = cases(Contract.load(path), constraint="prompt/maxLength")
    assert {len(c.input["prompt"]) for c in found if c.portable} == {70, 71}


def test_what_is_in_a_table_can_be_explained() -> None:
    assert {*RULES, *FAULTS, *WORDS} <= set(names())
