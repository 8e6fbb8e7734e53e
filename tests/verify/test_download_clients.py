"""Downloads of results: a token that leaves the host of the API is found, and it alone."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from calling import CONTRACT, HTTP, INPUT, PATIENCE, post
from driving import FIXTURES
from programs import needed

from aleph_contract.core.outcome import Outcome
from aleph_contract.core.results import CaseResult, Verification
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.rules.coverage import coverage
from aleph_contract.rules.traffic import judge_exchange, judge_traffic
from aleph_contract.verify.exec_command import run_command
from aleph_contract.verify.runner import Settings, verify_client
from fake_server.account_handle import AccountHandle
from fake_server.control.verdict import account_verdict
from fake_server.server import Server, running

sys.path.insert(0, str(FIXTURES / "broken"))

import correct  # type: ignore[import-not-found]

OTHER_HOST = "fault/result-url-other-host/once"
SAME_HOST = "fault/result-url-presigned/once"
Download = Callable[[str, str], None]


def fetch(url: str, **headers: str) -> None:
    """Download a result on a new connection."""
    correct.send(correct.Request(url, headers, b"", "GET"))


#: Where a client may put its token when it downloads: the headers, and what follows the URL.
CARRIES: dict[str, tuple[dict[str, str], str]] = {
    "authorization": ({"Authorization": "bearer TOKEN"}, ""),
    "gateway": ({"cf-aig-authorization": "Bearer TOKEN"}, ""),
    "cookie": ({"Cookie": "session=TOKEN; Path=/"}, ""),
    "other header": ({"X-Api-Key": "TOKEN"}, ""),
    "query": ({}, "token=TOKEN"),
}


def carrying(place: str) -> Download:
    """A client that sends its token in one of these places."""
    headers, query = CARRIES[place]

    def download(url: str, token: str) -> None:
        separator = "&" if "?" in url else "?"
        target = f"{url}{separator}{query.replace('TOKEN', token)}" if query else url
        fetch(target, **{name: text.replace("TOKEN", token) for name, text in headers.items()})

    return download


def by_host(url: str, token: str) -> None:
    """A session that sends its token to the host of the API only."""
    own = urlsplit(url).hostname == "127.0.0.1"
    fetch(url, **({"Authorization": f"Bearer {token}"} if own else {}))


def unreachable(url: str, _: str) -> None:
    """A machine or container where the fake's other host name leads to no fake."""
    if urlsplit(url).hostname == "localhost":
        raise ConnectionRefusedError


#: Clients that keep the token from the host of the result.
KEEPS: dict[str, Download] = {
    "no download": lambda _, __: None,
    "no token": lambda url, _: fetch(url),
    "by host": by_host,
    "key of the store": lambda url, _: fetch(url, Authorization="Bearer of-the-object-store"),
    "unreachable": unreachable,
}


def verified(download: Download) -> dict[str, CaseResult]:
    """The judged cases of a client that downloads each result on this machine."""

    def client(edit: Any, **call: str) -> str:
        video = str(correct.run(edit, **call))
        if urlsplit(video).hostname in ("127.0.0.1", "localhost"):
            download(video, call["api_token"])
        return video

    settings = Settings(run=(OTHER_HOST, SAME_HOST), max_examples=0)
    run = verify_client(PythonDriver(client), settings=settings)
    assert not run.trouble
    return {result.name: result for result in run.results}


def rules(*results: CaseResult) -> list[str]:
    return [finding.rule for result in results for finding in result.findings]


@pytest.mark.parametrize("place", CARRIES)
def test_a_token_that_is_sent_to_the_other_host_is_found(place: str) -> None:
    results = verified(carrying(place))
    [found] = [f for f in results[OTHER_HOST].findings if f.rule == "security.token-host"]
    assert found.level == "must"
    assert "with the download of " in found.message
    assert ".mp4 to localhost:" in found.message
    assert "security.token-host" not in rules(results[SAME_HOST])
    last = results[OTHER_HOST].exchanges[-1]
    assert (last.method, last.outcome) == ("GET", "elsewhere")
    assert "REDACTED" in repr(last)


@pytest.mark.parametrize("client", KEEPS)
def test_a_client_that_keeps_the_token_is_not_accused(client: str) -> None:
    results = verified(KEEPS[client])
    assert rules(*results.values()) == []
    assert {result.status for result in results.values()} == {"passed"}
    examined = "security.token-host" in results[OTHER_HOST].checked
    assert examined == (client not in ("no download", "unreachable"))


