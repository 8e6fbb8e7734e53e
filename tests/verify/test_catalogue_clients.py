"""A right client of a published model conforms, and a broken one breaks the right rule."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from any_client import client_of

from aleph_contract.cases.name_globs import NameGlobs
from aleph_contract.contract import Contract
from aleph_contract.core.results import Verification
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.verify.phases import PHASES
from aleph_contract.verify.plans import unmatched
from aleph_contract.verify.runner import verify_client
from aleph_contract.verify.settings import Settings

FIXTURES = Path(__file__).parents[2] / "fixtures"

#: One entry for each kind of result; `benchmarks/models.py` verifies all entries.
KINDS = (
    "anthropic-claude-haiku-4.5",
    "bria-remove-background",
    "cf-aura-1",
    "cf-flux-1-schnell",
    "cloudflare-stt",
    "cloudflare-video",
    "recraft-recraftv4-1",
)

#: Cases that show whether a client returns results; `benchmarks/models.py` drives all cases.
RETURNING = ("example*", "boundary/*/type/*", "combination/only/*", "concurrency*")

#: Cases that show how a client reads results, refusals and malformed replies.
READING = ("example/*", "fault/result-*", "fault/state-*", "concurrency*")


@cache
def load(name: str) -> Contract:
    folder = "contracts" if "__" in name else "catalog"
    return Contract.load(FIXTURES / folder / f"{name}.json")


def verified(contract: Contract, client: Callable[..., Any], *run: str) -> Verification:
    """Verify with those of the patterns that match a case: some entries have no example."""
    names = NameGlobs(run)
    planned = [(case.name, phase.name) for phase in PHASES for case in phase.plans(contract, names)]
    matching = tuple(pattern for pattern in run if unmatched((pattern,), planned) is None)
    return verify_client(PythonDriver(client), contract, Settings(run=matching, max_examples=1))


@pytest.mark.parametrize("name", KINDS)
def test_a_client_that_returns_the_whole_result_conforms(name: str) -> None:
    contract = load(name)
    found = verified(contract, client_of(contract), *RETURNING)
    assert [f.message for r in found.results for f in r.broken] == []
    assert found.unexamined == ()
    assert (found.exit_code, found.model) == (0, contract.model)


def _without_query(result: Any) -> Any:
    """A client that appends to the URL of an image."""
    return {"image": result["image"] + "?"}


def _short(audio: Any) -> Any:
    """A client that loses the last byte of an audio file."""
    return audio[:-1]


def _data_uri(result: Any) -> Any:
    """A client that lets its caller have audio as a data URI."""
    return "data:audio/mpeg;base64," + str(result["audio"])


def _joined(result: Any) -> Any:
    """A client that joins the parts of a chat message."""
    return "".join(part.get("text", "") for part in result["content"]).strip()


def _first(result: Any) -> Any:
    """A client that returns the first of several URLs."""
    return result["masks"][0] if result["masks"] else None


class _Last:
    """A client that returns the result of the run before."""

    def __init__(self) -> None:
        self.last: Any = None

    def __call__(self, result: Any) -> Any:
        given, self.last = self.last, copy.deepcopy(result)
        return result if given is None else given


@pytest.mark.parametrize(
    ("name", "change", "rules"),
    [
        ("bria-remove-background", _without_query, {"response.result"}),
        ("minimax-speech-2.8-hd", _data_uri, {"response.result"}),
        ("anthropic-claude-haiku-4.5", _joined, {"response.result"}),
        ("cartograph__segment-2", _first, {"response.result"}),
        ("cf-aura-1", _short, {"response.result"}),
        ("recraft-recraftv4-1", _Last(), {"concurrency.no-crosstalk", "response.result"}),
    ],
)
def test_a_client_that_changes_the_result_breaks_the_rule_about_it(
    name: str, change: Callable[[Any], Any], rules: set[str]
) -> None:
    contract = load(name)
    found = verified(contract, client_of(contract, change), *READING)
    assert {f.rule for r in found.results for f in r.broken} == rules


def test_a_client_that_returns_an_array_conforms() -> None:
    contract = load("cartograph__segment-2")
    assert verified(contract, client_of(contract), *READING).exit_code == 0


@pytest.mark.parametrize("name", ["bria-remove-background", "cf-aura-1", "cloudflare-stt"])
def test_a_client_that_takes_every_reply_for_a_result_is_caught(name: str) -> None:
    def careless(given: Any, **account: str) -> Any:
        try:
            return client_of(load(name))(given, **account)
        except (RuntimeError, ValueError) as error:
            return str(error)

    found = verified(load(name), careless, *READING, "boundary/*/type*")
    rules = {f.rule for r in found.results for f in r.broken}
    assert {"boundary.refusal-surfaced", "response.malformed", "response.state"} <= rules
