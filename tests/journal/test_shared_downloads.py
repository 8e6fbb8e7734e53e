"""A replica records downloads for accounts of the other."""

from __future__ import annotations

from calling import HTTP, post

from fake_server.server import Server

Replicas = tuple[Server, Server]


def test_a_download_with_the_token_of_an_account_is_recorded_for_it(replicas: Replicas) -> None:
    one, two = replicas
    account = one.account()
    file = post(account).json()["result"]["video"].replace(one.origin, two.origin)
    for token in (account.token, "of-no-account-at-all"):
        sent = HTTP.get(file, headers={"authorization": f"Bearer {token}"})
        assert (sent.status_code, sent.headers["content-type"]) == (200, "video/mp4")
    seen = [(x.outcome, x.credential) for x in account.exchanges]
    assert seen == [("completed", "accepted"), ("download", "accepted")]
    account.scenario("result-url-other-host")
    HTTP.get(post(account).json()["result"]["video"])
    assert account.exchanges[-1].outcome == "elsewhere"