# -- with the programs that people use -----------------------------------------------------------


def by_requests(urls: list[str], headers: dict[str, str]) -> None:
    requests = pytest.importorskip("requests")
    for url in urls:
        requests.get(url, headers=headers, timeout=PATIENCE).raise_for_status()


def by_httpx(urls: list[str], headers: dict[str, str]) -> None:
    for url in urls:
        httpx.get(url, headers=headers).raise_for_status()


def by_urllib(urls: list[str], headers: dict[str, str]) -> None:
    for url in urls:
        asked = urllib.request.Request(url, headers=headers)  # noqa: S310 - the URL is the fake's
        urllib.request.urlopen(asked, timeout=PATIENCE).read()  # noqa: S310 - as above


def by_curl(urls: list[str], headers: dict[str, str]) -> None:
    words = [word for item in headers.items() for word in ("--header", ": ".join(item))]
    for url in urls:
        command = [needed("curl"), "-fsSL", *words, "--output", "/dev/null", url]
        subprocess.run(command, check=True, timeout=PATIENCE)


NODE = """
const [urls, headers] = JSON.parse(process.argv[1]);
for (const url of urls) if (!(await fetch(url, {headers})).ok) process.exit(1);
"""


def by_node(urls: list[str], headers: dict[str, str]) -> None:
    command = [needed("node"), "--input-type=module", "-e", NODE, json.dumps([urls, headers])]
    subprocess.run(command, check=True, timeout=PATIENCE)


@pytest.mark.parametrize("program", [by_requests, by_httpx, by_urllib, by_curl, by_node])
def test_programs_download_from_both_hosts(
    account: AccountHandle, program: Callable[[list[str], dict[str, str]], None]
) -> None:
    same = post(account).json()["result"]["video"]
    account.scenario("result-url-other-host")
    other = post(account).json()["result"]["video"]
    program([same, other], {})
    assert rules(*judge_traffic(account.exchanges, CONTRACT)) == []
    program([same, other], {"Authorization": f"Bearer {account.token}"})
    seen = [(x.outcome, x.credential, x.cost > 0) for x in account.exchanges]
    assert seen == [
        *[("completed", "accepted", True)] * 2,
        ("elsewhere", "missing", False),
        ("download", "accepted", False),
        ("elsewhere", "accepted", False),
    ]
    assert rules(*judge_traffic(account.exchanges[:-1], CONTRACT)) == []
    assert rules(*judge_traffic(account.exchanges, CONTRACT)) == ["security.token-host"]


# -- the judgement on traffic --------------------------------------------------------------------


def test_a_download_from_a_host_that_no_call_went_to_is_found(account: AccountHandle) -> None:
    """As under `--intercept`: the calls go to one host name, the fake serves results at another."""
    reply = post(account, headers={"host": "api.example.com"}).json()
    path = urlsplit(reply["result"]["video"]).path
    origin = account.base_url.removesuffix("/client/v4")
    HTTP.get(origin + path, headers={"authorization": f"Bearer {account.token}"})
    call, download = account.exchanges
    assert download.outcome == "download"
    [result] = judge_traffic([call, download], CONTRACT)
    assert rules(result) == ["security.token-host"]
    assert [x.outcome for x in result.exchanges] == ["completed", "elsewhere"]
    assert [f.rule for f in judge_exchange(download, [call], CONTRACT)] == ["security.token-host"]
    assert judge_exchange(call, [], CONTRACT) == ()
    found = account_verdict(account.id, [call, download], CONTRACT)
    assert (found.conformant, found.calls, found.exchanges) == (False, 1, 2)
    driven = replace(
        result,
        polarity="valid",
        constraint="seed/minimum",
        intended=INPUT,
        outcome=Outcome("result", path),
    )
    tried = {(row.constraint, row.observed) for row in coverage([driven], CONTRACT)}
    assert ("seed/minimum", "accepted") in tried


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "127.0.0.1.:9"])
def test_the_port_of_the_host_does_not_count(account: AccountHandle, host: str) -> None:
    post(account, headers={"host": host})
    call = account.exchanges[0]
    download = replace(call, outcome="download", method="GET", host="127.0.0.1:8790", number=2)
    assert rules(*judge_traffic([call, download], CONTRACT)) == []
    assert judge_exchange(download, [call], CONTRACT) == ()


