"""What a client sent, and what it got."""

import httpx

from fake_server import running

with running() as server:
    account = server.account(profile="live")
    scene = {"prompt": "Make it night", "video_uri": "https://example.com/a.mp4"}
    httpx.post(
        f"{account.base_url}/accounts/{account.id}/ai/run",
        json={"model": "runwayml/aleph-2", "input": scene},
        headers={"Authorization": f"Bearer {account.token}"},
    )
    (exchange,) = account.wait_for(1)

assert exchange.json["model"] == "runwayml/aleph-2"
assert exchange.input == scene
assert exchange.result["video"].startswith("http")
assert (exchange.status, exchange.outcome, exchange.billed) == (200, "completed", True)
assert dict(exchange.request_headers)["authorization"] == "Bearer REDACTED"
