"""The models that one fake serves, each with what a run needs: validator, replies, price."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from aleph_contract.contract import Contract
from aleph_contract.contract.contract_set import ContractSet
from aleph_contract.contract.prices import Quantity, quantities
from aleph_contract.contract.validate import validator_for
from aleph_contract.core.exchange import REDACTED
from aleph_contract.schema.validation.validator import Validator
from fake_server.media.presigned import Presigner
from fake_server.replies.failures import Refused
from fake_server.replies.successes import Replies
from fake_server.state.pricing import per_token

_log = logging.getLogger("aleph_contract")

#: Unknown models that are named on standard error, each once.
_MAX_HINTS = 100

#: A word as long as an API token, which swapped arguments send as the model. A log shows none.
_LONG_WORD = re.compile(r"[\w-]{32,}")


@dataclass(slots=True, eq=False)
class Model:
    """One served model.

    Args:
        contract: Its contract.
        validator: Validates its inputs.
        replies: Its replies to valid inputs.
        price: USD per second if that is the only price; else `None`, see `quote`.
        lengths: The input members that may state the seconds.
        per_token: Whether the price depends on the tokens that the reply states.
    """

    contract: Final[Contract]
    validator: Final[Validator]
    replies: Final[Replies]
    price: Final[Decimal | None]
    lengths: Final[tuple[Quantity, ...]]
    per_token: Final[bool]

    @classmethod
    def of(cls, contract: Contract, presigner: Presigner | None = None) -> Model:
        """The model of a contract."""
        replies = Replies(contract, presigner)
        return cls(
            contract,
            validator_for(contract),
            replies,
            contract.price_per_second,
            quantities("second", contract.input_schema),
            per_token(contract),
        )


class Models:
    """The models of one fake; each is made when it is first called.

    Args:
        contracts: The contracts that are served.
        presigner: Signs the URLs of results; `None` for URLs without a signature.
    """

    def __init__(self, contracts: ContractSet, presigner: Presigner | None = None) -> None:
        self.contracts = contracts
        self._presigner = presigner
        self._made: dict[str, Model] = {}
        self._named_in_body: dict[str, Model] = {}
        self._hinted: set[str] = set()
        #: The model of a call that names none, such as one that follows a redirect.
        self.default = self._make(contracts.default)

    @property
    def named_in_body(self) -> Mapping[str, Model]:
        """The models that were called before and are named in the body: those of the fast path."""
        return self._named_in_body

    def find(self, name: Any, *, in_path: bool | None = None) -> Model:
        """The model of a call.

        Args:
            name: The model id in the request.
            in_path: Whether the request names it in the path; `None` where that does not matter.

        Raises:
            Refused: No such model is served, or a REST call must name it in the other place.
        """
        model = self._made.get(name) if isinstance(name, str) else None
        if model is None:
            contract = self.contracts.find(name)
            model = None if contract is None else self._make(contract)
        if model is None:
            self._hint(str(name), self.contracts.hint(str(name)))
            raise Refused("unknown-model", model=name)
        if in_path is not None and model.contract.in_path is not in_path:
            where = "path, as in POST …/ai/run/" + str(name) if not in_path else "body"
            self._hint(str(name), f"; its name stands in the {where}")
            raise Refused("no-route" if in_path else "unknown-model", model=name)
        return model

    def _make(self, contract: Contract) -> Model:
        model = self._made[contract.model] = Model.of(contract, self._presigner)
        if not contract.in_path:
            self._named_in_body[contract.model] = model
        return model

    def _hint(self, name: str, hint: str) -> None:
        if name not in self._hinted and len(self._hinted) < _MAX_HINTS:
            self._hinted.add(name)
            shown = _LONG_WORD.sub(REDACTED, name)
            _log.warning("aleph-contract: no model %.200r was found%s", shown, hint)
