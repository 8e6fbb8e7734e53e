"""A finding as Markdown: facts in a code block that no text of the client can end."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import sample_runs as sample

from aleph_contract.core.results import Verification
from aleph_contract.reports.issue import markdown
from aleph_contract.reports.summary import summarise


@pytest.fixture(autouse=True)
def _pinned(monkeypatch: pytest.MonkeyPatch) -> None:
    sample.pin(monkeypatch)


def _markdown(run: Verification) -> str:
    summary = summarise(run)
    problem = summary.broken[0]
    return markdown(summary, problem.rule, problem.causes[0])


def test_an_issue_has_every_fact() -> None:
    run = replace(sample.run(sample.DROPPED), commit="3f2a91c0d4e5")
    assert _markdown(run) == (
        "### `request.faithful` is broken\n\n"
        "The client sends exactly the input it was given.\n\n"
        "```text\n"
        "case       boundary/seed/minimum/on (1 case)\n"
        "found      seed is not what was meant\n"
        'intended   {"prompt":"Make it snow","video_uri":"https://example.com/source.mp4","seed":0}\n'
        "sent       missing /seed: 0; dropped, perhaps because 0 is false in a condition\n"
        'answered   200 completed {"state":"Completed","result":{"video":'
        '"http://127.0.0.1:8787/media/6f1d.mp4"},"gatewayMetadata":{"keySource":"Unified"}}; '
        'the client reported result "http://127.0.0.1:8787/media/6f1d.mp4"\n'
        "matters    why On the real service: 1.68 USD.\n"
        "command    aleph-contract verify client --run boundary/seed/minimum/on --seed 7 --stdio "
        "-- node client.js\n"
        "client     aleph-client 2.1.0 (JavaScript)\n"
        "commit     3f2a91c0d4e5\n"
        "contract   runwayml/aleph-2, contract 1.0.0, profile documented, seed 7\n"
        "verifier   aleph-contract 0.0.0\n"
        "```\n\n"
        "Usual mistake: cause\n\nRemedy: fix\n"
    )


def test_text_of_the_client_stays_in_the_code_block() -> None:
    evil = "`````\n# owned @someone ```"
    finding = sample.must("request.faithful", evil)
    text = _markdown(sample.run(replace(sample.DROPPED, name=evil, findings=finding)))
    opened, inner, after = re.split("^(?:``````)(?:text)?$", text, flags=re.MULTILINE)
    assert "owned" in inner
    assert "owned" not in opened + after
    assert "owned" not in " ".join(line for line in text.splitlines() if line.startswith("#"))
