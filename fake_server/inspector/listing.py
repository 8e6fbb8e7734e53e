"""The list of exchanges: what is asked for, and the newest that match."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from urllib.parse import urlencode

from aleph_contract.core.exchange import Exchange
from fake_server.control.dependencies import NAMES
from fake_server.journal.base import Filter, Journal
from fake_server.replies.failures import OUTCOMES
from fake_server.state import accounts

#: Rows that a page holds, and that each "older" adds.
PAGE = 100

#: Accounts that are offered by name; any other can be typed.
OFFERED = 200

_NAMED = {account: name for name, account in NAMES.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which exchanges a reader wants to see; the empty string does not narrow.

    Args:
        account: As in the paths of the control API.
        outcome: A word of `OUTCOMES`.
        text: Text in the target, the request body or the answer's body.
    """

    account: str = ""
    outcome: str = ""
    text: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Read a query; what no exchange can have is kept, and matches none."""
        return cls(*(query.get(name, "").strip() for name in ("account", "outcome", "text")))

    @property
    def query(self) -> str:
        """As a query, with its question mark; empty if nothing is asked."""
        given = {name: value for name, value in asdict(self).items() if value}
        return f"?{urlencode(given)}" if given else ""

    def matches(self, exchange: Exchange) -> bool:
        """Whether an exchange is meant."""
        if self.account and name_of(exchange.account) != self.account:
            return False
        return Filter(outcome=self.outcome or None, text=self.text or None).matches(exchange)

    def select(self, journal: Journal) -> Iterator[Exchange]:
        """The exchanges that are meant, newest first."""
        account = NAMES.get(self.account, self.account) if self.account else None
        return filter(self.matches, journal.newest(account))


@dataclass(frozen=True, slots=True)
class Listing:
    """Some rows of the list, newest first, and how many rows are above them (`None`: no more)."""

    rows: tuple[Exchange, ...]
    next: int | None


def listing(journal: Journal, asked: Asked, skip: int = 0) -> Listing:
    """The rows below the first `skip`."""
    found = tuple(islice(asked.select(journal), skip, skip + PAGE + 1))
    more = len(found) > PAGE
    return Listing(found[:PAGE], skip + PAGE if more else None)


def one(journal: Journal, account: str, number: int) -> Exchange | None:
    """One exchange by its account and number, if it is still there."""
    where = Filter(since=number - 1, before=number + 1)
    return next(journal.read(NAMES.get(account, account), where), None)


def name_of(account: str) -> str:
    """How an account is called in paths."""
    return _NAMED.get(account, account)


def offered(journal: Journal) -> tuple[str, ...]:
    """The accounts that were busy last, newest first."""
    return tuple(map(name_of, journal.accounts()[: -OFFERED - 1 : -1]))


def known_account(account: str) -> bool:
    """Whether an account can be called so."""
    return account in NAMES or accounts.ACCOUNT_ID.fullmatch(account) is not None


def outcomes() -> Iterable[tuple[str, str]]:
    """Every outcome with its meaning."""
    return OUTCOMES.items()
