"""The HTML report: one file, no other host, all facts as text, and only its own script."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
import sample_runs as sample

from aleph_contract.core.templating import environment
from aleph_contract.reports.html import Contrast, contrast, render
from aleph_contract.reports.issue import anchor
from aleph_contract.rules.coverage import coverage

RUNS = {**sample.ALL, "hostile": sample.HOSTILE}
VOID = {"meta", "rect", "path", "br", "img", "input", "link", "hr"}


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


class Page(HTMLParser):
    """The parsed page: elements with their attributes, and the text of each element."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.unbalanced: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the element."""
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record the element."""
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Check that the innermost open element ends."""
        if self.open and self.open[-1] == tag:
            self.open.pop()
        else:
            self.unbalanced.append(tag)

    def handle_data(self, data: str) -> None:
        """Record the text with its element."""
        if self.open:
            self.texts.append((self.open[-1], data))

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        """The attributes of every element with one of these names."""
        return [attrs for tag, attrs in self.elements if tag in tags]

    def words(self) -> str:
        """The text without style and script."""
        return " ".join(data for tag, data in self.texts if tag not in ("style", "script"))


@pytest.mark.parametrize("name", RUNS)
def test_every_element_is_closed(name: str) -> None:
    page = Page(render(RUNS[name]))
    assert (page.unbalanced, page.open) == ([], [])


@pytest.mark.parametrize("name", RUNS)
def test_the_page_loads_nothing(name: str) -> None:
    page = Page(render(RUNS[name]))
    assert not page.all(
        "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"
    )
    for _, attrs in page.elements:
        assert not {"src", "srcset", "data", "action", "poster", "style"} & attrs.keys()
        assert (attrs.get("href") or "#").startswith("#")
    style = next(data for tag, data in page.texts if tag == "style")
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("name", RUNS)
def test_text_of_the_client_becomes_no_element_or_handler(name: str) -> None:
    page = Page(render(RUNS[name]))
    assert len(page.all("script")) == len(page.all("style")) == len(page.all("h1")) == 1
    for _, attrs in page.elements:
        assert not any(attribute.startswith("on") for attribute in attrs)


def test_hostile_text_is_shown_as_text() -> None:
    page = Page(render(sample.HOSTILE))
    assert "<script>alert(1)</script><img src=x onerror=alert(1)>" in page.words()
    assert "${alert(1)}{{7*7}}{% x %}" in page.words()
    assert "\\u0000\\u0007\\u001b[31m" in page.words()


