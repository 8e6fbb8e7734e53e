"""The table of gateway behaviours beyond failures: what the fake does, and how well it is known."""

from __future__ import annotations

from dataclasses import dataclass

from fake_server.replies.failures import Provenance


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One behaviour of the service around a run.

    Args:
        name: Kebab case, unique.
        sentence: What the fake does.
        provenance: How well it is known that the service does the same.
        option: The option of `serve` that turns it on; empty if it is always on.
    """

    name: str
    sentence: str
    provenance: Provenance
    option: str = ""


#: Every behaviour, in the order of the documentation.
BEHAVIOURS: tuple[Behaviour, ...] = (
    Behaviour(
        "binding-description",
        "On the binding `description` is the bare class of a failure: a Worker sees "
        "`7003: User Input Error`, and the detail only with `returnRawResponse`.",
        "observed",
    ),
    Behaviour(
        "binding-ids",
        "On the binding `cf-aig-request-id`, `cf-aig-log-id` and `cf-aig-event-id` are the same "
        "lower-case UUIDv7.",
        "documented",
    ),
    Behaviour(
        "binding-headers-402",
        "A 402 on the binding carries the event id and the request id, but no log id.",
        "observed",
    ),
    Behaviour(
        "binding-headers-429",
        "A 429 on the binding carries the log id and `cf-aig-step`.",
        "observed",
    ),
    Behaviour(
        "binding-options-type",
        "`options` that is not an object is refused with 400.",
        "assumed",
    ),
    Behaviour(
        "binding-abort",
        "A call that an `AbortSignal` ends is recorded with the outcome `cut`; the run may have "
        "been billed.",
        "assumed",
    ),
    Behaviour(
        "no-route-errors",
        "An unknown route gets a body with two errors, 7003 and 7000.",
        "observed",
    ),
    Behaviour(
        "metadata-five-entries",
        "Of more than five entries of `cf-aig-metadata` the gateway keeps the first five, without "
        "an error.",
        "observed",
    ),
    Behaviour(
        "metadata-null-or-object",
        "One entry of `cf-aig-metadata` that is null or an object loses all entries, without an "
        "error.",
        "observed",
    ),
    Behaviour(
        "retry-delay",
        "`cf-aig-retry-delay` is accepted up to 60 s. A page of the documentation says 5 s, a "
        "later change says 60 s.",
        "documented",
    ),
    Behaviour(
        "no-cache",
        "A video run is never answered from the cache: each POST is a new billed run.",
        "documented",
    ),
    Behaviour(
        "spend-limit-lag",
        "The gateway lets N runs through after the spend limit is passed, because its count is "
        "late. The live service let one run through in 8 of 9 trials.",
        "observed",
        "--spend-limit-lag N",
    ),
    Behaviour(
        "presigned-urls",
        "Result URLs have a signed query. With another query, and after SECONDS, they answer 403.",
        "observed",
        "--presigned SECONDS",
    ),
    Behaviour(
        "background-run",
        'A call on the binding with `options: {"background": true, "webhookUrl": …}` is answered '
        "with 202; when the run ends, its result is sent to the URL in one POST that is not "
        "repeated. The fake calls loopback addresses only. One project saw this; the "
        "documentation has withdrawn it.",
        "observed",
        "--background",
    ),
)
