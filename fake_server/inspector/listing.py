"""The list of exchanges: the query of the filter form, and one page of matching exchanges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from urllib.parse import urlencode

from aleph_contract.core.exchange import Exchange
from fake_server.control.dependencies import ACCOUNT_NAMES
from fake_server.journal.base import Filter, Journal
from fake_server.state import accounts

#: Rows of one page, and rows that "Show older" adds.
PAGE_SIZE = 100

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
    """

    account: str = ""
    outcome: str = ""
    text: str = ""

    @classmethod
    def from_params(cls, params: Mapping[str, str]) -> ListQuery:
        """Read the query parameters of a request; an unknown value matches no exchange."""
        return cls(*(params.get(name, "").strip() for name in ("account", "outcome", "text")))

    @property
    def query_string(self) -> str:
        """The query string with its `?`, such as `?outcome=invalid`; empty without a filter."""
        given = {name: value for name, value in asdict(self).items() if value}
        return f"?{urlencode(given)}" if given else ""

    def matches(self, exchange: Exchange) -> bool:
        """Whether an exchange passes the filter."""
        if self.account and account_name(exchange.account) != self.account:
            return False
        return Filter(outcome=self.outcome or None, text=self.text or None).matches(exchange)

    def select(self, journal: Journal) -> Iterator[Exchange]:
        """The matching exchanges, newest first."""
        account = ACCOUNT_NAMES.get(self.account, self.account) if self.account else None
        return filter(self.matches, journal.newest(account))


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of the list.

    Args:
        rows: The exchanges, newest first.
        next_skip: The `skip` of the next page, or `None` after the last page.
    """

    rows: tuple[Exchange, ...]
    next_skip: int | None


def list_page(journal: Journal, query: ListQuery, skip: int = 0) -> ListPage:
    """The page that starts after the newest `skip` exchanges."""
    found = tuple(islice(query.select(journal), skip, skip + PAGE_SIZE + 1))
    more = len(found) > PAGE_SIZE
    return ListPage(found[:PAGE_SIZE], skip + PAGE_SIZE if more else None)


def find_exchange(journal: Journal, account: str, number: int) -> Exchange | None:
    """The exchange with this account and number; `None` if the journal does not hold it."""
    where = Filter(since=number - 1, before=number + 1)
    return next(journal.read(ACCOUNT_NAMES.get(account, account), where), None)


def account_name(account: str) -> str:
    """The account as it is written in paths: its id, or its name if it has no id."""
    return _NAME_BY_ID.get(account, account)


def recent_accounts(journal: Journal) -> tuple[str, ...]:
    """The most recently used accounts, the last used first."""
    return tuple(map(account_name, journal.accounts()[: -MAX_SUGGESTED_ACCOUNTS - 1 : -1]))


def is_account(account: str) -> bool:
    """Whether `account` is an id, or a name of `ACCOUNT_NAMES`."""
    return account in ACCOUNT_NAMES or accounts.ACCOUNT_ID.fullmatch(account) is not None
