"""Each recipe of `aleph-contract workers` works as printed, offline, and leaves no process."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from workers_node import EXAMPLE, HERE, PACKAGES, PATIENCE, REPLIES, ROOT, call, sample, started

from fake_server import workers
from fake_server.server import Server

#: The package of each version of Miniflare.
MINIFLARES = {"miniflare-4": "miniflare4", "miniflare-5": "miniflare"}

#: The sample that the Miniflare programs run.
FIRST = next(iter(REPLIES))


@pytest.fixture
def project(server: Server, tmp_path: Path) -> Path:
    """The project of a Worker with the files of every recipe, as printed."""
    shutil.copytree(EXAMPLE, tmp_path / "src", ignore=shutil.ignore_patterns("broken"))
    (tmp_path / "node_modules").symlink_to(PACKAGES)
    for recipe in workers.recipes(server.binding_address):
        name = "wrangler.jsonc" if recipe.tool == "wrangler" else recipe.file
        (tmp_path / name.replace("miniflare", recipe.tool)).write_text(recipe.text)
    own = {
        "name": "worker",
        "main": "src/worker.ts",
        "compatibility_date": "2026-06-15",
        "ai": {"binding": "AI"},
    }
    config = tmp_path / "wrangler.jsonc"
    config.write_text(json.dumps(own | json.loads(config.read_text())))
    return tmp_path


class TestRecipes:
    """Each recipe works as printed, offline, and leaves no process."""

    def test_wrangler_dev(self, project: Path, environment: dict[str, str], node: Path) -> None:
        argv = command_of("wrangler", node, "--port", "0", "--inspector-port", "0")
        with started(argv, project, environment) as wrangler:
            url = ready(wrangler)
            for name, reply in REPLIES.items():
                with urlopen(url + sample(name), timeout=PATIENCE) as answer:  # noqa: S310 - ours
                    assert json.load(answer) == reply
            wrangler.send_signal(signal.SIGINT)
            wrangler.communicate(timeout=PATIENCE)
        assert not Path(environment["OFFLINE_LOG"]).exists()

    @pytest.mark.parametrize("package", ["vitest-plugin", "vitest-pool-workers"])
    def test_vitest(
        self, project: Path, environment: dict[str, str], node: Path, package: str
    ) -> None:
        shutil.copy(HERE / "worker.test.ts", project)
        config = project / "vitest.config.mjs"
        config.write_text(
            config.read_text().replace("cloudflare/vitest-plugin", f"cloudflare/{package}")
        )
        output = call(command_of("vitest", node), project, environment)
        assert "6 passed" in output

    def test_platform_proxy(self, project: Path, environment: dict[str, str], node: Path) -> None:
        output = call(command_of("platform-proxy", node), project, environment)
        assert json.loads(output.splitlines()[-1])["state"] == "Completed"

    @pytest.mark.parametrize("tool", MINIFLARES)
    def test_miniflare(
        self, project: Path, environment: dict[str, str], node: Path, tool: str
    ) -> None:
        program = built(project, environment, tool)
        status, _, body = call([node, program], project, environment).partition(" ")
        assert (status, json.loads(body)) == ("200", REPLIES[FIRST])

    def test_the_plugin_works_as_a_package_of_the_project(
        self, project: Path, environment: dict[str, str], node: Path
    ) -> None:
        own = project / "own"
        installed(own / "node_modules", "miniflare4")
        package = own / "node_modules/env-ai"
        package.mkdir()
        shutil.copy(workers.PLUGIN, package / "index.cjs")
        manifest = {"name": "env-ai", "version": "1.0.0", "main": "index.cjs"}
        assert json.dumps(manifest) in (ROOT / "docs/workers.md").read_text()
        (package / "package.json").write_text(json.dumps(manifest))
        program = (project / "miniflare-4.mjs").read_text()
        program = program.replace('"miniflare"', '"miniflare4"').replace("dist/worker.js", "w.js")
        (own / "miniflare.mjs").write_text(program.replace(str(workers.PLUGIN), "env-ai"))
        (own / "w.js").write_text(
            "export default { fetch: async (_, env) => new Response(typeof env.AI.run) };"
        )
        assert call([node, "miniflare.mjs"], own, environment) == "200 function\n"

    def test_exec_overrides_the_configured_address(
        self, project: Path, environment: dict[str, str], node: Path
    ) -> None:
        program = built(project, environment, "miniflare-5")
        text = re.sub(r'"address": "[^"]*"', '"address": "127.0.0.1:1"', program.read_text())
        program.write_text(text)
        argv = [sys.executable, "-m", "aleph_contract", "exec", "--report", "json:run.json", "--"]
        call([*argv, node, program], project, environment)
        report = json.loads((project / "run.json").read_text())
        assert report["verdict"]["word"] == "conforms"
        assert [case["status"] for case in report["cases"]] == ["passed"]


def built(project: Path, environment: dict[str, str], tool: str) -> Path:
    """Build the Worker; return the program of a version of Miniflare, which runs one sample."""
    build = ["src/worker.ts", "--bundle", "--format=esm", "--outfile=dist/worker.js"]
    call([PACKAGES / ".bin/esbuild", *build], project, environment)
    program = project / f"{tool}.mjs"
    text = program.read_text().replace('"miniflare"', f'"{MINIFLARES[tool]}"')
    program.write_text(text.replace("http://worker/", f"http://worker{sample(FIRST)}"))
    return program


def installed(folder: Path, package: str) -> None:
    """Copy a package into `folder`, next to links to the others, so that it resolves them there."""
    ignored = shutil.ignore_patterns("node_modules", "*.map")
    shutil.copytree(PACKAGES / package, folder / package, ignore=ignored)
    for other in PACKAGES.iterdir():
        if other.name != package:
            (folder / other.name).symlink_to(other)
    nested = PACKAGES / package / "node_modules"
    (folder / package / "node_modules").symlink_to(nested)


def command_of(tool: str, node: Path, *more: str) -> list[str | Path]:
    """The command of a recipe, with `npx` and `node` resolved to paths."""
    recipe = next(recipe for recipe in workers.recipes() if recipe.tool == tool)
    program, *arguments = recipe.command.split()
    if program == "npx":
        return [node, (PACKAGES / ".bin" / arguments[0]).resolve(), *arguments[1:], *more]
    assert program == "node"
    return [node, *arguments, *more]


def ready(wrangler: subprocess.Popen[str]) -> str:
    """The URL of `wrangler dev`, once it accepts connections."""
    assert wrangler.stdout is not None
    printed = []
    for line in wrangler.stdout:
        printed.append(line)
        if match := re.search(r"Ready on (http://\S+)", line):
            return match[1]
    raise AssertionError("".join(printed))
