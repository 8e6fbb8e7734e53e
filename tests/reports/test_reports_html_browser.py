"""The HTML report in a browser: filter, squares, links, copies, keyboard, accessibility."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sample_runs as sample
from browser import Browser, Tab, absent

from aleph_contract.core.results import Verification
from aleph_contract.reports.html import render
from aleph_contract.reports.issue import anchor
from aleph_contract.rules.coverage import coverage

AXE = Path(__file__).parents[2] / "fixtures" / "node_modules" / "axe-core" / "axe.min.js"
RUN = replace(sample.FAILING, coverage=coverage(sample.FAILING.results))
SHOWN = (
    "[...document.getElementById('rows').rows]"
    ".filter(r => !r.hidden).map(r => r.cells[0].textContent)"
)


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    sample.pin(monkeypatch)
    return _saved(RUN, tmp_path)


@pytest.fixture
def tab(browser: Browser, page: str) -> Iterator[Tab]:
    with browser.tab() as tab:
        tab.open(page)
        yield tab
        assert tab.complaints == []
        assert tab.requested == [page], "the page loads nothing"


def _saved(run: Verification, folder: Path) -> str:
    path = folder / "page.html"
    path.write_text(render(run), encoding="utf-8")
    return path.as_uri()


def _choose(tab: Tab, name: str, value: str) -> None:
    tab.ask(
        f"(() => {{ const f = document.querySelector('#filter [name={name}]'); f.value = '{value}';"
        " f.dispatchEvent(new Event('input')); })()"
    )


def test_the_cases_are_filtered_by_text_rule_phase_and_outcome(tab: Tab) -> None:
    assert len(tab.ask(SHOWN)) == 9
    _choose(tab, "rule", "request.faithful")
    assert sorted(tab.ask(SHOWN)) == [sample.NORMALISED.name, sample.DROPPED.name]
    _choose(tab, "search", "SEED is not")
    assert tab.ask(SHOWN) == [sample.DROPPED.name]
    assert tab.ask("document.getElementById('matches').textContent") == "1 of 9 cases"
    tab.click("#clear")
    _choose(tab, "outcome", "advice")
    assert tab.ask(SHOWN) == [sample.ADVISED.name]
    tab.click("#clear")
    _choose(tab, "phase", "fault")
    assert len(tab.ask(SHOWN)) == 2


def test_a_square_shows_its_cases(tab: Tab) -> None:
    tab.click("[title^='seed/minimum, valid: altered']")
    assert tab.wait(f"{SHOWN}.length === 1 && {SHOWN}[0]") == sample.DROPPED.name
    assert tab.ask("document.activeElement.name") == "constraint"


def test_the_keyboard_reaches_a_square(tab: Tab) -> None:
    tab.ask("document.querySelector('.skip').focus()")
    tab.press("Tab")
    square = tab.ask("document.activeElement.dataset.square")
    assert square
    tab.ask("document.querySelector('[title^=\"seed/minimum, valid: altered\"]').focus()")
    tab.press("Enter")
    assert tab.wait(f"{SHOWN}.length === 1 && {SHOWN}[0]") == sample.DROPPED.name


def test_the_address_of_a_finding_opens_it(browser: Browser, page: str) -> None:
    finding = anchor("must", "request.faithful", sample.NORMALISED.name)
    with browser.tab() as tab:
        tab.open(f"{page}#{finding}")
        assert tab.ask(f"document.getElementById('{finding}').open") is True


def test_a_finding_is_copied_as_markdown(tab: Tab) -> None:
    tab.ask("document.addEventListener('copy', () => { window.got = String(getSelection()); })")
    tab.ask("navigator.clipboard.writeText = () => Promise.reject()")
    tab.click(".issue .copy")
    assert tab.wait("window.got").startswith("### `request.faithful` is broken\n")


def test_printing_opens_the_findings_and_closes_them_again(tab: Tab) -> None:
    closed = "document.querySelectorAll('details.finding:not([open])').length"
    before = tab.ask(closed)
    assert before == 3
    tab.ask("dispatchEvent(new Event('beforeprint'))")
    assert tab.ask(closed) == 0
    assert tab.ask("document.querySelectorAll('.finding .list[open]').length") == 0
    tab.ask("dispatchEvent(new Event('afterprint'))")
    assert tab.ask(closed) == before


def test_of_many_cases_the_first_are_shown(browser: Browser, tmp_path: Path) -> None:
    run = sample.run(*(sample.case(f"example/{number}") for number in range(600)))
    with browser.tab() as tab:
        tab.open(_saved(run, tmp_path))
        assert len(tab.ask(SHOWN)) == 500
        tab.click("#more")
        assert len(tab.ask(SHOWN)) == 600


def test_text_of_the_client_runs_no_script(browser: Browser, tmp_path: Path) -> None:
    own = "document.documentElement.id='owned'"
    evil = f'</script><script>{own}</script><img src=x onerror="{own}"><svg onload="{own}">'
    case = replace(sample.DROPPED, name=evil, curl=evil, intended={evil: evil}, constraint=evil)
    with browser.tab() as tab:
        page = _saved(sample.run(case, stale=(evil,), notes=(evil,)), tmp_path)
        tab.open(page)
        assert tab.ask("document.documentElement.id") == ""
        assert tab.ask("document.querySelectorAll('[aria-label=\"Copy the request\"]').length") == 1
        assert (tab.requested, tab.complaints) == ([page], [])


@pytest.mark.parametrize(("width", "dark"), [(1300, True), (390, False)])
def test_axe_finds_nothing_and_no_part_is_cut_off(
    browser: Browser, page: str, width: int, dark: bool
) -> None:
    if not AXE.exists():
        absent("axe-core is not installed (npm ci in fixtures)")
    with browser.tab(width=width, dark=dark) as tab:
        tab.open(page)
        assert tab.ask("document.documentElement.scrollWidth <= innerWidth")
        tab.ask(AXE.read_text(encoding="utf-8"))
        found = tab.ask(
            "axe.run().then(r => r.violations.map(v => v.id + v.nodes.map(n => n.target)))"
        )
        assert found == []
