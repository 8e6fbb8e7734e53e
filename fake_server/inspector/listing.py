"""The list of exchanges: the query of the filter form, the selection, and one page of the list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from urllib.parse import urlencode

from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.core.body_start import shortened
from aleph_contract.core.exchange import Exchange
from aleph_contract.rules.traffic import contract_of
from fake_server.control.dependencies import ACCOUNT_NAMES
from fake_server.inspector.call_summary import CallId
from fake_server.inspector.traffic_counter import TrafficCounter
from fake_server.journal.base import Filter, Journal
from fake_server.state import accounts

#: Rows of one page, and rows that "Show older" adds.
PAGE_SIZE = 100

#: Exchanges before the last row of a page that are searched for the first call of its run.
CONTEXT = 20

#: Maximum accounts suggested by the account fields; other accounts can be typed.
MAX_SUGGESTED_ACCOUNTS = 200

_NAME_BY_ID = {account: name for name, account in ACCOUNT_NAMES.items()}


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The filter of the list; an empty string matches every exchange.

    Args:
        account: Id or name of an account, as in the paths of the control API.
        outcome: A key of `OUTCOMES`.
        text: Text in the URL, the request body or the response body.
        model: The model that was called.
        constraint: `Constraint.key`: only exchanges that try this constraint in `polarity`.
        polarity: `valid` or `violating`.
    """

    account: str = ""
    outcome: str = ""
    text: str = ""
    model: str = ""
    constraint: str = ""
    polarity: str = ""

    @classmethod
    def from_params(cls, params: Mapping[str, str]) -> ListQuery:
        """Read the query parameters of a request; an unknown value matches no exchange."""
        return cls(*(params.get(field.name, "").strip() for field in fields(cls)))

    @property
    def query_string(self) -> str:
        """The query string with its `?`, such as `?outcome=invalid`; empty without a filter."""
        given = self.given
        return f"?{urlencode(given)}" if given else ""

    @property
    def given(self) -> dict[str, str]:
        """The fields that are set."""
        return {name: value for name, value in asdict(self).items() if value}

    @property
    def hides_neighbours(self) -> bool:
        """Whether the list leaves out calls between two calls of an account."""
        return bool(self.given.keys() - {"account"})

    def matches(self, exchange: Exchange) -> bool:
        """Whether an exchange passes the filters that its fields decide; see `Listing.matches`."""
        if self.account and account_name(exchange.account) != self.account:
            return False
        return Filter(outcome=self.outcome or None, text=self.text or None).matches(exchange)


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of the list.

    Args:
        exchanges: The exchanges, newest first.
        context: The exchanges right after the page, newest first.
        next_skip: The `skip` of the next page, or `None` after the last page.
    """

    exchanges: tuple[Exchange, ...]
    context: tuple[Exchange, ...]
    next_skip: int | None


class Listing:
    """The exchanges of a journal that match a query.

    Args:
        journal: The journal.
        contracts: The contracts that the fake serves.
        counter: Knows the exchanges that tried a constraint.
    """

    def __init__(self, journal: Journal, contracts: ContractSet, counter: TrafficCounter) -> None:
        self._journal = journal
        self._contracts = contracts
        self._counter = counter

    def matches(self, query: ListQuery, exchange: Exchange) -> bool:
        """Whether an exchange passes the filter."""
        if not query.matches(exchange):
            return False
        if query.model and contract_of(exchange, self._contracts).model != query.model:
            return False
        cell = query.constraint, query.polarity
        return not query.constraint or cell in self._counter.tries(exchange)

    def select(self, query: ListQuery, *, whole: bool = False) -> Iterator[Exchange]:
        """The matching exchanges, newest first; of a constraint, those that the counter keeps.

        Args:
            query: The filter.
            whole: Whether to return large bodies whole; else each is a `BodyStart`.
        """
        searches = bool(query.text or query.model or query.constraint)  # needs whole bodies
        if query.constraint:
            calls = self._counter.calls_of(query.constraint, query.polarity, query.model)
            found = self.find(calls, whole=True)
        else:
            account = ACCOUNT_NAMES.get(query.account, query.account) if query.account else None
            found = self._journal.newest(account, whole=whole or searches)
        matching = (exchange for exchange in found if self.matches(query, exchange))
        return matching if whole else map(shortened, matching)

    def page(self, query: ListQuery, skip: int = 0) -> ListPage:
        """The page that starts after the newest `skip` exchanges."""
        end = skip + PAGE_SIZE
        found = tuple(islice(self.select(query), skip, end + CONTEXT))
        rest = found[PAGE_SIZE:]
        return ListPage(found[:PAGE_SIZE], rest, end if rest else None)

    def find(self, calls: Sequence[CallId], *, whole: bool = False) -> Iterator[Exchange]:
        """The exchanges with these accounts and numbers that the journal still holds."""
        found = (
            find_exchange(self._journal, account, number, whole=whole) for account, number in calls
        )
        return filter(None, found)


def find_exchange(
    journal: Journal, account: str, number: int, *, whole: bool = True
) -> Exchange | None:
    """The exchange with this account and number; `None` if the journal does not hold it."""
    where = Filter(since=number - 1, before=number + 1)
    return next(journal.read(ACCOUNT_NAMES.get(account, account), where, whole=whole), None)


def account_name(account: str) -> str:
    """The account as it is written in paths: its id, or its name if it has no id."""
    return _NAME_BY_ID.get(account, account)


def recent_accounts(journal: Journal) -> tuple[str, ...]:
    """The most recently used accounts, the last used first."""
    return tuple(map(account_name, journal.accounts()[: -MAX_SUGGESTED_ACCOUNTS - 1 : -1]))


def is_account(account: str) -> bool:
    """Whether `account` is an id, or a name of `ACCOUNT_NAMES`."""
    return account in ACCOUNT_NAMES or accounts.ACCOUNT_ID.fullmatch(account) is not None
