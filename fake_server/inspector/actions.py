"""Request handlers of the forms that change the fake: scenario, replay, clear."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from aleph_contract.core.exchange import Exchange
from aleph_contract.errors import AlephContractError
from fake_server.control.dependencies import ACCOUNT_NAMES, CONTROL_PREFIX, Fake
from fake_server.control.verdict import VerdictLedger
from fake_server.inspector import listing, replay
from fake_server.inspector.listing import ListQuery
from fake_server.inspector.views import Views
from fake_server.inspector.web import (
    SECTION_HEADER,
    account_of,
    form_of,
    html_page,
    path_of,
    query_of,
)
from fake_server.journal.base import JournalUnavailable

#: Readers of the number fields of the scenario form.
_STEP_FIELDS: dict[str, Callable[[str], float]] = {
    "times": int,
    "retry_after": int,
    "delay": float,
}


class Actions:
    """The handlers of the forms.

    Args:
        fake: The fake.
        views: Renders the sections that a form changes.
    """

    def __init__(self, fake: Fake, views: Views) -> None:
        self._fake = fake
        self._app: Any = fake  # a replay calls the fake as an ASGI application
        self._views = views

    async def scenario(self, request: Request) -> Response:
        """Add a step to the scenario of an account, or clear the scenario."""
        account = account_of(request)
        form = await form_of(request)
        await run_in_threadpool(self._change_scenario, account, form)
        query = ListQuery(account=account)
        if request.headers.get(SECTION_HEADER):
            return html_page(await run_in_threadpool(self._views.sidebar, query))
        return RedirectResponse(f"{CONTROL_PREFIX}/{query.query_string}", 303)

    def _change_scenario(self, account: str, form: dict[str, str]) -> None:
        state = self._fake.accounts.get(ACCOUNT_NAMES.get(account, account))
        if form.get("do") == "clear":
            state.scenario = None
            return
        try:
            state.scenario = [*state.scenario, _step_from_form(form)]
        except JournalUnavailable as error:
            raise HTTPException(503, str(error)) from None
        except (AlephContractError, ValueError) as error:
            raise HTTPException(422, str(error)) from None

    async def replay(self, request: Request) -> Response:
        """Send a recorded request again, and redirect to the new exchange."""
        exchange = await run_in_threadpool(self._views.find, request)
        recorded: list[Exchange] = []
        stop = self._fake.journal.listen(recorded.append)
        try:
            await replay.replay(self._app, exchange, self._fake.accounts)
        finally:
            stop()
        repeated = next((new for new in recorded if _repeats(new, exchange)), exchange)
        return RedirectResponse(f"{path_of(repeated)}{query_of(request).query_string}", 303)

    async def clear(self, request: Request) -> Response:
        """Delete the exchanges of the account in the form, or of all accounts."""
        account = (await form_of(request)).get("account", "")
        if account and not listing.is_account(account):
            raise HTTPException(422, f"{account!r} is not an account id: use 32 digits of 0-9a-f")
        await run_in_threadpool(self._clear, account, request.app.state.verdicts)
        return RedirectResponse(f"{CONTROL_PREFIX}/{query_of(request).query_string}", 303)

    def _clear(self, account: str, verdicts: VerdictLedger) -> None:
        journal = self._fake.journal
        chosen = (ACCOUNT_NAMES.get(account, account),) if account else journal.accounts()
        for name in chosen:
            journal.clear(name)
            verdicts.forget(name)
        self._views.counter.restart()


def _repeats(new: Exchange, exchange: Exchange) -> bool:
    """Whether `new` is the same request; a reset fault may end it before its body has arrived."""
    same = (new.account, new.target) == (exchange.account, exchange.target)
    return same and (new.request_body == exchange.request_body or not new.request_complete)


def _step_from_form(form: dict[str, str]) -> dict[str, Any]:
    """The step of a submitted form; an empty `times` means every run.

    Raises:
        ValueError: A number field holds another text.
    """
    step: dict[str, Any] = {"fault": form.get("fault") or None, "times": None}
    for name, read in _STEP_FIELDS.items():
        if given := form.get(name, ""):
            try:
                step[name] = read(given)
            except ValueError:
                raise ValueError(f"{name}: {given!r} is not a number") from None
    return step
