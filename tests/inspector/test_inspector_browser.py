"""The inspector in Chromium, with calls from real clients over sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest
from browser import Tab
from inspector_tab import GOOD, call, row, shows

from fake_server.account_handle import AccountHandle
from fake_server.server import Server, running

HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 1'>\u202e"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def account(server: Server) -> AccountHandle:
    return server.account(credits=5)


def test_a_new_exchange_appears_and_the_sidebar_is_updated(
    tab: Tab, account: AccountHandle
) -> None:
    assert "Waiting for the first call" in shows(tab, "#empty-list")
    before = shows(tab, "#coverage .tried")
    call(account, GOOD | {"duration": 5, "seed": 0})
    text = shows(tab, row(account, 1))
    assert all(word in text for word in ("200", "completed", "1.68 USD", GOOD["prompt"])), text
    tab.wait("document.querySelector('#empty-list').offsetHeight === 0")
    tab.wait(f"document.querySelector('#coverage .tried').innerText !== {json.dumps(before)}")
    assert "200 completed" in tab.wait("document.querySelector('#announcement').textContent")
    assert "1.68 USD" in tab.wait("document.querySelector('#bill .total')?.innerText")
    assert "3.32 USD of 5.00 USD" in shows(tab, "#bill .gauge")
    assert "1 completed" in shows(tab, "#calls .counts")
    tab.open(tab.ask("document.querySelector('#coverage a').href"))
    tab.click("a[aria-label^='seed/minimum, on the bound']")
    assert "seed/minimum" in shows(tab, ".chosen-constraint")
    assert GOOD["prompt"] in shows(tab, row(account, 1))
    tab.wait("document.querySelector('#live.on')")


def test_a_violation_is_marked_in_the_request(tab: Tab, account: AccountHandle) -> None:
    call(account, GOOD | {"seed": -1})
    tab.click(row(account, 1))
    assert shows(tab, "mark#mark-1") == "-1"
    assert "seed must be at least 0" in shows(tab, "#violation-1 .message")
    assert "seed/minimum" in shows(tab, "#violation-1")
    assert tab.ask("location.pathname").endswith(f"/inspector/{account.id}/1")
    assert tab.ask("document.activeElement.id") == "exchange-title"
    note = "document.querySelector('#request-title').parentElement.querySelector('.note')"
    assert "seed must be at least 0" in tab.ask(f"{note}.innerText")


def test_an_open_exchange_has_its_own_address_and_history_entry(
    tab: Tab, account: AccountHandle
) -> None:
    call(account)
    call(account, {})
    shows(tab, row(account, 2))
    for number in (1, 2):
        tab.click(row(account, number))
        tab.wait(f"document.querySelector('#exchange-title')?.innerText.includes('#{number} ')")
    tab.ask("history.back()")
    tab.wait("document.querySelector('#exchange-title')?.innerText.includes('#1 ')")
    tab.ask("history.back()")
    tab.wait("document.querySelector('#exchange').innerText === ''")
    assert tab.ask("document.querySelector('#sidebar').offsetHeight") > 0
    tab.ask("history.forward()")
    tab.wait("document.querySelector('#exchange-title')")
    address = tab.ask("location.href")
    tab.open(address)
    assert "#1 of" in shows(tab, "#exchange-title")
    assert tab.ask("document.querySelectorAll('#rows [aria-current]').length") == 1


def test_a_scenario_set_in_the_page_changes_the_next_answer(
    tab: Tab, account: AccountHandle
) -> None:
    assert call(account).status_code == 200
    tab.wait(f"document.querySelector('#scenario-form').account.value = '{account.id}'")
    tab.ask("document.querySelector('#scenario-form').fault.value = 'rate-limited'")
    tab.ask("document.querySelector('#scenario-form').times.value = '2'")
    tab.ask("document.querySelector('#scenario-form').retry_after.value = '3'")
    tab.click("#scenario-form button[value=add]")
    assert "rate-limited, 2 times, Retry-After 3 s" in shows(tab, ".steps")
    refused = call(account)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    tab.wait("document.querySelector('.steps')?.innerText.includes('once')")
    tab.click("#scenario-form button[value=clear]")
    tab.wait("!document.querySelector('.steps')")
    assert call(account).status_code == 200


def test_an_invalid_account_of_a_scenario_is_explained(tab: Tab) -> None:
    tab.ask("document.querySelector('#scenario-form').account.value = 'me'")
    tab.click("#scenario-form button[value=add]")
    assert "'me' is not an account id" in shows(tab, "#scenario-error")
    tab.complaints.clear()  # the browser logs every answer of 404


def test_the_result_plays(tab: Tab, account: AccountHandle) -> None:
    call(account)
    tab.click(row(account, 1))
    seconds = tab.wait("document.querySelector('video')?.duration")
    assert 2 < seconds < 4
    tab.ask("document.querySelector('video').play()")
    tab.wait("document.querySelector('video').currentTime > 0.1")


def test_a_replay_repeats_the_call_and_opens_it(tab: Tab, account: AccountHandle) -> None:
    call(account, GOOD | {"seed": 7})
    tab.click(row(account, 1))
    tab.click("form[action$=replay] button")
    tab.wait("document.querySelector('#exchange-title')?.innerText.includes('#2 ')")
    first, second = account.exchanges
    assert second.request_body == first.request_body
    assert second.outcome == "completed"
    shows(tab, row(account, 2))


def test_the_command_is_copied_without_a_permission_prompt(
    tab: Tab, account: AccountHandle
) -> None:
    call(account)
    tab.click(row(account, 1))
    tab.click("[data-copy=curl]")
    assert "Copied" in tab.wait(
        "(t => t !== 'Copy as curl' && t)(document.querySelector('[data-copy=curl]').innerText)"
    )


def test_a_command_is_selected_if_the_browser_refuses_to_copy(tab: Tab) -> None:
    tab.ask("navigator.clipboard.writeText = () => Promise.reject(new Error('denied')); 1")
    tab.ask("document.execCommand = () => false; 1")
    tab.click("[data-copy=example]")
    assert "Selected" in tab.wait(
        "(t => t !== 'Copy' && t)(document.querySelector('[data-copy=example]').innerText)"
    )
    assert tab.ask("getSelection().toString()").startswith("curl ")


def test_the_filter_applies_to_the_list_and_to_new_exchanges(
    tab: Tab, account: AccountHandle
) -> None:
    call(account, GOOD | {"prompt": "alpine"})
    call(account, GOOD | {"prompt": "harbour"})
    shows(tab, row(account, 2))
    tab.click("#filter [name=text]")
    tab.call("Input.insertText", text="alpine")
    tab.wait("document.querySelectorAll('#rows li').length === 1")
    assert tab.ask("location.search") == "?text=alpine"
    tab.wait("document.querySelector('#live.on')")
    call(account, GOOD | {"prompt": "harbour"})
    call(account, GOOD | {"prompt": "alpine again"})
    shows(tab, row(account, 4))
    assert tab.ask("document.querySelectorAll('#rows li').length") == 2
    tab.ask("document.querySelector('#filter').outcome.value = 'invalid'")
    tab.ask("document.querySelector('#filter').requestSubmit()")
    tab.wait("document.querySelectorAll('#rows li').length === 0")
    assert shows(tab, "#empty-list").startswith("No exchange matches.")


def test_after_a_lost_connection_no_exchange_is_missing(
    tab: Tab, server: Server, account: AccountHandle
) -> None:
    call(account)
    shows(tab, row(account, 1))
    for connection in list(server._state.connections):
        server._loop.call_soon_threadsafe(connection.transport.abort)
    tab.wait("!document.querySelector('#live.on')")
    call(account)
    call(account)
    shows(tab, row(account, 3))
    numbers = tab.ask("[...document.querySelectorAll('#rows li')].map(r => r.id.split('-').pop())")
    assert numbers == ["3", "2", "1"]
    tab.complaints.clear()  # the browser logs the loss


def test_hostile_text_is_shown_and_not_executed(tab: Tab, account: AccountHandle) -> None:
    call(account, GOOD | {"prompt": HOSTILE, HOSTILE: HOSTILE})
    assert "<script>" in shows(tab, row(account, 1))
    tab.click(row(account, 1))
    assert HOSTILE[:40] in shows(tab, "#violation-1 .message")
    assert HOSTILE[:-1] in shows(tab, "mark#mark-1")
    tab.open(tab.ask("location.href") + "?text=" + HOSTILE[:-1])
    assert tab.ask("document.querySelector('#filter').text.value") == HOSTILE[:-1]
    assert tab.ask("window.hacked") is None
    assert "\u202e" not in tab.ask("document.documentElement.textContent")


def test_checked_calls_are_compared_and_the_log_is_cleared(
    tab: Tab, account: AccountHandle
) -> None:
    call(account)
    call(account, GOOD | {"seed": -1})
    shows(tab, row(account, 2))
    for number in (1, 2):
        tab.click(f"#x-{account.id}-{number} input")
    tab.click("#selection button[formaction]")
    assert '"seed": -1' in shows(tab, ".diff")
    assert shows(tab, ".diff .differs").split() == ["status", "200", "≠", "status", "400"]
    tab.ask("history.back()")
    tab.wait("document.querySelector('#live.on')")
    tab.click(".clear summary")
    tab.click("#clear button")
    tab.wait("document.querySelectorAll('#rows li').length === 0")
    assert account.exchanges == ()


def test_coverage_and_timeline_update_without_a_reload(
    tab: Tab, server: Server, account: AccountHandle
) -> None:
    """A new call changes the sections; the focus and what is open stay."""
    call(account, GOOD | {"seed": 0})
    tab.open(server.inspector + "inspector/coverage")
    tab.wait("document.querySelector('#live.on')")
    tab.ask("document.querySelector('#coverage-text').open = true")
    square = 'a[aria-label^="seed/minimum, on the bound: accepted %d"]'
    tab.ask(f"document.querySelector('{square % 1}').focus()")
    call(account, GOOD | {"seed": 0})
    tab.wait(f"document.querySelector('{square % 2}')")
    assert "accepted 2" in tab.ask("document.activeElement.ariaLabel")
    assert "on the bound: accepted 2" in shows(tab, "#coverage-text[open] #coverage-list")
    tab.open(server.inspector + "inspector/timeline?outcome=completed")
    tab.wait("document.querySelector('#live.on')")
    call(account, GOOD | {"seed": -1})
    call(account)
    tab.wait("document.querySelectorAll('.runs li').length === 3")
    assert "#4" in tab.ask("document.querySelector('.runs').lastElementChild.innerText")


def test_after_a_burst_of_10000_exchanges_the_newest_are_listed(tab: Tab, server: Server) -> None:
    """The page lists the newest 100 without a gap, and older ones on request."""
    account = server.account()
    call(account)
    shows(tab, row(account, 1))
    recorded = account.exchanges[0]
    journal = server.app.journal

    for _ in range(9_999):
        number = journal.arrive(account.id)
        journal.append(account.id, number, replace(recorded, number=number), 100)
    shows(tab, row(account, 10_000))
    tab.wait("document.querySelectorAll('#rows li').length === 100")
    top = tab.ask("[...document.querySelectorAll('#rows li')].map(r => +r.id.split('-').pop())")
    assert top == list(range(10_000, 9_900, -1))
    tab.ask("document.querySelector('#older a').focus()")
    tab.press("Enter")
    tab.wait("document.querySelectorAll('#rows li').length === 200")
