"""A careful client in Python, whose test suites are scored."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

GOOD: dict[str, Any] = {
    "prompt": "Make it snow",
    "video_uri": "https://example.com/street.mp4",
    "seed": 7,
    "duration": 5,
    "keyframes": [
        {"uri": "https://example.com/first.png", "seconds": 0.5},
        {"uri": "https://example.com/last.png", "seconds": 4.25},
    ],
}


class EditError(Exception):
    """A call without a result."""

    def __init__(self, status: int, code: Any) -> None:
        super().__init__(f"status {status}, code {code}")
        self.status = status
        self.code = code


def edit(given: Mapping[str, Any], env: Mapping[str, str] = os.environ) -> str:
    """Run one edit and return the URL of its video."""
    request = urllib.request.Request(  # noqa: S310 - the address of the fake
        f"{env['CLOUDFLARE_BASE_URL']}/accounts/{env['CLOUDFLARE_ACCOUNT_ID']}/ai/run",
        json.dumps({"model": "runwayml/aleph-2", "input": given}).encode(),
        {
            "Authorization": f"Bearer {env['CLOUDFLARE_API_TOKEN']}",
            "Content-Type": "application/json",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=4) as response:  # noqa: S310 - the same
            return _video(response.status, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return _video(error.code, error.read())


def _video(status: int, raw: bytes) -> str:
    try:
        reply = json.loads(raw)
    except ValueError:
        raise EditError(status, None) from None
    reply = reply if isinstance(reply, dict) else {}
    result = reply.get("result")
    video = result.get("video") if isinstance(result, dict) else None
    completed = status == 200 and reply.get("state") == "Completed"
    if completed and isinstance(video, str) and "://" in video:
        return video
    errors = reply.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    raise EditError(status, first.get("code"))
