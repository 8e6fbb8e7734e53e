"""A client that checks its token or its model before a run is judged by the run alone."""

from __future__ import annotations

import urllib.request
from typing import Any

from test_runner import good, run


def careful(given: Any, *, base_url: str, account_id: str, api_token: str) -> str:
    """A good client that checks its token and looks for the model first."""
    for path in ("/user/tokens/verify", f"/accounts/{account_id}/ai/models/search?search=aleph"):
        request = urllib.request.Request(  # noqa: S310 - the fake's own address
            base_url + path, headers={"Authorization": f"Bearer {api_token}"}
        )
        urllib.request.urlopen(request).close()  # noqa: S310
    return good(given, base_url=base_url, account_id=account_id, api_token=api_token)


def only_checks(_: Any, *, base_url: str, api_token: str, **__: Any) -> str:
    """A broken client that checks its token and makes up the result."""
    request = urllib.request.Request(  # noqa: S310 - the fake's own address
        f"{base_url}/user/tokens/verify", headers={"Authorization": f"Bearer {api_token}"}
    )
    urllib.request.urlopen(request).close()  # noqa: S310
    return "https://example.com/made-up.mp4"


def test_other_routes_are_counted_apart_and_named_once() -> None:
    found = run(careful, "examples", "faults", "concurrency")
    assert [(r.name, f.message) for r in found.results for f in r.broken] == []
    count = len(found.results)
    counted = f"GET /user/tokens/verify ({count}), GET /accounts/{{id}}/ai/models/search ({count})"
    named = f"calls to other routes, which are not judged: {counted}"
    assert [note for note in found.notes if "other routes" in note] == [named]


def test_a_check_of_the_token_is_no_run() -> None:
    found = run(only_checks, "examples")
    assert {f.rule for r in found.results for f in r.broken} >= {"request.once"}
