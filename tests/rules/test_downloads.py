"""Downloads with a token: which of them prove that it leaves the host of the API."""

from __future__ import annotations

import pytest
from sample_evidence import exchange

from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.downloads import host_name, judged_downloads, notes_on_downloads


def download(host: str, **changes: object) -> Exchange:
    return exchange(**{"outcome": "download", "method": "GET", "host": host} | changes)


CALL = exchange(host="api.example.com:443")
REFUSED = exchange(host="gateway.example.com", outcome="unauthenticated")
ELSEWHERE = exchange(host="moved.example.com", outcome="elsewhere")


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        ("API.Example.com:8790", "api.example.com"),
        ("api.example.com.", "api.example.com"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]:80", "::1"),
        ("[::1", ""),
        ("", ""),
        ("xn--nxasmq6b.X", "xn--nxasmq6b.x"),
    ],
)
def test_the_host_name_of_an_authority(authority: str, name: str) -> None:
    assert host_name(authority) == name


def test_only_a_download_from_a_host_without_a_call_proves_anything() -> None:
    own, refused = download("api.example.com"), download("gateway.example.com:1")
    other, moved = download("127.0.0.1:8790"), download("moved.example.com")
    judged = judged_downloads(iter([CALL, own, REFUSED, refused, ELSEWHERE, other, moved]))
    found = [(x.host, x.outcome) for x in judged]
    assert found == [
        ("api.example.com:443", "completed"),
        ("gateway.example.com", "unauthenticated"),
        ("moved.example.com", "elsewhere"),
        ("127.0.0.1:8790", "elsewhere"),
        ("moved.example.com", "elsewhere"),
    ]


def test_without_a_download_the_exchanges_are_those_given() -> None:
    given = (CALL, ELSEWHERE)
    assert judged_downloads(given) == given


def test_without_a_call_nothing_is_judged() -> None:
    assert judged_downloads([download("a.example"), ELSEWHERE]) == (ELSEWHERE,)


def test_the_note_counts_the_downloads_that_are_not_judged_by_account() -> None:
    one, other = download("api.example.com"), download("127.0.0.1")
    strange = download("api.example.com", account="b")
    assert list(notes_on_downloads([CALL, other])) == []
    [single] = notes_on_downloads(iter([CALL, one, other]))
    assert single == (
        "1 download of a result carried the token, which is not judged: the fake serves results at "
        "the host of the API, the real service at another host; to see whether the token goes "
        "there, let a test play the fault result-url-other-host, or add --intercept"
    )
    moved = exchange(host="other.example.com", account="b")
    assert list(notes_on_downloads([CALL, moved, strange])) == []
    [both] = notes_on_downloads([CALL, one, strange])
    assert both.startswith("2 downloads of results carried the token")
