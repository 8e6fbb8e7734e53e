"""The endpoints of the fake as a whole, and access to the control API."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
from calling import PATIENCE
from control_client import API, ControlClient, append_exchange

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from fake_server.http.app import App
from fake_server.http.control_app import create_control
from fake_server.http.factory import create_app
from fake_server.replies import faults
from fake_server.server import Server

CONTRACTS = Path(__file__).parents[2] / "fixtures/catalog"


def test_health_names_the_model_and_the_profile(client: ControlClient) -> None:
    body = client.get(f"{API}/health").json()
    assert body["status"] == "ok"
    assert body["model"] == Contract.load().model
    assert body["profile"] == "documented"


def test_a_fake_without_a_database_is_always_ready(app: App, client: ControlClient) -> None:
    assert client.get(f"{API}/ready").json() == {"ready": True}
    elsewhere = {"x-forwarded-for": "10.1.2.3"}
    guarded = ControlClient(create_control(app, admin_token="secret"))
    statuses = {
        path: guarded.get(f"{API}/{path}", headers=elsewhere).status_code
        for path in ("health", "ready", "faults")
    }
    assert statuses == {"health": 200, "ready": 200, "faults": 401}


def test_the_contract_is_a_catalog_entry_that_loads(client: ControlClient) -> None:
    shipped = Contract.load()
    again = Contract.from_entry(client.get(f"{API}/contract").json(), source="the fake")
    assert (again.model, again.version) == (shipped.model, shipped.version)
    assert again.input_schema == shipped.input_schema
    assert again.output_schema == shipped.output_schema
    assert again.examples == shipped.examples
    assert again.price_per_second == shipped.price_per_second


def test_the_contract_of_a_named_model_is_returned() -> None:
    served = ContractSet.load([CONTRACTS])
    client = ControlClient(create_control(create_app(served)))
    for model in served:
        entry = client.get(f"{API}/contract", params={"model": model}).json()
        assert Contract.from_entry(entry, source="the fake").model == model
    unknown = client.get(f"{API}/contract", params={"model": "acme/none"})
    assert unknown.status_code == 404
    first = next(iter(served))
    assert unknown.json()["detail"].startswith("unknown model 'acme/none'; ")
    assert f"served: {first}, " in unknown.json()["detail"]
    near = client.get(f"{API}/contract", params={"model": first[:-1]})
    assert (near.status_code, first in near.json()["detail"]) == (404, True)


def test_every_fault_is_listed(client: ControlClient) -> None:
    body = client.get(f"{API}/faults").json()
    assert [fault["name"] for fault in body] == list(faults.FAULTS)


def test_coverage_counts_constraints_and_faults(client: ControlClient, app: App) -> None:
    append_exchange(app, fault="drip")
    append_exchange(app, fault="drip", account="f" * 32)
    body = client.get(f"{API}/coverage").json()
    assert {"fault": "drip", "played": 2} in body["faults"]
    assert {"fault": "hang", "played": 0} in body["faults"]
    assert any(row["observed"] == "never" for row in body["constraints"])


def test_other_sites_are_refused(client: ControlClient) -> None:
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        response = client.post(f"{API}/accounts", headers=headers)
        assert response.status_code == 403
        assert "Refused" in response.json()["detail"]


def test_dns_rebinding_is_refused(app: App) -> None:
    guarded = create_control(app, hosts=("127.0.0.1",))
    assert ControlClient(guarded, "http://evil.example").get(f"{API}/health").status_code == 403
    assert ControlClient(guarded, "http://localhost:8790").get(f"{API}/health").status_code == 200


def test_an_unknown_path_is_404_and_an_unknown_method_405(client: ControlClient) -> None:
    assert client.get(f"{API}/nothing").status_code == 404
    assert client.post(f"{API}/health").status_code == 405


def test_the_root_redirects_to_the_start_page(client: ControlClient) -> None:
    assert client.get("/").status_code == 200
    assert client.get(API).status_code == 200


def test_importing_the_app_does_not_import_fastapi() -> None:
    program = "import sys, fake_server.http.app; sys.exit('fastapi' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_head_is_answered_wherever_get_is(server: Server) -> None:
    """wait-on and `wget --spider` send HEAD to find out whether a server is ready."""
    account = server.account().id
    paths = ("", "health", "faults", "contract", "docs", "openapi.json", f"accounts/{account}/bill")
    with httpx.Client(base_url=server.inspector, trust_env=False, timeout=PATIENCE) as http:
        for path in paths:
            response, got = http.head(path), http.get(path)
            assert (response.status_code, got.status_code) == (200, 200), path
            assert response.content == b"", path
            assert response.headers["content-type"] == got.headers["content-type"], path
        assert http.head("events").headers["content-type"].startswith("text/event-stream")
        assert http.head("nosuch").status_code == 404
