"""The OpenAPI document and the documentation page of the control API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from control_client import ACCOUNT_PATH, API, ControlClient

from fake_server.replies.outcomes import OUTCOMES


def test_the_openapi_document_describes_every_endpoint(client: ControlClient) -> None:
    document = client.get(f"{API}/openapi.json").json()
    operations = {
        (method, path.removeprefix(API))
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert operations == {
        ("get", "/health"),
        ("get", "/ready"),
        ("get", "/contract"),
        ("get", "/faults"),
        ("get", "/coverage"),
        ("get", "/events"),
        ("get", "/metrics"),
        ("get", "/accounts"),
        ("post", "/accounts"),
        ("get", "/accounts/{account}/exchanges"),
        ("delete", "/accounts/{account}/exchanges"),
        ("get", "/accounts/{account}/scenario"),
        ("put", "/accounts/{account}/scenario"),
        ("delete", "/accounts/{account}/scenario"),
        ("get", "/accounts/{account}/bill"),
        ("get", "/accounts/{account}/verdict"),
        ("delete", "/accounts/{account}"),
        ("get", "/accounts/{account}/connections"),
        ("delete", "/accounts/{account}/connections"),
        ("get", "/tests"),
        ("post", "/tests"),
        ("put", "/tests/{number}"),
    }
    assert all(outcome in json.dumps(document) for outcome in OUTCOMES)
    for methods in document["paths"].values():
        for described in methods.values():
            assert described["tags"]
            assert described["description"]


def test_the_examples_in_the_openapi_document_work(client: ControlClient) -> None:
    paths = client.get(f"{API}/openapi.json").json()["paths"]

    def body(method: str, path: str) -> Any:
        return paths[f"{API}{path}"][method]["requestBody"]["content"]["application/json"]["schema"]

    (account,) = body("post", "/accounts")["examples"]
    assert client.post(f"{API}/accounts", json=account).status_code == 201
    step = body("put", "/accounts/{account}/scenario")["items"]["examples"][0]
    assert client.put(f"{ACCOUNT_PATH}/scenario", json=[step]).status_code == 200


def test_every_reference_in_the_openapi_document_resolves(client: ControlClient) -> None:
    text = client.get(f"{API}/openapi.json").text
    document = json.loads(text)
    for reference in set(_references(document)):
        node = document
        for key in reference.removeprefix("#/").split("/"):
            node = node[key]


def _references(node: Any) -> Iterator[str]:
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and isinstance(node.get("$ref"), str):
        yield node["$ref"]
    for child in children:
        yield from _references(child)


def test_the_documentation_page_loads_nothing_from_other_hosts(client: ControlClient) -> None:
    page = client.get(f"{API}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    for name in ("page.js", "page.css"):
        assert f'"docs/{name}"' in page.text
        assert client.get(f"{API}/docs/{name}").status_code == 200
    everything = page.text + client.get(f"{API}/docs/page.js").text
    assert "//" not in everything.replace("// ", "").replace("<!DOCTYPE", "")


@pytest.mark.parametrize("name", ["control.py", "..%2Fcontrol.py", "page.htm"])
def test_no_other_file_is_served_below_docs(client: ControlClient, name: str) -> None:
    assert client.get(f"{API}/docs/{name}").status_code == 404
