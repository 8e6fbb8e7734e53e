"""The contracts of many models, by model id.

Entries are read at once, since a file that is no entry must be reported at once. An entry of a
folder is checked in full (satisfiable schemas, examples) when it is first asked for, so that a
folder of 300 entries does not delay the start.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from threading import Lock
from typing import Any

from aleph_contract.contract import Contract
from aleph_contract.contract.formats import published
from aleph_contract.core.jsonvalue import dumps, loads
from aleph_contract.core.reading import read_file
from aleph_contract.errors import ArgumentError, ContractError, JSONError

_log = logging.getLogger("aleph_contract")


#: Similarity from which a model id counts as a misspelling of another: `runwayml/aleph` of
#: `runwayml/aleph-2` has 0.93, `runwayml/gen-4.5` has 0.69.
_MISSPELLED = 0.8


@dataclass(frozen=True, slots=True)
class EntryFile:
    """A catalog entry that has been read but not checked: its source, and its JSON text."""

    source: str
    text: bytes


class ContractSet:
    """Contracts by model id; `contracts[model]` checks an entry when it is first asked for.

    Args:
        contracts: Contracts that are loaded.
        files: Entries that are not checked yet, by model id.
    """

    def __init__(
        self, contracts: Iterable[Contract], files: Mapping[str, EntryFile] | None = None
    ) -> None:
        self._loaded = {contract.model: contract for contract in contracts}
        self._waiting = dict(files or {})
        self._lock = Lock()
        if not self:
            raise ArgumentError("a set of contracts holds at least one")

    @classmethod
    def of(cls, contract: Contract | ContractSet | None = None) -> ContractSet:
        """A set as it is; the set of one contract, the shipped one by default."""
        if isinstance(contract, ContractSet):
            return contract
        return cls([contract or Contract.load()])

    @classmethod
    def load(
        cls, paths: Iterable[str | os.PathLike[str]] = (), *, strict: bool = False
    ) -> ContractSet:
        """Read the entries in files and folders; without a path, the shipped one.

        A file is checked at once. Of a folder, every `*.json` file is read; one that is not an
        entry, or repeats a model id, is left out with a warning.

        Args:
            paths: Files and folders.
            strict: Whether such a file is an error, and every entry is checked at once.

        Raises:
            ContractError: A file cannot be used, repeats a model id, or a folder holds no entry.
        """
        given = [os.fspath(path) for path in paths]
        if not given:
            return cls.of()
        contracts: dict[str, Contract] = {}
        files: dict[str, EntryFile] = {}
        for source in given:
            if not source:  # as in `--contract "$UNSET"`; Path("") is the working folder
                raise ContractError("''", "", "is empty; give a file or a folder")
            path = Path(source)
            if os.path.isdir(path):  # noqa: PTH112 - `is_dir` raises for a name that is too long
                _read_folder(path, contracts, files, strict=strict)
            else:
                contract = Contract.load(path)
                _check_new(contract.model, str(path), contracts, files)
                _tell_notes(contract)
                contracts[contract.model] = contract
        return cls(contracts.values(), files)

    def __len__(self) -> int:
        return len(self._loaded) + len(self._waiting)

    def __iter__(self) -> Iterator[str]:
        """The model ids, sorted."""
        return iter(sorted({*self._loaded, *self._waiting}))

    def __contains__(self, model: object) -> bool:
        return model in self._loaded or model in self._waiting

    def __getitem__(self, model: str) -> Contract:
        """The contract of a model.

        Raises:
            KeyError: There is none.
            ContractError: Its entry cannot be used.
        """
        with self._lock:
            if model in self._loaded:
                return self._loaded[model]
            file = self._waiting[model]
            contract = Contract.from_entry(loads(file.text), source=file.source)
            self._loaded[model] = contract
            del self._waiting[model]
        _tell_notes(contract)
        return contract

    def find(self, model: Any) -> Contract | None:
        """The contract of a model; `None`, and a warning, if its entry cannot be used."""
        if not isinstance(model, str) or model not in self:
            return None
        try:
            return self[model]
        except ContractError as error:
            with self._lock:
                self._waiting.pop(model, None)
            _log.warning("aleph-contract: %s is not served: %s", model, error)
            return None

    def near(self, model: str) -> bool:
        """Whether a model id looks like a misspelling of one of the set."""
        return bool(get_close_matches(model, self, 1, _MISSPELLED))

    def choose(self, model: str | None = None) -> Contract:
        """The contract of `model`; without it the only one.

        Raises:
            ArgumentError: The set has no such model, or several and none was asked for.
            ContractError: The entry cannot be used.
        """
        if model is None and len(self) == 1:
            model = next(iter(self))
        if model is None:
            raise ArgumentError(f"choose one of {len(self)} models with --model: {_listed(self)}")
        if model not in self:
            raise ArgumentError(f"unknown model {model!r}{self.hint(model)}")
        return self[model]

    @property
    def default(self) -> Contract:
        """The contract to judge a call by that names no served model: the shipped model's, if any.

        Raises:
            ContractError: No entry can be used.
        """
        shipped = Contract.load().model
        for model in ([shipped] if shipped in self else []) + list(self):
            contract = self.find(model)
            if contract is not None:
                return contract
        raise ContractError("the catalogue", "", "holds no entry that can be used")

    def entry(self, model: str) -> bytes | None:
        """The JSON text of an entry; `None` if the set has no such model."""
        if model in self._loaded:
            return dumps(self._loaded[model].entry).encode()
        file = self._waiting.get(model)
        return file.text if file else None

    def hint(self, model: str) -> str:
        """How to get a model that the set lacks, as the end of a sentence."""
        names = list(self)
        last = {name.rpartition("/")[2]: name for name in names}
        near = get_close_matches(model, names, 3) or [
            last[name] for name in get_close_matches(model.rpartition("/")[2], last, 3)
        ]
        if near:
            return f"; did you mean {' or '.join(near)}?"
        return f"; `--contract FILE` with its catalog entry serves it; served: {_listed(names)}"


_MAX_LISTED = 5


def _listed(models: Iterable[str]) -> str:
    names = list(models)
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return ", ".join(names[:_MAX_LISTED]) + more


def _tell_notes(contract: Contract) -> None:
    for note in contract.notes:
        _log.warning("aleph-contract: note: %s at %s", contract.source, note)


def _read_folder(
    folder: Path,
    contracts: dict[str, Contract],
    files: dict[str, EntryFile],
    *,
    strict: bool,
) -> None:
    before = len(files) + len(contracts)
    for path in sorted(folder.rglob("*.json")):
        if strict:
            contract = Contract.load(path)
            _check_new(contract.model, str(path), contracts, files)
            contracts[contract.model] = contract
        else:
            _read_or_warn(path, contracts, files)
    if len(files) + len(contracts) == before:
        raise ContractError(str(folder), "", "holds no catalog entry in a *.json file")


def _read_or_warn(
    path: Path, contracts: Mapping[str, Contract], files: dict[str, EntryFile]
) -> None:
    try:
        model, file = _read_entry(path)
        _check_new(model, str(path), contracts, files)
    except ContractError as error:
        _log.warning("aleph-contract: left out: %s", error)
    else:
        files[model] = file


def _read_entry(path: Path) -> tuple[str, EntryFile]:
    """Model id and text of an entry whose schemas are valid.

    Raises:
        ContractError: It cannot be read, is not JSON, or is not an entry.
    """
    from aleph_contract.contract.entry_check import check_form, error_of

    source = str(path)
    try:
        text = read_file(path)
        entry = loads(text)
    except OSError as error:
        raise ContractError(source, "", f"cannot be read: {error.strerror}") from None
    except JSONError as error:
        raise ContractError(source, "", f"is not JSON: {error}") from None
    given, problems, _ = published(entry)
    if given is None:
        raise error_of(source, problems)
    check_form(given, source)
    return given.model, EntryFile(source, text)


def _check_new(
    model: str, source: str, contracts: Mapping[str, Contract], files: Mapping[str, EntryFile]
) -> None:
    other = contracts[model].source if model in contracts else None
    other = files[model].source if model in files else other
    if other is not None:
        raise ContractError(source, "", f"repeats the model id {model} of {other}")
