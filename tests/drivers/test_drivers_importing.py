"""Import of a Python client: which names are found, and one line of error for the others."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver_calls import calls, drive

from aleph_contract.drivers.python import PythonDriver
from aleph_contract.errors import ArgumentError, CouldNotRun


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    modules = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


CLIENT = """\
import beside
class Api:
    @staticmethod
    async def edit(input, *, base_url, account_id, api_token):
        return beside.video(input)
edit = Api.edit
number = 3
def short(input): ...
class Session:
    def __init__(self, base_url, account_id, api_token): ...
"""


@pytest.fixture
def client(here: Path) -> Path:
    (here / "sub").mkdir()
    for place in (here, here / "sub"):
        (place / "a_client.py").write_text(CLIENT)
        (place / "beside.py").write_text("def video(input): return f'http://x/{input}'")
    return here


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("target", ["a_client:edit", "a_client:Api.edit", "sub/a_client.py:edit"])
def test_a_client_is_imported_by_module_or_file(target: str) -> None:
    path = list(sys.path)
    assert [o.result for o in drive(PythonDriver(target), calls(7))] == ["http://x/7"]
    assert sys.path == path


def test_a_file_in_a_folder_imports_modules_of_the_current_folder(here: Path) -> None:
    (here / "tests").mkdir()
    (here / "own_client.py").write_text("def video(input): return f'http://x/{input}'")
    (here / "tests/adapter.py").write_text(
        "import own_client\n"
        "def run(input, *, base_url, account_id, api_token): return own_client.video(input)\n"
    )
    outcomes = drive(PythonDriver("tests/adapter.py:run"), calls(7))
    assert [outcome.result for outcome in outcomes] == ["http://x/7"]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("a_client", ["MODULE:CALLABLE", "my_client:edit_video"]),
        ("no_such_module:edit", ["no module 'no_such_module'"]),
        ("no/such/file.py:edit", ["no such file"]),
        ("a_client:edt", ["has no 'edt'", "did you mean edit?"]),
        ("a_client:number", ["is int, not a callable"]),
        ("a_client:short", ["(input, base_url=…, account_id=…, api_token=…)", "takes (input)"]),
        ("a_client:Session", ["write a function with these arguments that calls your client"]),
    ],
)
def test_a_target_that_is_no_client_is_an_argument_error_on_one_line(
    target: str, words: list[str]
) -> None:
    with pytest.raises(ArgumentError) as caught, PythonDriver(target):
        pass
    assert "\n" not in str(caught.value)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import no_such_dependency", "needs a module that is not installed"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("import sys; sys.exit(4)", "SystemExit: 4"),
        ("def edit(:", "SyntaxError"),
    ],
)
def test_a_module_that_fails_on_import_is_could_not_run(
    here: Path, source: str, words: str
) -> None:
    (here / "broken.py").write_text(source)
    for target in ("broken:edit", "broken.py:edit"):
        with pytest.raises(CouldNotRun) as caught, PythonDriver(target):
            pass
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