def test_a_download_without_a_call_is_not_judged(account: AccountHandle) -> None:
    url = f"{account.base_url.removesuffix('/client/v4')}/__aleph__/media/"
    HTTP.get(f"{url}x", headers={"authorization": f"Bearer {account.token}"})
    assert [(x.outcome, x.status) for x in account.exchanges] == [("download", 404)]
    assert list(judge_traffic(account.exchanges, CONTRACT)) == []


CLIENT = """
import json, os, sys, urllib.request
headers = {"Authorization": "Bearer " + os.environ["CLOUDFLARE_API_TOKEN"]}
url = os.environ["CLOUDFLARE_BASE_URL"] + "/accounts/" + os.environ["CLOUDFLARE_ACCOUNT_ID"]
body = json.dumps({"model": "runwayml/aleph-2", "input": json.loads(sys.argv[1])}).encode()
run = urllib.request.Request(
    url + "/ai/run", body, {**headers, "Content-Type": "application/json"}
)
video = json.load(urllib.request.urlopen(run))["result"]["video"]
for sent in ({}, headers)[int(sys.argv[2]):]:
    urllib.request.urlopen(urllib.request.Request(video, headers=sent)).read()
"""


def executed(*, intercept: bool) -> Verification:
    """A command that downloads once without the token, once with it."""
    command = [sys.executable, "-c", CLIENT, json.dumps(INPUT), "0"]
    return run_command(command, intercept=intercept)


def test_exec_says_that_a_token_at_the_same_host_is_not_judged() -> None:
    found = executed(intercept=False)
    assert (rules(*found.results), found.exit_code) == ([], 0)
    [note] = [note for note in found.notes if "download" in note]
    assert note.startswith("1 download of a result carried the token, which is not judged")
    assert len(found.results[0].exchanges) == 1


def test_exec_finds_it_where_the_calls_are_intercepted() -> None:
    pytest.importorskip("trustme")
    found = executed(intercept=True)
    assert (rules(*found.results), found.exit_code) == (["security.token-host"], 1)
    assert not any("download" in note for note in found.notes)


# -- the fake ------------------------------------------------------------------------------------


SAMPLE = b"\0\0\0\x18ftypmp42my own sample"


@pytest.fixture
def signing(tmp_path: Path) -> Iterator[Server]:
    sample = tmp_path / "sample.mp4"
    sample.write_bytes(SAMPLE)
    with running(presigned=60, samples=[sample]) as server:
        yield server


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_file_is_the_same_at_both_hosts(signing: Server, name: str) -> None:
    """Also a part of it, with a signed URL, and of the user's own file."""
    account = signing.account()
    account.scenario("result-url-other-host")
    port = signing.binding_address.rpartition(":")[2]
    reply = post(account, headers={"host": f"{name}:{port}"}).json()
    url = reply["result"]["video"]
    assert urlsplit(url).hostname == {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}[name]
    assert HTTP.get(url).content.endswith(b"my own sample")
    assert HTTP.get(url, headers={"range": "bytes=-6"}).content == b"sample"
    whole = HTTP.head(url)
    assert (whole.status_code, whole.content) == (200, b"")
    assert int(whole.headers["content-length"]) == len(SAMPLE)
    assert HTTP.get(url[:-1]).status_code == 403
    assert HTTP.get(url.replace(account.id, "f" * 32)).status_code == 400
    assert [x.status for x in account.exchanges] == [200, 200, 206, 200, 403]


def test_a_documented_input_gets_its_result_at_the_other_host(account: AccountHandle) -> None:
    account.scenario("result-url-other-host")
    video = post(account, CONTRACT.examples[0].input).json()["result"]["video"]
    assert urlsplit(video).hostname == "localhost"


def test_a_download_without_a_token_of_the_api_is_not_recorded(server: Server) -> None:
    before = len(server.exchanges)
    account = server.account()
    video = post(account).json()["result"]["video"]
    basic = {"authorization": "Basic YWRtaW46YWRtaW4="}  # as a browser of the inspector sends it
    assert [HTTP.get(video, headers=sent).status_code for sent in ({}, basic)] == [200, 200]
    assert len(server.exchanges) == before + 1
