"""The reference page of the public Python names, for `docs/generate.py`."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

#: The names of the Python page, in order, each as a user imports it.
PUBLIC = (
    "aleph_contract.Contract",
    "aleph_contract.Contract.load",
    "aleph_contract.validate",
    "aleph_contract.Violation",
    "aleph_contract.constraints",
    "aleph_contract.Constraint",
    "aleph_contract.cases",
    "aleph_contract.Case",
    "aleph_contract.strategies.valid_inputs",
    "aleph_contract.strategies.boundary_inputs",
    "aleph_contract.strategies.violating_inputs",
    "aleph_contract.strategies.Violating",
    "aleph_contract.strategies.requests",
    "aleph_contract.verify_client",
    "aleph_contract.PythonDriver",
    "aleph_contract.CommandDriver",
    "aleph_contract.StdioDriver",
    "aleph_contract.Settings",
    "aleph_contract.Verification",
    "aleph_contract.CaseResult",
    "aleph_contract.Finding",
    "aleph_contract.Exchange",
    "aleph_contract.Outcome",
    "aleph_contract.AlephContractError",
    "aleph_contract.ArgumentError",
    "aleph_contract.ContractError",
    "aleph_contract.pytest_plugin.ClientConformance",
    "fake_server.running",
    "fake_server.Server",
    "fake_server.AccountHandle",
    "fake_server.create_app",
)

#: The classes whose members are documented one by one, each with its example in `docs/examples/`.
EXAMPLES = {
    "aleph_contract.Exchange": "exchange.py",
    "fake_server.AccountHandle": "account_handle.py",
}

#: Columns that a signature may take before it is broken into one line per parameter.
_SIGNATURE_WIDTH = 100


def python_page() -> str:
    """Signatures and docstrings of the public names."""
    parts = [
        "# Python\n",
        (
            "The public names, each under the path to import it from, such as "
            "`from aleph_contract import Contract`. Every other path is private and may change.\n"
        ),
    ]
    for path in PUBLIC:
        name, thing = path.rpartition(".")[2], resolve(path)
        signature = "" if inspect.isclass(thing) else _signature(thing)
        parts.append(f"## {path}\n\n```text\n{name}{signature}\n\n{inspect.getdoc(thing)}\n```\n")
        if path in EXAMPLES:
            parts += _members(thing)
            parts.append(f"Example:\n\n```python\n{_example(EXAMPLES[path])}```\n")
    return "\n".join(parts)


def _members(thing: type) -> Iterator[str]:
    """The properties and methods of a class, each with its docstring."""
    for name, member in vars(thing).items():
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property)):
            continue
        signature = ""
        if not isinstance(member, property):
            signature = _signature(member).replace("(self, ", "(").replace("(self)", "()")
        text = f"{name}{signature}\n\n{inspect.getdoc(member)}"
        yield f"### {thing.__name__}.{name}\n\n```text\n{text}\n```\n"


def _example(file: str) -> str:
    return (Path(__file__).parent / "examples" / file).read_text()


def resolve(path: str) -> Any:
    """The class or function behind a public path."""
    thing = pkgutil.resolve_name(path)
    if isinstance(thing, ModuleType):  # `aleph_contract.cases` is a module that can be called
        return getattr(thing, path.rpartition(".")[2])
    return thing


def _signature(function: Callable[..., object]) -> str:
    """The signature as source text; annotations are strings at run time, so their quotes go."""
    text = re.sub(r"<function <lambda> at \w+>", "...", str(inspect.signature(function)))
    text = re.sub(r"(: |-> )'([^']+)'", r"\1\2", text)
    if len(text) <= _SIGNATURE_WIDTH:
        return text
    parameters, _, result = text[1:].rpartition(")")
    lines = re.split(r", (?![^\[]*\])", parameters)
    return "(\n" + "".join(f"    {line},\n" for line in lines) + f"){result}"
