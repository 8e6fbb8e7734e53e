"""A run with urllib of the standard library, and one with requests."""

from __future__ import annotations

import json
import os
import urllib.request

import requests

ACCOUNT = os.environ["CLOUDFLARE_ACCOUNT_ID"]
URL = f"https://api.cloudflare.com/client/v4/accounts/{ACCOUNT}/ai/run"
HEADERS = {
    "Authorization": f"Bearer {os.environ['CLOUDFLARE_API_TOKEN']}",
    "Content-Type": "application/json",
}
INPUT = {"prompt": "Make it snow", "video_uri": "https://example.com/v.mp4", "duration": 5}
BODY = json.dumps({"model": "runwayml/aleph-2", "input": INPUT}).encode()

urllib.request.urlopen(urllib.request.Request(URL, BODY, HEADERS)).close()
requests.post(URL, BODY, headers=HEADERS, timeout=10).raise_for_status()
