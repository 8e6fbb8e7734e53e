"""Import `MODULE:CALLABLE` and check that it takes the arguments of a client."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from aleph_contract.errors import ArgumentError, CouldNotRun

#: The keyword arguments of a client, in the order in which the documentation lists them.
KEYWORDS = ("base_url", "account_id", "api_token")

_TARGET_FORM = "MODULE:CALLABLE or FILE.py:CALLABLE, such as my_client:edit_video"


def load(target: str) -> Callable[..., Any]:
    """Import the callable that `target` names.

    Raises:
        ArgumentError: `target` has another form, or there is no such module or name.
        CouldNotRun: The module exists, but its import fails.
    """
    module_name, _, path = target.rpartition(":")
    if not module_name or not path:
        raise ArgumentError(f"--python {target}: write {_TARGET_FORM}")
    module = _import(module_name)
    found: Any = module
    for name in path.split("."):
        if not hasattr(found, name):
            raise ArgumentError(f"--python {target}: {_missing(module_name, found, name)}")
        found = getattr(found, name)
    return check(found, target)


def check(function: Any, name: str) -> Callable[..., Any]:
    """Return `function` if it takes the arguments of a client.

    Raises:
        ArgumentError: It is not callable, or does not take these arguments.
    """
    if not callable(function):
        raise ArgumentError(f"{name} is {type(function).__name__}, not a callable")
    client: Callable[..., Any] = function
    try:
        signature = inspect.signature(client)
    except (TypeError, ValueError):  # some callables written in C have no signature
        return client
    try:
        signature.bind({}, **dict.fromkeys(KEYWORDS, ""))
    except TypeError as error:
        wanted = ", ".join(("input", *(f"{key}=…" for key in KEYWORDS)))
        raise ArgumentError(
            f"{name} is called with ({wanted}) but takes {signature}: {error};"
            " write a function with these arguments that calls your client"
        ) from None
    return client


@contextmanager
def search_path(target: str) -> Iterator[None]:
    """Search the folder of the client's file for imports, then the current folder.

    A client in `tests/` imports the modules of the project from there.
    """
    module_name = target.rpartition(":")[0]
    here = os.getcwd()  # noqa: PTH109 - sys.path holds strings
    folders = [str(Path(module_name).resolve().parent), here] if _is_file(module_name) else [here]
    sys.path[:0] = folders
    try:
        yield
    finally:
        for folder in folders:
            if folder in sys.path:
                sys.path.remove(folder)


def _is_file(module_name: str) -> bool:
    return module_name.endswith(".py") or os.sep in module_name


def _import(module_name: str) -> ModuleType:
    try:
        if _is_file(module_name):
            return _import_file(Path(module_name))
        return importlib.import_module(module_name)
    except ArgumentError:
        raise
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise ArgumentError(
                f"--python {module_name}: no module {error.name!r} in this folder or on sys.path;"
                f" write {_TARGET_FORM}"
            ) from None
        raise CouldNotRun(f"{module_name} needs a module that is not installed: {error}") from None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a client's module may raise anything
        text = " ".join(str(error).split())
        raise CouldNotRun(
            f"the import of {module_name} fails: {type(error).__name__}: {text}"
        ) from None


def _import_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise ArgumentError(f"--python {path}: no such file")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ArgumentError(f"--python {path}: not a Python file; its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    before = sys.modules.get(path.stem)
    sys.modules[path.stem] = module  # dataclasses and pickle look up their module there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[path.stem]
        raise
    finally:
        if before is not None:
            sys.modules[path.stem] = before
    return module


def _missing(module_name: str, holder: Any, name: str) -> str:
    near = difflib.get_close_matches(name, [key for key in vars(holder) if key[0] != "_"], n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{module_name} has no {name!r}{hint}"
