"""Sources of test suites, ordinary ones and ones with a planted bug, that `exec` judges."""

from __future__ import annotations

CLIENT = """
import json, os, urllib.error, urllib.request

GOOD = {"prompt": "Make it snow", "video_uri": "https://example.com/a.mp4"}

def edit(given=GOOD, token=None, tries=1, **extra):
    env = os.environ
    request = urllib.request.Request(
        f"{env['CLOUDFLARE_BASE_URL']}/accounts/{env['CLOUDFLARE_ACCOUNT_ID']}/ai/run",
        json.dumps({"model": "runwayml/aleph-2", "input": given}).encode(),
        {"Authorization": f"Bearer {token or env['CLOUDFLARE_API_TOKEN']}",
         "Content-Type": "application/json"} | extra,
    )
    for left in reversed(range(tries)):
        try:
            reply = json.loads(urllib.request.urlopen(request).read())
        except urllib.error.HTTPError:
            if not left:
                raise
        else:
            return reply["result"]["video"]
"""

#: The suite of the bug report: seven honest tests with one body.
SEVEN = """
import pytest
from client import edit

@pytest.mark.parametrize("fault", ["unavailable", "bad-gateway", "rate-limited",
                                   "internal-error", "no-credits"])
def test_failure_is_an_error(fault):
    with pytest.raises(Exception):
        edit(token="fault-" + fault)

def test_edit():
    assert edit().startswith("http")

def test_edit_again():
    assert edit().startswith("http")
"""
NEGATIVE = """
import pytest
from client import GOOD, edit

def test_refusal():
    with pytest.raises(Exception, match="400"):
        edit(GOOD | {"seed": -1})
"""
AT_IMPORT = """
import os, pytest, client
ACCOUNT = os.environ["CLOUDFLARE_ACCOUNT_ID"]

@pytest.mark.parametrize("n", range(3))
def test_mixed(n, monkeypatch):
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", ACCOUNT)
    with pytest.raises(Exception):
        client.edit(client.GOOD | {"seed": -1})
"""
FIXTURE = """
import pytest, client

@pytest.mark.parametrize("fault", ["unavailable", "rate-limited", "bad-gateway"])
def test_fault(aleph_server, monkeypatch, fault):
    account = aleph_server.account()
    account.scenario([{"fault": fault}])
    for name, value in account.env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Exception):
        client.edit()
    assert [x.fault for x in account.exchanges] == [fault]
    assert client.edit().startswith("http")
    assert account.bill.runs == 1
"""
UNITTEST = """
import unittest, client

class TestEdit(unittest.TestCase):
    def test_one(self):
        self.assertTrue(client.edit().startswith("http"))

    def test_two(self):
        with self.assertRaises(Exception):
            client.edit(token="fault-rate-limited")
"""
BROKEN_FIXTURE = """
import pytest, client

def test_fault(aleph_server, monkeypatch):
    account = aleph_server.account()
    account.scenario([{"fault": "no-credits"}] * 2)
    for name, value in account.env.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Exception):
        client.edit(tries=2)
"""
BROKEN_SEVEN = SEVEN.replace(
    'edit(token="fault-" + fault)', 'edit(token="fault-" + fault, tries=3)'
)
BROKEN_PYTEST = """
import pytest, client

def test_retry():
    with pytest.raises(Exception):
        client.edit(token="fault-no-credits", tries=3)
"""
UNTYPED = """
import unittest, client

class TestEdit(unittest.TestCase):
    def test_one(self):
        try:
            client.edit(**{"Content-Type": "text/plain"})
        except Exception:
            pass
"""

SHELL = """
set -e
url=$CLOUDFLARE_BASE_URL/accounts/$CLOUDFLARE_ACCOUNT_ID/ai/run
input='{"prompt":"Snow","video_uri":"https://example.com/a.mp4"}'
curl -sS "$url" -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" -H "Content-Type: TYPE" \\
  -d '{"model":"runwayml/aleph-2","input":'"$input"'}' > reply.json
"""

PYTEST = (*("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "aleph_contract.pytest_plugin"),)

VITEST = """
import { expect, it } from "vitest";
const { CLOUDFLARE_BASE_URL: base, CLOUDFLARE_ACCOUNT_ID: id } = process.env;
const input = { prompt: "Make it snow", video_uri: "https://example.com/a.mp4" };
const edit = (token = process.env.CLOUDFLARE_API_TOKEN, type = "application/json") =>
  fetch(`${base}/accounts/${id}/ai/run`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": type },
    body: JSON.stringify({ model: "runwayml/aleph-2", input }),
  });

it.each(["unavailable", "rate-limited", "no-credits"])("%s", async (fault) => {
  expect((await edit("fault-" + fault)).ok).toBe(false);
});
it.each([1, 2])("edit %i", async () => {
  expect((await (await edit()).json()).result.video).toMatch(/^http/);
});
"""
#: A test that accepts any answer does not see that the service refuses the request.
BROKEN_VITEST = (
    VITEST
    + """
it("answers", async () => {
  expect((await edit(undefined, "text/plain")).status).toBeGreaterThan(0);
});
"""
)
