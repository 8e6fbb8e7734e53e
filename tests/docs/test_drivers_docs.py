"""On the pages about adapters, every client conforms and every message is one that we print."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from protocol_errors import INVALID_HELLOS, INVALID_REPORTS

from aleph_contract.drivers import Driver, importing, processes
from aleph_contract.drivers.command import CommandDriver
from aleph_contract.drivers.ndjson import HELLO
from aleph_contract.drivers.python import PythonDriver
from aleph_contract.drivers.stdio import StdioDriver
from aleph_contract.errors import AlephContractError
from aleph_contract.verify.runner import Settings, verify_client

DOCS = Path(__file__).parents[2] / "docs"
PROTOCOL = (DOCS / "adapter-protocol.md").read_text()
GUIDE = (DOCS / "write-an-adapter.md").read_text()

#: Code blocks that name their file in the first line.
FILES = dict(re.findall(r"```\w+\n(?:#|//) (\S+\.\w+)\n(.*?)```", GUIDE, re.DOTALL))

pytest_plugins = ["pytester"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Change into a folder with the files of the guide."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    modules = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - modules:
        if name in ("my_client", "broken"):
            module = sys.modules.pop(name)
            if hasattr(module, "http"):
                module.http.close()


CLIENTS: dict[str, tuple[tuple[str, ...], Callable[[], Driver]]] = {
    "python": ((), lambda: PythonDriver("my_client.py:edit")),
    "command": (("curl", "jq"), lambda: CommandDriver(["sh", "client.sh"])),
    "process": (("node",), lambda: StdioDriver(["node", "adapter.mjs"])),
}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", CLIENTS)
def test_the_clients_of_the_guide_conform(name: str) -> None:
    programs, driver = CLIENTS[name]
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    chosen = ("examples", "boundary/seed/m*", "fault/body-*", "fault/state-*", "fault/reset-*/once")
    run = verify_client(driver(), settings=Settings(run=(*chosen, "profile")))
    assert run.trouble == ()
    assert run.other_profile == "conforms", "it reads the live replies too"
    assert "security.token-leak" not in {f.rule for r in run.results for f in r.findings}
    assert [result.name for result in run.results if result.status != "passed"] == []
    assert run.counts["passed"] > 10


def test_the_tests_of_the_guide_pass(here: Path, pytester: pytest.Pytester) -> None:
    for name in ("my_client.py", "test_mine.py"):
        shutil.copy(here / name, pytester.path)
    source = (here / "test_my_client.py").read_text()
    cheap = source.replace("    def call", '    run = ("examples",)\n\n    def call')
    (pytester.path / "test_my_client.py").write_text(cheap)
    result = pytester.runpytest_subprocess(
        *("-p", "no:cacheprovider", "-p", "no:randomly", "--override-ini", "pythonpath=.")
    )
    assert set(result.parseoutcomes()) == {"passed", "skipped"}


def _tables(*titles: str) -> list[str]:
    """The lines in the last column of the tables under these headings."""
    rows = []
    for title in titles:
        section = PROTOCOL.partition(f"### {title}\n")[2].partition("\n### ")[0]
        rows += re.findall(r"^\| .* \| (.*) \|$", section, re.MULTILINE)
    return [row for row in rows if row != "line"]


def test_every_breach_is_in_the_table_and_nothing_else() -> None:
    told = {
        row[:-1]
        for row in _tables("A process, before its first case", "A process, later")
        if row.endswith("…")
    }
    known = {*INVALID_HELLOS.values(), *INVALID_REPORTS.values()}
    seen_in_runs = {
        "a line must end within 1048576 bytes",
        "a report must name a case in flight",
        "each case must be reported once",
    }
    assert told == known | seen_in_runs


def test_the_greeting_stands_in_the_page() -> None:
    assert HELLO.decode() in PROTOCOL


BROKEN = {
    "my_client": "my_client",
    "my_cleint:edit": "my_client",
    "clients/my_client.py:edit": "my_client",
    "my_client:edt": "my_client",
    "broken:edit": "edit = 'x'",
    "broken:edit ": "def edit(input): ...",
    "broken:edit  ": "import no_such_dependency",
    "broken:edit   ": "raise KeyError('API_KEY')",
}


@pytest.mark.parametrize("target", BROKEN)
def test_the_lines_about_callables_are_ours(here: Path, target: str) -> None:
    (here / "broken.py").write_text(BROKEN[target] + "\n")
    target = target.strip()
    with pytest.raises(AlephContractError) as caught, importing.search_path(target):
        importing.load(target)
    line = str(caught.value).replace("broken", "my_client").replace("no_such_dependency", "httpx")
    assert line in _tables("A callable")


def test_the_lines_about_commands_are_ours(here: Path) -> None:
    (here / "client.sh").chmod(0o644)
    for argv in ([], ["nodee"], ["client.sh"], ["./client.sh"]):
        with pytest.raises(AlephContractError) as caught:
            processes.check_command(argv)
        assert str(caught.value) in _tables("Any command")


#: How a sample reaches the URL of the video in a reply.
_READS = re.compile(r"""result["'\]?]*(\.|\[["'])video|"video": str""")


#: How a sample tells the reply with an envelope from the one without.
_READS_BOTH = ("success", "result.result", '"state" in reply')


_BLOCK = re.compile(r"^```\w+.*?^```", re.MULTILINE | re.DOTALL)

#: Its SDK method removes the envelope.
_UNWRAPPED = "sdk_ai_run.mjs"


def _samples() -> Iterator[tuple[str, str]]:
    """Every code block of the documentation, and every client of the fixtures."""
    for page in [*Path("docs").glob("*.md"), Path("README.md")]:
        for number, block in enumerate(_BLOCK.findall(page.read_text())):
            if not block.startswith("```console"):
                yield f"{page}-{number}", block
    clients = (*Path("fixtures/clients").iterdir(), *Path("fixtures/broken").iterdir())
    for path in clients:
        if path.suffix in (".py", ".mjs", ".sh", ".pl", ".java"):
            yield str(path), path.read_text()


def test_every_sample_that_reads_a_video_reads_both_replies() -> None:
    reading = {
        place: text
        for place, text in _samples()
        if _READS.search(text) and not place.endswith(_UNWRAPPED)
    }
    assert len(reading) > 20
    lacking = [place for place, text in reading.items() if not any(s in text for s in _READS_BOTH)]
    assert lacking == []
