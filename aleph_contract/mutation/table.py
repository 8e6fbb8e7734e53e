"""The table of mutations: what each changes, the rule behind it, and what a test asserts."""

from __future__ import annotations

from aleph_contract.mutation.records import Mutation

_ROWS = (
    Mutation(
        "reply/another-run",
        "the client gets the result of another run",
        "response.result",
        "the result holds no URL",
        "assert that the returned URL equals the one in the reply that `account.exchanges` shows",
    ),
    Mutation(
        "reply/dead-link",
        "the client gets a URL that answers 404",
        "response.result",
        "the result holds no URL",
        "assert the returned URL, or download it and assert status 200",
    ),
    Mutation(
        "reply/empty-file",
        "the client gets the URL of a file without a byte",
        "response.result",
        "the result holds no URL",
        "assert the returned URL, or download it and assert that it has bytes",
    ),
    Mutation(
        "reply/query-cut",
        "the client gets the URL without its query",
        "response.result",
        "the URL has no query",
        "assert the whole returned URL, query included",
    ),
    Mutation(
        "reply/stale",
        "the client gets the result of the call before",
        "concurrency.no-crosstalk",
        "the call before had the same result",
        "assert that each call returns its own URL",
    ),
    Mutation(
        "reply/failure-became-result",
        "the client gets a completed run where the call fails",
        "error.surfaced",
        "a later call of the test repeats it and completes",
        "assert that the call raises an error",
    ),
    Mutation(
        "conduct/fault",
        "the service fails on the call",
        "error.surfaced",
        "the faulty reply is one that a client may accept",
        "assert the result of the call, so that a call without one fails the test",
    ),
    Mutation(
        "conduct/other-failure",
        "the call fails with another status and code",
        "error.identified",
        "the client may repeat one of the two failures",
        "assert status and code of the error",
    ),
    Mutation(
        "request/member-dropped",
        "journal and bill show the request without a member",
        "request.faithful",
        "the input is invalid without it, or has its default",
        "assert the input in `account.exchanges`, member by member",
    ),
    Mutation(
        "request/text-cut",
        "journal and bill show the request with half of a text",
        "request.faithful",
        "the input is invalid with the shorter text",
        "assert the whole text in the input that `account.exchanges` shows",
    ),
    Mutation(
        "request/item-dropped",
        "journal and bill show the request with one item fewer in an array",
        "request.faithful",
        "the input is invalid with the shorter array",
        "assert the length and the items of the array in `account.exchanges`",
    ),
    Mutation(
        "request/number-rounded",
        "journal and bill show the request with a number rounded to an integer",
        "request.faithful",
        "the number is an integer, or the input is invalid with the rounded one",
        "assert the number in the input that `account.exchanges` shows",
    ),
    Mutation(
        "request/made-twice",
        "journal and bill show the call twice",
        "request.once",
        "the call did not complete",
        "assert `len(account.exchanges)`, or `account.bill`",
    ),
)

#: Every mutation by its id.
MUTATIONS = {row.id: row for row in _ROWS}

#: Remedies for single faults in place of that of the mutation, by the first rule of the fault.
REMEDIES_OF_FAULTS = {
    "security.token-host": (
        "assert `len(account.exchanges)`: a client that follows the redirect makes two calls"
    ),
}
