"""What a client did on its own account: credits, a scenario, the bill."""

import httpx

from fake_server import running

SCENE = {"prompt": "Make it night", "video_uri": "https://example.com/a.mp4", "duration": 5}


def run(env: dict[str, str]) -> int:
    """The client under test: one run; returns the status."""
    return httpx.post(
        f"{env['CLOUDFLARE_BASE_URL']}/accounts/{env['CLOUDFLARE_ACCOUNT_ID']}/ai/run",
        json={"model": "runwayml/aleph-2", "input": SCENE},
        headers={"Authorization": f"Bearer {env['CLOUDFLARE_API_TOKEN']}"},
    ).status_code


with running() as server:
    account = server.account(credits=5, spend_limit=4, profile="live")
    account.scenario([{"fault": "rate-limited"}, {"status": 503, "body": "busy"}])
    assert [run(account.env) for _ in range(3)] == [429, 503, 200]

    exchanges = account.wait_for(3)
    assert [exchange.fault for exchange in exchanges] == ["rate-limited", "own-reply", None]
    assert account.settle()
    assert (account.bill.runs, str(account.bill.usd)) == (1, "1.680")
    account.forget()
