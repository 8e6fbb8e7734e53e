"""Presigned result URLs: they work as they are, and neither changed nor after they expire."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from calling import HTTP, INPUT, post

from fake_server.media.presigned import Presigner
from fake_server.server import Server, running

NAME = b"00000000-0000-8000-a000-000000000000.mp4"


@pytest.fixture
def server() -> Iterator[Server]:
    with running(presigned=86400) as started:
        yield started


def video(server: Server) -> str:
    response = post(server.account(), {**INPUT, "seed": 12345})
    url: str = response.json()["result"]["video"]
    return url


def test_a_url_is_signed_and_works_until_it_expires(server: Server) -> None:
    url = video(server)
    assert "?X-Amz-Algorithm=" in url
    assert "&X-Amz-Expires=86400&" in url
    response = HTTP.get(url)
    assert (response.status_code, response.headers["content-type"]) == (200, "video/mp4")


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.partition("?")[0],
        lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
        lambda url: url.replace("X-Amz-Expires=86400", "X-Amz-Expires=864000"),
        lambda url: url.replace("&", "&amp;"),
    ],
    ids=["without query", "other signature", "longer", "escaped"],
)
def test_a_changed_url_is_refused(server: Server, change: Callable[[str], str]) -> None:
    response = HTTP.get(change(video(server)))
    assert response.status_code == 403
    assert "SignatureDoesNotMatch" in response.text


def test_an_expired_url_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    presigner, now = Presigner(60), time.time()
    monkeypatch.setattr("aleph_contract.core.clock.time", lambda: now)
    query = presigner.query(NAME).removeprefix(b"?")
    assert presigner.problem(NAME, query) == ""
    monkeypatch.setattr("aleph_contract.core.clock.time", lambda: now + 59)
    assert presigner.problem(NAME, query) == ""
    monkeypatch.setattr("aleph_contract.core.clock.time", lambda: now + 62)
    assert presigner.problem(NAME, query) == "AccessDenied"


def test_a_signature_is_good_for_one_name_and_one_fake() -> None:
    query = Presigner(60).query(NAME).removeprefix(b"?")
    assert Presigner(60).problem(NAME, query) == "SignatureDoesNotMatch"


def test_urls_are_not_signed_by_default() -> None:
    with running() as server:
        assert "?" not in video(server)


def test_the_fast_path_signs_too(server: Server) -> None:
    account = server.account()
    for seed in (1, 2, 3):
        url = post(account, {**INPUT, "seed": seed}).json()["result"]["video"]
        assert HTTP.get(url).status_code == 200
