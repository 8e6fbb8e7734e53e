"""The kinds of projects, how each is recognised, and the files that each gets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from aleph_contract.scaffold.installs import manager_of, missing, python_packages, source

_NODE_SETUP = """      - uses: actions/setup-node@v4
        with:
          node-version: "22"
      - run: @INSTALL@
"""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of project.

    Args:
        name: Its name for `--kind`.
        signs: Globs of files that show the kind.
        files: Path in the project -> template.
        client: Path of the file that the verifier runs.
        verify: Options and command of `verify client`; `@PATH@` is the path of the client.
        test: The command of the first test; empty if there is none.
        setup: Steps of the CI job before the installation.
        before: A command of the CI job before the tests; empty if none is needed.
    """

    name: str
    signs: tuple[str, ...]
    files: tuple[tuple[str, str], ...]
    client: str = ""
    verify: str = ""
    test: str = ""
    setup: str = ""
    before: str = ""


WORKER_CONFIG = "wrangler.aleph.jsonc"

#: A date that every supported version of wrangler accepts.
COMPATIBILITY_DATE = "2026-06-15"

#: The kinds, the most specific first: a Worker has a `package.json` too.
KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "worker",
            ("wrangler.toml", "wrangler.json", "wrangler.jsonc"),
            (("test/aleph-worker.test.mjs", "aleph-worker.test.mjs"),),
            test="node --test test/aleph-worker.test.mjs",
            setup=_NODE_SETUP,
            before="aleph-contract init --kind worker",
        ),
        Kind(
            "node",
            ("package.json",),
            (
                ("test/aleph-client.mjs", "aleph-client.mjs"),
                ("test/aleph-adapter.mjs", "aleph-adapter.mjs"),
                ("test/aleph.test.mjs", "aleph.test.mjs"),
            ),
            client="test/aleph-adapter.mjs",
            verify="--stdio -- node @PATH@",
            test="node --test test/aleph.test.mjs",
            setup=_NODE_SETUP,
        ),
        Kind(
            "python",
            ("pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "*.py"),
            (
                ("tests/aleph_client.py", "aleph_client.py.txt"),
                ("tests/test_aleph.py", "test_aleph.py.txt"),
            ),
            client="tests/aleph_client.py",
            verify="--python @PATH@:run",
            test="python -m pytest tests/test_aleph.py",
        ),
        Kind(
            "other",
            (),
            (("aleph-client.sh", "aleph-client.sh"),),
            client="aleph-client.sh",
            verify="--per-case -- sh @PATH@",
        ),
    )
}


def kind_of(folder: Path) -> Kind:
    """The kind of a project, by its files."""
    return next(
        kind
        for kind in KINDS.values()
        if not kind.signs or any(any(folder.glob(sign)) for sign in kind.signs)
    )


def texts(kind: Kind, folder: Path) -> Iterator[tuple[str, str]]:
    """Path and text of each file that a project gets, its CI job last."""
    templates = Path(__file__).with_name("templates")
    runner, test = _runner(kind, folder), _test(kind, folder)
    values = {"@PATH@": kind.client, "@RUNNER@": runner, "@TEST@": test}
    for path, template in kind.files:
        yield path, _filled((templates / template).read_text(encoding="utf-8"), values)
    if kind.name == "worker":
        yield WORKER_CONFIG, _worker_config()
    job = (templates / "aleph-contract.yml").read_text(encoding="utf-8")
    values |= {
        "@SETUP@": kind.setup,
        "@INSTALL@": manager_of(folder).install,
        "@PACKAGES@": f" pytest{python_packages(folder)}" if kind.name == "python" else "",
        "@SOURCE@": source(),
        "@COMMANDS@": "".join(_steps(kind, test)),
    }
    yield ".github/workflows/aleph-contract.yml", _filled(job, values)


def commands(kind: Kind, folder: Path) -> list[str]:
    """The commands that check the project: installations, its first test, and the verifier."""
    found = list(missing(kind.name, folder, _runner(kind, folder)))
    if test := _test(kind, folder):
        found.append(f"aleph-contract exec -- {test}")
    if kind.verify:
        found.append("aleph-contract verify client " + kind.verify.replace("@PATH@", kind.client))
    return found


def _runner(kind: Kind, folder: Path) -> str:
    """The runner of the first test of a Node project."""
    return "vitest" if kind.name == "node" and _has_vitest(folder) else "node:test"


def _test(kind: Kind, folder: Path) -> str:
    """The command of the first test."""
    vitest = _runner(kind, folder) == "vitest"
    return "npx vitest run test/aleph.test.mjs" if vitest else kind.test


def ignored(kind: Kind) -> tuple[str, ...]:
    """The lines for `.gitignore`: reports, and what holds paths of this machine."""
    own = (WORKER_CONFIG,) if kind.name == "worker" else ()
    return ("aleph-report.*", *own)


def _steps(kind: Kind, test: str) -> Iterator[str]:
    if kind.before:
        yield _step("Write the configuration of the binding", kind.before)
    if test:
        yield _step(
            "Run the tests against a fake of the service",
            f"aleph-contract exec --report terminal --report github -- {test}",
        )
    if kind.verify:
        client = kind.verify.replace("@PATH@", kind.client)
        reports = "--report terminal --report github --report html:aleph-report.html"
        yield _step("Verify the client", f"aleph-contract verify client {reports} {client}")


def _step(name: str, run: str) -> str:
    return f"      - name: {name}\n        run: {run}\n"


def _worker_config() -> str:
    """The environment `offline` with the plugin on this machine."""
    from fake_server import workers

    offline = next(recipe.text for recipe in workers.recipes() if recipe.tool == "wrangler")
    own = {"name": "aleph-offline", "compatibility_date": COMPATIBILITY_DATE}
    return json.dumps(own | json.loads(offline), indent=2) + "\n"


def _has_vitest(folder: Path) -> bool:
    try:
        package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    groups = (package.get(name) for name in ("devDependencies", "dependencies"))
    return any(isinstance(group, dict) and "vitest" in group for group in groups)


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(name, value)
    return text