def test_the_policy_allows_the_pages_own_script_and_style_alone() -> None:
    text = render(sample.HOSTILE)
    page = Page(text)
    policy = next(a["content"] or "" for a in page.all("meta") if "http-equiv" in a)
    for tag in ("script", "style"):
        inner = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inner
        known = base64.b64encode(hashlib.sha256(inner[1].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{known}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", RUNS)
def test_anchors_and_labels_have_a_target(name: str) -> None:
    page = Page(render(RUNS[name]))
    ids = [attrs["id"] for _, attrs in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in page.elements:
        if (href := attrs.get("href")) is not None:
            assert href[1:] in ids
        if (labelled := attrs.get("aria-labelledby")) is not None:
            assert labelled in ids


@pytest.mark.parametrize("name", RUNS)
def test_headings_descend_one_level_at_a_time(name: str) -> None:
    tags = [tag for tag, _ in Page(render(RUNS[name])).elements]
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_have_scoped_heads() -> None:
    assert all(a.get("scope") in ("row", "col") for a in Page(render(sample.FAILING)).all("th"))


def test_the_page_has_every_fact_of_a_failing_run() -> None:
    words = " ".join(Page(render(sample.FAILING)).words().split())
    for sentence in (
        "Does not conform aleph-client breaks 3 rules in 4 of 9 cases",
        "3 broken rules, each with the smallest input that shows it",
        "missing /seed dropped, perhaps because 0 is false in a condition",
        "Sent exactly as intended.",
        "Nothing was sent.",
        "3 calls, 3.36 USD",
        "error (stage client): duration is too short",
        sample.DROPPED.curl,
        sample.DROPPED.reproduce,
        "1 case expected to fail: the seed is an int32 until version 2",
        "1 stale line",
    ):
        assert sentence in words, sentence


def test_similar_characters_are_shown_with_their_code_points() -> None:
    words = Page(render(sample.run(sample.NORMALISED))).words()
    assert "first difference at character 2: e U+0065 became ë U+00EB" in words
    assert "differs only by normalisation (NFC)" in words


def test_every_square_of_the_coverage_chart_has_a_title() -> None:
    text = render(sample.FAILING)
    squares = {
        attrs["title"]: (attrs["class"] or "").split()[-1]
        for attrs in Page(text).all("a")
        if "title" in attrs
    }
    assert squares == {
        "prompt/minLength, valid: accepted 2": "right",
        "prompt/minLength, violating: refused 1": "right",
        "prompt/maxLength, valid: altered 1": "wrong",
        "prompt/maxLength, violating: refused-locally 1": "right",
        "seed/minimum, valid: altered 1": "wrong",
        "seed/minimum, violating: refused 3": "right",
        "seed/maximum, valid: accepted 1": "right",
        "seed/maximum, violating: lost 1": "wrong",
        "duration/exclusiveMinimum, valid: refused-locally 1": "wrong",
        "duration/exclusiveMinimum, violating: never": "never",
        "keyframes/*/anyOf/0/seconds/maximum, valid: not-run 1": "unknown",
        "keyframes/*/anyOf/0/seconds/maximum, violating: refused 12": "right",
    }


def test_each_square_leads_to_the_cases_that_fill_it() -> None:
    run = replace(sample.FAILING, coverage=coverage(sample.FAILING.results))
    page = Page(render(run))
    squares = [a for a in page.all("a") if "data-square" in a]
    assert len(squares) == 2 * len({row.constraint for row in run.coverage})
    cells = {attrs.get("id") for attrs in page.all("td")}
    assert all((a["href"] or "")[1:] in cells for a in squares), "without the script: to the table"
    dropped = next(a for a in squares if (a["title"] or "").startswith("seed/minimum, valid: alt"))
    cases = [a for a in page.all("tr") if dropped["data-square"] in _words(a, "data-constraint")]
    assert [a["data-rule"] for a in cases] == ["request.faithful"]


def _words(attributes: dict[str, str | None], name: str) -> list[str]:
    return (attributes.get(name) or "").split()


def test_rows_of_cases_have_what_the_filter_needs_and_link_to_their_findings() -> None:
    page = Page(render(sample.FAILING))
    rows = [attrs for attrs in page.all("tr") if "data-phase" in attrs]
    assert len(rows) == len(sample.FAILING.results)
    outcomes = [attrs["data-outcome"] for attrs in rows]
    assert sorted(set(outcomes), key=str) == ["advice", "expected", "failed", "passed", "skipped"]
    assert outcomes[0] == "failed", "cases with findings come first"
    link = anchor("must", "request.faithful", sample.NORMALISED.name)
    assert [a["href"] for a in page.all("a")].count(f"#{link}") == 2  # in its row, in itself


def test_the_id_of_a_finding_depends_on_rule_level_and_case_alone() -> None:
    expected = "must-request.faithful-fb60198d"
    assert anchor("must", "request.faithful", "boundary/seed/minimum/on") == expected
    page = Page(render(sample.run(sample.DROPPED)))
    assert expected in [attrs.get("id") for _, attrs in page.elements]


def test_the_order_is_verdict_broken_rules_table() -> None:
    page = Page(render(sample.FAILING))
    ids = [a["id"] for tag, a in page.elements if tag in ("h2", "h3") and "id" in a]
    order = ["broken", "broken-1", "broken-2", "broken-3", "rules", "advice", "coverage", "every"]
    assert [name for name in ids if name in order] == order


def test_the_date_and_the_commit_are_shown_if_known() -> None:
    stamped = replace(sample.PASSING, written_at="2026-11-26 15:00 +0000", commit="3f2a91c0d4e5")
    words = Page(render(stamped)).words().split()
    assert {"2026-11-26", "3f2a91c0d4e5"} <= set(words)
    assert not {"date", "commit"} & set(Page(render(sample.PASSING)).words().split())


def test_a_page_of_1000_findings_stays_small() -> None:
    """It opens in under a second: measured in Chromium, 2 MB take 0.4 s with the first layout."""
    words = ["".join(chr(ord("a") + int(digit)) for digit in str(n)) for n in range(1000)]
    run = sample.run(
        *(
            replace(
                sample.DROPPED,
                name=f"boundary/{w}",
                findings=sample.must("request.once", f"is {w}"),
            )
            for w in words
        )
    )
    text = render(run)
    assert text.count('class="card finding"') == 1000
    assert len(text) < 2_200_000


@pytest.mark.parametrize(
    ("intended", "sent", "expected"),
    [
        ("abc", "abd", Contrast("ab", "c", "d", "")),
        ("abc", "ac", Contrast("a", "b", "", "c")),
        ("aa", "a", Contrast("a", "a", "", "")),
        ("", "x", Contrast("", "", "x", "")),
        ("x" * 90 + "1" + "y" * 90, "x" * 90 + "2" + "y" * 90, None),
        (1, 2, None),
        ("1", 1, None),
    ],
)
def test_the_difference_of_two_strings(intended: Any, sent: Any, expected: Contrast | None) -> None:
    found = contrast(intended, sent)
    if isinstance(intended, str) and len(intended) > 90:
        expected = Contrast("…" + "x" * 40, "1", "2", "y" * 40 + "…")
    assert found == expected


def test_a_long_difference_is_shortened() -> None:
    found = contrast("a" * 500, "b" * 10)
    assert found == Contrast("", "a" * 80 + "… 340 more …" + "a" * 80, "b" * 10, "")


def test_backquotes_of_a_rule_are_code() -> None:
    template = environment("aleph_contract.reports").from_string("{{ text | code_spans }}")
    assert template.render(text="`if (a < 1)` drops <0>") == (
        "<code>if (a &lt; 1)</code> drops &lt;0&gt;"
    )
