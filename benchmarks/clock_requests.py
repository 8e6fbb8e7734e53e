"""A client with requests, for `clock.py`."""

from __future__ import annotations

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

MODEL = "runwayml/aleph-2"


def requests_retries(edit: dict[str, Any], base_url: str, account_id: str, api_token: str) -> str:
    """A time-out of 45 s; urllib3 repeats twice, also a POST, and honours Retry-After."""
    retry = Retry(
        total=2,
        backoff_factor=2,
        status_forcelist=(429, 500, 502, 503, 504, 524),
        allowed_methods=None,
    )
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=retry))
        reply = session.post(
            f"{base_url}/accounts/{account_id}/ai/run",
            headers={"Authorization": f"Bearer {api_token}"},
            json={"model": MODEL, "input": edit},
            timeout=45,
        )
    reply.raise_for_status()
    return str(reply.json()["result"]["video"])
