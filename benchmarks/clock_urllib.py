"""A client with the standard library, for `clock.py`."""

from __future__ import annotations

import json
from typing import Any
from urllib.request import Request, urlopen

MODEL = "runwayml/aleph-2"


def urllib_40(edit: dict[str, Any], base_url: str, account_id: str, api_token: str) -> str:
    """A time-out of 40 s on the socket, no repetition."""
    request = Request(  # noqa: S310 - http
        f"{base_url}/accounts/{account_id}/ai/run",
        json.dumps({"model": MODEL, "input": edit}).encode(),
        {"Authorization": f"Bearer {api_token}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=40) as reply:  # noqa: S310 - http
        return str(json.load(reply)["result"]["video"])
