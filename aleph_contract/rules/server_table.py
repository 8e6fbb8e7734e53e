"""The rules that a server is judged by: one table for the judge, the reports, the CLI, the docs."""

from __future__ import annotations

from aleph_contract.rules.table import Rule

_TABLE = (
    Rule(
        "server.accepts",
        "answers every portable valid input with a 2xx",
        "schema",
        "must",
        "A client that keeps the contract gets an error for an input that the contract allows.",
        "A limit is stricter than the published one, an optional member is required, or a length "
        "is counted in bytes.",
        "Validate against the published input schema, and nothing else.",
    ),
    Rule(
        "server.refuses",
        "answers every portable violating input with a 4xx, and runs nothing",
        "schema",
        "must",
        "A client tested against this server sends inputs that the service refuses; on a server "
        "that is billed, the run costs money.",
        "A limit is looser than the published one, or only the first item of an array is checked.",
        "Validate the whole input against the published schema before the run.",
    ),
    Rule(
        "server.reply-shape",
        "answers a run with the documented reply and a result that the output schema allows",
        "schema",
        "must",
        "A client that reads the documented reply finds no result in this one.",
        "The result is at another place, a member has another name, or the reply is not JSON.",
        'Answer {"state":"Completed","result":{...}}, bare or in the envelope of the API.',
    ),
    Rule(
        "server.error-shape",
        "refuses in the documented error body: a list of errors, each with a code and a message",
        "documented",
        "must",
        "A client cannot tell an invalid input from an unknown model or an empty account.",
        "The error page of the web framework is sent, or the error is plain text.",
        'Answer {"errors":[{"code":7003,"message":"..."}],"success":false,...}.',
    ),
    Rule(
        "server.content-type",
        "labels a JSON reply as application/json",
        "http",
        "must",
        "Clients choose the parser by the content type; the Workers binding hands over a stream "
        "for any other one.",
        "The framework's default, such as text/html, was not changed.",
        "Send Content-Type: application/json; on the binding without a parameter.",
    ),
    Rule(
        "server.no-5xx",
        "answers every request in time, and none with a 5xx",
        "http",
        "must",
        "A client repeats a call after a 5xx or a time-out, although the same call fails again.",
        "Unexpected input raises an exception in the server, or stops its worker.",
        "Refuse what cannot be read with a 4xx; return before the time limit.",
    ),
    Rule(
        "server.auth",
        "refuses a missing or wrong token",
        "documented",
        "must",
        "Without the check any caller spends the account's money.",
        "The token is read only where it is forwarded, or its absence is let through.",
        "Answer 401 before the body is read.",
    ),
    Rule(
        "server.route",
        "refuses an unknown route, and a method other than POST on the route of a run",
        "http",
        "must",
        "A client with a wrong base URL or path works here, and fails on the service.",
        "A catch-all route answers every path.",
        "Answer 404 on an unknown path, and 405 on another method.",
    ),
    Rule(
        "server.model",
        "refuses an unknown model, and a request without one",
        "documented",
        "must",
        "A client with a mistyped model id works here, and fails on the service.",
        "The model of the request is not read.",
        "Compare the model with the exact ids that are served.",
    ),
    Rule(
        "server.json",
        "refuses a body that is not a JSON object",
        "http",
        "must",
        "A client that encodes its body wrongly works here, and fails on the service.",
        "A parse error is treated as an empty body, or a lenient parser is used.",
        "Answer 400 to a body that does not parse.",
    ),
    Rule(
        "server.bill",
        "takes no more for a call than the contract's price, and nothing for a refusal",
        "documented",
        "must",
        "The account pays for seconds that were not in the video, or for a run that was refused.",
        "The duration is rounded up, a repeated call is counted twice, or the price is charged "
        "before the input is checked.",
        "Charge the published price for each second of `duration`, after the run.",
    ),
)

#: Every server rule by its id, in the order of the table.
SERVER_RULES: dict[str, Rule] = {rule.id: rule for rule in _TABLE}
