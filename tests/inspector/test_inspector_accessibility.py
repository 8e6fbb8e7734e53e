"""The inspector in Chromium: with the keyboard alone, and checked by axe-core."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, Tab, absent
from inspector_tab import GOOD, call, row, shows

from fake_server.account_handle import AccountHandle
from fake_server.server import Server, running

AXE = Path(__file__).parents[2] / "fixtures" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as started:
        yield started


@pytest.fixture
def account(server: Server) -> AccountHandle:
    return server.account(credits=5)


def test_the_list_is_usable_with_the_keyboard(tab: Tab, account: AccountHandle) -> None:
    for _ in range(3):
        call(account)
    shows(tab, row(account, 3))
    tab.ask(f"document.querySelector('{row(account, 3)}').focus()")
    tab.press("ArrowDown")
    tab.press("Enter")
    tab.wait("document.querySelector('#exchange-title')?.innerText.includes('#2 ')")
    tab.press("Escape")
    tab.wait("document.querySelector('#exchange').innerText === ''")
    assert tab.ask("document.activeElement.closest('li').id") == f"x-{account.id}-2"


def test_tab_reaches_every_control(tab: Tab, server: Server, account: AccountHandle) -> None:
    controls = "a[href], button, input:not([type=hidden]), select, summary, pre[tabindex]"
    for _ in range(2):
        call(account, GOOD | {"seed": -1})
    compare = f"inspector/compare?pick={account.id}/1&pick={account.id}/2"
    for page in ("", f"inspector/{account.id}/2", "inspector/timeline", "inspector/coverage",
                 compare, "#keys"):  # fmt: skip
        tab.open(server.inspector + page)
        tab.wait("document.querySelector('#live.on') || document.querySelector('.diff')")
        if page == "#keys":
            tab.press("?")
            shows(tab, "#keys[open]")
        tab.ask(f"""controls = [...(document.querySelector("dialog[open]") ?? document)
          .querySelectorAll("{controls}")].filter((control) => control.checkVisibility());
          reached = new Set();
          addEventListener("focusin", (event) => reached.add(event.target)); controls.length""")
        for _ in range(tab.ask("controls.length") + 2):
            tab.press("Tab")
        missed = "controls.filter((control) => !reached.has(control)).map((c) => c.outerHTML)"
        assert tab.ask(missed) == [], page


def test_letters_are_keys_as_in_mail_programs(tab: Tab, account: AccountHandle) -> None:
    for _ in range(3):
        call(account)
    shows(tab, row(account, 3))
    focused = "document.activeElement.closest('#rows li')?.id"
    title = "document.querySelector('#exchange-title')?.innerText"
    for key, number in (("j", 3), ("j", 2), ("k", 3), ("j", 2)):
        tab.press(key)
        assert tab.ask(focused) == f"x-{account.id}-{number}"
    tab.press("x")
    assert tab.ask("document.querySelector('#rows input:checked').value") == f"{account.id}/2"
    tab.press("Enter")
    tab.wait(f"{title}?.includes('#2 ')")
    tab.press("j")
    tab.wait(f"{title}?.includes('#1 ')")
    assert tab.ask("document.querySelector('#scenario-form').account.value") == account.id
    tab.press("Escape")
    tab.wait("document.querySelector('#exchange').innerText === ''")
    tab.press("/")
    assert tab.ask("document.activeElement.name") == "text"
    tab.press("j")
    assert tab.ask("document.activeElement.value") == "j"
    tab.press("Escape")
    tab.press("?")
    sheet = shows(tab, "#keys[open]")
    assert all(words in sheet for words in ("j or ↓", "older", "Esc")), sheet
    tab.click("#single-keys")
    tab.press("Escape")
    tab.wait("!document.querySelector('#keys[open]')")
    tab.ask("document.activeElement.blur()")
    tab.press("/")
    assert tab.ask("document.activeElement.name") is None


#: What of a page depends on its colours and its width; all else is the same in both themes.
THEME = {"runOnly": ["color-contrast", "scrollable-region-focusable"]}


@pytest.mark.parametrize(("width", "dark"), [(390, True), (1400, False)])
def test_axe_finds_no_accessibility_violation(
    browser: Browser, server: Server, account: AccountHandle, width: int, dark: bool
) -> None:
    if not AXE.exists():
        absent("axe-core is not installed (npm ci in fixtures)")
    account.scenario([{"fault": "rate-limited"}])
    for given in (GOOD, GOOD | {"seed": -1, "nope": 1}, {}, GOOD | {"duration": 1}):
        call(account, given)
    account.scenario([{"fault": "rate-limited"}])
    with browser.tab(width=width, dark=dark) as tab:
        axe = AXE.read_text(encoding="utf-8")
        tab.call("Page.addScriptToEvaluateOnNewDocument", source=axe)
        for page in ("", f"inspector/{account.id}/2", f"inspector/{account.id}/4", "?text=none",
                     "inspector/timeline", "inspector/coverage", "#keys",
                     f"inspector/compare?pick={account.id}/1&pick={account.id}/2"):  # fmt: skip
            tab.open(server.inspector + page)
            tab.wait("document.querySelector('#live.on') || document.querySelector('.diff')")
            if page == "#keys":
                tab.press("?")
                shows(tab, "#keys[open]")
            tab.ask("document.querySelectorAll('details').forEach(d => { d.open = true; }); 1")
            run = f"axe.run({json.dumps({} if dark else THEME)})"
            found = tab.ask(f"{run}.then(r => r.violations.map(v =>"
                            " v.id + ': ' + v.nodes.map(n => n.html).join(' ')))")  # fmt: skip
            assert found == [], page
            assert tab.ask("document.documentElement.scrollWidth <= innerWidth"), page
        assert tab.complaints == []
