"""The report of a server says what was sent to it, and what it did instead."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
import sample_runs as sample
from stub_server import CONTRACT, TOKEN, Stub, serving

from aleph_contract.core.results import Verification
from aleph_contract.reports.case_details import details_of
from aleph_contract.reports.server_table import server_table
from aleph_contract.reports.terminal import render
from aleph_contract.reports.text import Style
from aleph_contract.rules.coverage import Row
from aleph_contract.verify.server.runner import ServerSettings, verify_server
from aleph_contract.verify.server.target import Target


def verified(stub: Stub, *run: str) -> Verification:
    with serving(stub) as served:
        target = Target.parse(served.url, token=TOKEN)
        return verify_server(target, CONTRACT, ServerSettings(max_examples=0, run=run))


@pytest.mark.parametrize(
    ("defect", "line"),
    [
        ({}, "envelope/unknown-model 404"),
        ({"refusal": {"detail": "no"}}, "envelope/unknown-model 404, not in the documented form"),
        ({"skips": ("model",)}, "envelope/unknown-model 200 <- differs"),
        ({"crashes": True}, "seed/maximum 500 1 <- differs"),
        ({"allows": lambda _: True}, "seed/maximum accepted 1 <- differs"),
    ],
)
def test_the_table_says_what_the_server_does(defect: dict[str, Any], line: str) -> None:
    found = verified(Stub(**defect), "envelope/unknown-model", "boundary/seed/maximum/above")
    assert line in [" ".join(each.split()) for each in server_table(found, Style())]


@pytest.mark.parametrize(
    ("probe", "defect", "start", "end"),
    [
        ("broken-json", "json", "POST /client/v4/accounts/…/ai/run (application/json) {", "5}"),
        ("content-type", "json", "POST /client/v4/accounts/…/ai/run (text/plain) {", "5}}"),
        ("empty-body", "json", "POST /client/v4/accounts/…/ai/run (application/json) an", "body"),
        ("method", "route", "PUT /client/v4/accounts/…/ai/run (application/json) {", "5}}"),
        ("route", "route", "POST /client/v4/accounts/…/ai/no-such-route (appl", "5}}"),
        ("no-token", "auth", "POST /client/v4/accounts/…/ai/run (no token, application", "5}}"),
        ("wrong-token", "auth", "POST /client/v4/accounts/…/ai/run (a wrong token, appl", "5}}"),
    ],
)
def test_a_probe_is_shown_with_its_whole_request(
    probe: str, defect: str, start: str, end: str
) -> None:
    found = verified(Stub(skips=(defect,)), f"envelope/{probe}")
    (line,) = next(d.lines for d in details_of(found.results[0], ()) if d.label == "sent")
    assert (line.startswith(start), line.endswith(end)) == (True, True), line
    assert TOKEN not in line
    assert f"sent       {start}" in render(found)


def test_the_table_of_a_server_fits_the_terminal() -> None:
    """A long name has a line of its own, and the answers stay in their columns."""
    long = "prompt_images/*/anyOf/0/position/anyOf/1/items/maximum"
    run = replace(
        sample.PASSING,
        mode="server",
        coverage=(
            Row("seed/minimum", "valid", "accepted", 1),
            Row("seed/minimum", "violating", "refused", 2),
            Row(long, "valid", "refused", 3),
        ),
    )
    for width in (80, 1000):
        table = render(run, Style(width)).split("\n\n")[1].splitlines()
        assert max(map(len, table)) <= width
        head, seed, *rest = table
        assert re.split("  +", head) == ["constraint", "on the bound: accept", "outside: refuse"]
        assert seed.split() == ["seed/minimum", "accepted", "1", "refused", "2"]
        assert " ".join(rest).split() == [long, "refused", "3", "<-", "differs"]
        assert head.index("on the") == seed.index("accepted") == rest[-1].index("refused 3")
