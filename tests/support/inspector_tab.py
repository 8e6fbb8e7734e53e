"""Calls that the inspector shows, and what a tab shows of them."""

from __future__ import annotations

import json
from typing import Any

import httpx
from browser import Tab
from calling import HTTP

from aleph_contract.contract import Contract
from fake_server.account_handle import AccountHandle

GOOD = {"prompt": "The river at dusk", "video_uri": "https://example.com/a.mp4"}


def call(account: AccountHandle, given: Any = None, token: str | None = None) -> httpx.Response:
    """Run the model with `given` as input, or with `GOOD`."""
    return HTTP.post(
        f"{account.base_url}/accounts/{account.id}/ai/run",
        headers={"authorization": f"Bearer {token or account.token}"},
        json={"model": Contract.load().model, "input": GOOD if given is None else given},
    )


def row(account: AccountHandle, number: int) -> str:
    """A selector for the link of an exchange in the list."""
    return f"#x-{account.id}-{number} a"


def shows(tab: Tab, selector: str) -> Any:
    """Wait for an element and return its text."""
    return tab.wait(f"document.querySelector({json.dumps(selector)})?.innerText")
