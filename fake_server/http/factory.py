"""Create a fake from its options: `create_app`."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.clock import WALL_CLOCK, Clock
from aleph_contract.errors import ArgumentError
from fake_server.control.origin_guard import ANY_HOST
from fake_server.http.app import MAX_BODY, App
from fake_server.journal import open_journal
from fake_server.journal.base import AccountStore, Journal, SharedJournal
from fake_server.media.samples import read_samples
from fake_server.state.accounts import Accounts, checked_profile
from fake_server.state.billing import amount
from fake_server.state.scenarios import MAX_NUMBER

if TYPE_CHECKING:
    from fake_server.runs.mutation import Mutator
    from fake_server.runs.replay import RecordedReplies
    from fake_server.upstream.forwarding import Upstream


def create_app(
    contract: Contract | ContractSet | None = None,
    *,
    profile: str = "documented",
    tokens: Iterable[str] = (),
    latency: float = 0.0,
    credits: Decimal | str | float | None = None,  # noqa: A002 - the service's word
    spend_limit: Decimal | str | float | None = None,
    spend_limit_lag: int = 0,
    presigned: int | None = None,
    background: bool = False,
    journal: Journal | str = "memory",
    keep: Iterable[str] = (),
    durability: str = "sync",
    max_body: int | None = None,
    hosts: Iterable[str] = (ANY_HOST,),
    admin_token: str | None = None,
    mutator: Mutator | None = None,
    replay: RecordedReplies | None = None,
    upstream: Upstream | None = None,
    clock: Clock = WALL_CLOCK,
    samples: Iterable[str | os.PathLike[str]] = (),
) -> App:
    """Create a fake as an ASGI application, for use in process or with any ASGI server.

    Faults that close a connection work only with `fake_server.Server`; other servers see a
    `ConnectionResetError`.

    Args:
        contract: The contract or the set that it serves; the shipped contract if `None`.
        profile: Shape of successful REST replies, `documented` or `live`.
        tokens: The accepted API tokens, beside those of created accounts; if empty, any token is
            accepted.
        latency: Seconds that a completed run takes.
        credits: USD that all runs of one account may cost.
        spend_limit: USD at which the gateway refuses the runs of an account.
        spend_limit_lag: Runs of an account that the gateway lets through after its limit.
        presigned: Seconds after which result URLs expire; `None` for URLs without a signature.
        background: Whether a call on the binding may ask for a run in the background.
        journal: `memory`, `sqlite:PATH`, `postgresql://…`, or a journal.
        keep: Which exchanges a journal in PostgreSQL keeps: an age such as `7d`, a number of each
            account such as `10000`, or both; if empty, all.
        durability: With a journal in PostgreSQL, whether a response waits until its exchange is on
            disk (`sync`) or only committed (`async`).
        max_body: Bound on the bytes of a body; 32 MiB if `None`.
        hosts: Host names that the control API accepts.
        admin_token: The token that callers of the control API on other machines must present.
        mutator: Changes one call, for `aleph-contract mutate`.
        replay: A recording that answers runs, for `serve --replay`.
        upstream: A server that answers runs, and the spend cap, for `serve --upstream`.
        clock: The clock of the clients; every duration and time is in its seconds.
        samples: The user's own media, which result URLs return; one file per family, such as video.

    Raises:
        ArgumentError: An argument is out of range; the message names it.
        ContractError: The contract is invalid.
    """
    max_body = MAX_BODY if max_body is None else max_body
    _check_numbers(latency, max_body, spend_limit_lag, presigned)
    defaults: dict[str, Any] = {
        "profile": checked_profile(profile),
        "tokens": tokens,
        "credits": None if credits is None else amount("credits", credits),
        "spend_limit": None if spend_limit is None else amount("spend_limit", spend_limit),
        "spend_limit_lag": spend_limit_lag,
    }
    contracts, found = ContractSet.of(contract), read_samples(samples)
    if isinstance(journal, str):
        journal = open_journal(journal, keep=keep, durability=durability)
    if isinstance(journal, SharedJournal) and not (replay is None and upstream is None):
        raise ArgumentError("a recording or an upstream needs a journal in memory or in SQLite")
    return App(
        contracts,
        _accounts_for(journal, defaults),
        journal,
        latency=latency,
        max_body=max_body,
        hosts=hosts,
        admin_token=admin_token,
        presigned=presigned,
        background=background,
        mutator=mutator,
        replay=replay,
        upstream=upstream,
        clock=clock,
        samples=found,
    )


def _check_numbers(
    latency: float, max_body: int, spend_limit_lag: int, presigned: int | None
) -> None:
    """Raise `ArgumentError` if a number is out of range."""
    if not 0 <= latency < math.inf:
        raise ArgumentError(f"latency is a number of seconds from 0, not {latency}")
    if max_body < 1:
        raise ArgumentError(f"max_body is a number of bytes from 1, not {max_body}")
    if not 0 <= spend_limit_lag <= MAX_NUMBER:
        bounds = f"from 0 to {MAX_NUMBER}"
        raise ArgumentError(f"spend_limit_lag is a number of runs {bounds}, not {spend_limit_lag}")
    if presigned is not None and presigned < 0:
        raise ArgumentError(f"presigned is a number of seconds from 0, not {presigned}")


def _accounts_for(journal: Journal, defaults: dict[str, Any]) -> Accounts:
    """The accounts, kept where the journal keeps its exchanges."""
    if isinstance(journal, SharedJournal):
        from fake_server.state.shared.accounts import SharedAccounts  # imports asyncpg

        return SharedAccounts(journal.database, **defaults)
    if isinstance(journal, AccountStore):
        from fake_server.state.kept_accounts import KeptAccounts  # only when used

        return KeptAccounts(journal, **defaults)
    return Accounts(**defaults)
