"""The official SDK, configured by CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN alone."""

from __future__ import annotations

import os

from cloudflare import Cloudflare

PATH = f"/accounts/{os.environ['CLOUDFLARE_ACCOUNT_ID']}/ai/run"
INPUT = {"prompt": "Make it snow", "video_uri": "https://example.com/v.mp4", "duration": 5}

with Cloudflare() as client:
    body = {"model": "runwayml/aleph-2", "input": INPUT}
    client.post(PATH, body=body, cast_to=object)
