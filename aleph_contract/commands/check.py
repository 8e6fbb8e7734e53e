"""`aleph-contract check`: validate an input or a complete request body."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import click

from aleph_contract.commands.options import contract_option, load_contracts, model_option
from aleph_contract.commands.standard_streams import printing
from aleph_contract.core.escaping import one_line, printable, replace_controls, write_json
from aleph_contract.errors import ArgumentError, JSONError

if TYPE_CHECKING:
    from aleph_contract.contract import Contract
    from aleph_contract.contract.contract_set import ContractSet
    from aleph_contract.core.json_positions import Place, Positions
    from aleph_contract.schema.validation.violations import Violation

Form = Literal["input", "rest", "binding"]

#: Returns the contract that a document is checked against.
Chooser = Callable[[Any], "Contract"]

#: The member that holds the input in each form of a body; the first one present names the form.
_HOLDERS: dict[Form, str] = {"rest": "input", "binding": "inputs"}

#: Columns of a source line that an excerpt shows around the invalid value.
_EXCERPT_WIDTH = 72


@dataclass(frozen=True, slots=True)
class Problem:
    """One violation, with its position in the file.

    Args:
        pointer: JSON Pointer into the document.
        line: Line of the invalid value, or of its key if the key is not allowed; from 1.
        column: Column of it in characters, from 1.
        keyword: The violated keyword.
        limit: The value of the keyword.
        actual: The value that violates it; `None` if it is missing.
        schema: JSON Pointer to the keyword in the input schema; `None` for the model.
        message: One sentence.
    """

    pointer: str
    line: int
    column: int
    keyword: str
    limit: Any
    actual: Any
    schema: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Checked:
    """The output of `check --json`.

    Args:
        valid: Whether there are no violations.
        model: The contract's model.
        form: The detected form of the document.
        violations: The violations, in order of position.
        notes: Warnings about parts that are valid but probably a mistake.
    """

    valid: bool
    model: str
    form: Form
    violations: tuple[Problem, ...] = field(default=())
    notes: tuple[str, ...] = ()


@click.command(
    "check", epilog="""Example: echo '{"prompt": "Make it night"}' | aleph-contract check"""
)
@click.argument("files", metavar="[FILE]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@contract_option
@model_option
def command(
    files: tuple[str, ...], contract_files: tuple[str, ...], model: str | None, *, as_json: bool
) -> int:
    """Validate inputs or complete request bodies.

    FILE holds an input, a REST body {"model", "input"} or a body of the Workers
    binding {"inputs", "options"}; without FILE, or with -, the command reads
    standard input. Of several files, --json prints an array. Exit code 0: all are
    valid; 1: one is not valid; 2: one cannot be read or is not JSON.
    """
    contracts = load_contracts(contract_files)

    def choose(document: Any) -> Contract:
        return chosen_for(document, contracts, model)

    if len(files) <= 1:
        name, checked, positions = _checked_file(files[0] if files else "-", choose)
        if as_json:
            _show_json(asdict(checked))
        else:
            _show(checked, name, positions)
        return 0 if checked.valid else 1
    return _check_several(files, choose, as_json=as_json)


def _check_several(files: Sequence[str], choose: Chooser, *, as_json: bool) -> int:
    """Check each file, and name each that cannot be checked; return the exit code."""
    documents, code = [], 0
    for file in files:
        try:
            name, checked, positions = _checked_file(file, choose)
        except ArgumentError as error:
            click.echo(printable(f"aleph-contract: {error}"), err=True)
            code = 2
            continue
        documents.append({"file": name, **asdict(checked)})
        if not as_json:
            _show(checked, name, positions, several=True)
        code = max(code, 0 if checked.valid else 1)
    if as_json:
        _show_json(documents)
    return code


def _checked_file(file: str, choose: Chooser) -> tuple[str, Checked, Positions]:
    """The name of a file for messages, what is wrong in it, and the positions of its values.

    Raises:
        ArgumentError: It cannot be read, or is not JSON.
    """
    from aleph_contract.core.json_positions import Positions
    from aleph_contract.core.jsonvalue import loads

    name = "standard input" if file == "-" else file
    if file == "-" and sys.stdin.isatty():
        click.echo("reading JSON from the terminal; end it with Ctrl-D", err=True)
    raw = _read(file, name)
    try:
        document = loads(raw)
    except JSONError as error:
        raise ArgumentError(
            f"{name}:{error.line}:{error.column}: not JSON: {error.reason}"
        ) from None
    positions = Positions(raw.decode())
    return name, check(document, positions, choose(document)), positions


def chosen_for(document: Any, contracts: ContractSet, model: str | None) -> Contract:
    """The contract of `model`; without it, that of the model which a request body names.

    Raises:
        ArgumentError: There are several contracts and none is chosen, or not that one.
    """
    named = document.get("model") if isinstance(document, dict) else None
    if model is None and isinstance(named, str) and named in contracts:
        model = named
    return contracts.choose(model)


def check(document: Any, positions: Positions, contract: Contract) -> Checked:
    """Validate a parsed document: an input, a REST body or a body of the Workers binding."""
    from aleph_contract.contract.validate import validate
    from aleph_contract.core.jsonvalue import repeated_keys
    from aleph_contract.schema.validation.violations import leaves

    form = _form(document, contract)
    holder = _HOLDERS.get(form)
    prefix = f"/{holder}" if holder else ""
    violations = leaves(validate(document[holder] if holder else document, contract))
    problems = [_problem(violation, prefix, positions) for violation in violations]
    if form == "rest":
        problems += _wrong_model(document, positions, contract)
    problems.sort(key=lambda problem: (problem.line, problem.column))
    notes = [
        f"the key {key!r} is repeated; most parsers use the last value, some the first"
        for key in dict.fromkeys(repeated_keys(document))
    ]
    if form == "input" and any("model" in (p.actual or ()) for p in problems if p.limit is False):
        notes.append('a complete request body has two members, "model" and "input"')
    if not violations:
        notes += _left_out(document[holder] if holder else document, contract, prefix)
    return Checked(not problems, contract.model, form, tuple(problems), tuple(notes))


def _left_out(value: Any, contract: Contract, prefix: str) -> list[str]:
    """A note for each member that the published schema requires with a default, and `value` lacks.

    Such an input is gray in acceptance.
    """
    from aleph_contract.contract.validate import validator_for
    from aleph_contract.core.jsonvalue import pointer
    from aleph_contract.schema.validation.violations import leaves

    if contract.parsed_schema is contract.input_schema:
        return []
    return [
        f"{prefix}{violation.instance}{pointer([violation.limit])} is left out: the published"
        " schema requires it and gives a default, so some implementations may refuse the input"
        for violation in leaves(validator_for(contract.parsed_schema).violations(value))
        if violation.keyword == "required"
    ]


def _form(document: Any, contract: Contract) -> Form:
    schema = contract.input_schema
    known = schema.get("properties", ()) if isinstance(schema, dict) else ()
    if isinstance(document, dict):
        for form, key in _HOLDERS.items():
            if key in document and key not in known:
                return form
    return "input"


def _problem(violation: Violation, prefix: str, positions: Positions) -> Problem:
    where = prefix + violation.instance
    place: Place = positions.value(where)
    if violation.keyword == "additionalProperties":
        place = min(positions.key(where, name) for name in violation.actual)
    return Problem(
        where,
        place.line,
        place.column,
        violation.keyword,
        violation.limit,
        violation.actual,
        violation.schema,
        violation.message,
    )


def _wrong_model(document: Any, positions: Positions, contract: Contract) -> list[Problem]:
    from aleph_contract.schema.validation.messages import sentence

    model = document.get("model")
    if model == contract.model:
        return []
    keyword = "const" if "model" in document else "required"
    limit = contract.model if keyword == "const" else "model"
    place = positions.value("/model")
    subject = "model" if keyword == "const" else "the request"
    message = sentence(keyword, subject, limit, model)
    where = "/model" if keyword == "const" else ""
    return [Problem(where, place.line, place.column, keyword, limit, model, None, message)]


def _read(file: str, name: str) -> bytes:
    from aleph_contract.core.reading import read_file, read_stream

    try:
        return read_stream(sys.stdin.buffer, name) if file == "-" else read_file(file)
    except OSError as error:
        raise ArgumentError(f"{name} cannot be read: {error.strerror}") from None


@printing()
def _show_json(document: Any) -> None:
    click.echo(write_json(document))


@printing()
def _show(checked: Checked, name: str, positions: Positions, *, several: bool = False) -> None:
    color = False if os.environ.get("NO_COLOR") else None
    for problem in checked.violations:
        head = click.style(f"{one_line(name)}:{problem.line}:{problem.column}:", bold=True)
        click.echo(f"{head} {one_line(problem.message)}", color=color)
        for line in _excerpt(positions.line(problem.line), problem.column, problem.line):
            click.echo(line, color=color)
        place = f"{problem.pointer or 'the root'}{_facts(problem)}"
        click.echo(f"  at {one_line(place)}", color=color)
    for note in checked.notes:
        click.echo(printable(f"note: {note}"), color=color)
    click.echo((f"{one_line(name)}: " if several else "") + _verdict(checked), color=color)


def _excerpt(line: str, column: int, number: int) -> tuple[str, str]:
    start = max(0, column - _EXCERPT_WIDTH // 2) if len(line) > _EXCERPT_WIDTH else 0
    shown = replace_controls(line[start : start + _EXCERPT_WIDTH].replace("\t", " "))
    margin = " " * len(str(number))
    arrow = click.style("^", fg="red", bold=True)
    return f"  {number} | {shown}", f"  {margin} | {' ' * (column - 1 - start)}{arrow}"


def _facts(problem: Problem) -> str:
    from aleph_contract.schema.validation.messages import quote

    if problem.keyword in ("anyOf", "oneOf", "not"):
        return f": {problem.keyword}"
    actual = "" if problem.actual is None else f", found {quote(problem.actual)}"
    return f": {problem.keyword} {quote(problem.limit)}{actual}"


def _verdict(checked: Checked) -> str:
    model = one_line(checked.model)
    document = {
        "input": f"input for {model}",
        "rest": f"request for {model}",
        "binding": f"binding request for {model}",
    }[checked.form]
    if checked.valid:
        return click.style(f"valid {document}", fg="green")
    count = len(checked.violations)
    return click.style(f"not a valid {document}: {count} violation{'s' * (count > 1)}", fg="red")
