"""The plugin and its address, the output of `aleph-contract workers`, the example project."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ports import free_port
from workers_node import EXAMPLE, HERE, PACKAGES, PATIENCE, ROOT

from aleph_contract.cli import cli
from aleph_contract.cli import run as run_cli
from aleph_contract.contract import Contract
from aleph_contract.errors import ArgumentError
from fake_server import workers
from fake_server.server import Server


class TestSettings:
    """The output of `aleph-contract workers`."""

    def test_hold_the_name_the_path_and_the_address(self) -> None:
        result = CliRunner().invoke(cli, ["workers", "--address", "localhost:9000", "--json"])
        assert json.loads(result.output) == {
            "package": str(workers.PLUGIN),
            "name": "aleph-contract",
            "options": {"address": "localhost:9000"},
        }
        assert workers.PLUGIN.is_file()

    def test_every_recipe_with_an_address_holds_the_given_one(self) -> None:
        result = CliRunner().invoke(cli, ["workers", "--address", "[::1]:9000"])
        assert "serve --port 9000" in result.output
        for recipe in workers.recipes("[::1]:9000"):
            assert recipe.text in result.output
            assert ("[::1]:9000" in recipe.text) == (str(workers.PLUGIN) in recipe.text)
            assert "$" not in recipe.text

    @pytest.mark.parametrize("recipe", workers.recipes(), ids=lambda recipe: recipe.tool)
    def test_each_recipe_is_in_the_documentation(self, recipe: workers.Recipe) -> None:
        page = (ROOT / "docs/workers.md").read_text()
        assert recipe.text.replace(str(workers.PLUGIN), "/path/to/plugin.cjs") in page
        assert recipe.command in page or recipe.command.startswith("node ")

    @pytest.mark.parametrize(
        "address", ["", "8790", "127.0.0.1", "http://127.0.0.1:8790", "a b:1", "x:0", "x:65536"]
    )
    def test_an_invalid_address_is_refused(self, address: str) -> None:
        with pytest.raises(ArgumentError, match="HOST:PORT"):
            workers.settings(address)
        assert run_cli(["workers", "--address", address]) == 2


class TestAddress:
    """The plugin finds the address of the fake, or says how to set it."""

    @pytest.mark.parametrize(
        ("variables", "options"),
        [
            ({}, {"address": "FAKE"}),
            ({"ALEPH_CONTRACT_BINDING_ADDRESS": "FAKE"}, {"address": "127.0.0.1:1"}),
            ({"CLOUDFLARE_BASE_URL": "http://FAKE/client/v4"}, {}),
            ({"CLOUDFLARE_BASE_URL": "https://api.cloudflare.com/client/v4"}, {"address": "FAKE"}),
        ],
    )
    def test_is_taken_from_the_environment_or_the_options(
        self, node: Path, server: Server, variables: dict[str, str], options: dict[str, str]
    ) -> None:
        variables, options = (
            {name: value.replace("FAKE", server.binding_address) for name, value in given.items()}
            for given in (variables, options)
        )
        assert services(node, variables, options) == [
            {
                "name": f"aleph-contract:{server.binding_address}",
                "external": {"address": server.binding_address, "http": {}},
            }
        ]

    @pytest.mark.parametrize(
        ("variables", "options", "message"),
        [
            ({}, {}, "binding AI has no address"),
            ({"CLOUDFLARE_BASE_URL": "https://api.cloudflare.com/client/v4"}, {}, "no address"),
            ({}, {"address": "http://127.0.0.1:8790"}, '"http://127.0.0.1:8790" is not an address'),
            ({"ALEPH_CONTRACT_BINDING_ADDRESS": "8790"}, {}, '"8790" is not an address'),
        ],
    )
    def test_a_missing_or_invalid_address_is_explained(
        self, node: Path, variables: dict[str, str], options: dict[str, str], message: str
    ) -> None:
        with pytest.raises(subprocess.CalledProcessError) as failed:
            services(node, variables, options)
        assert message in failed.value.stderr
        assert "HOST:PORT, such as 127.0.0.1:8790" in failed.value.stderr

    def test_an_address_without_a_fake_causes_a_warning(self, node: Path) -> None:
        port = free_port()
        printed = run_plugin(node, {}, {"address": f"127.0.0.1:{port}"}).stderr
        assert f"no fake answers on 127.0.0.1:{port}" in printed
        assert f"aleph-contract serve --port {port}" in printed


def services(node: Path, variables: dict[str, str], options: dict[str, str]) -> Any:
    return json.loads(run_plugin(node, variables, options).stdout)


def run_plugin(
    node: Path, variables: dict[str, str], options: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Ask the plugin for the services of one binding, as Miniflare 4 does."""
    binding = {"name": "AI", "options": options}
    script = (
        f"const {{ plugins }} = require({json.dumps(str(workers.PLUGIN))});"
        f"const options = [{json.dumps(binding)}];"
        "console.log(JSON.stringify(plugins['aleph-contract'].getServices({ options })));"
    )
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFLARE_", "ALEPH_"))
    }
    return subprocess.run(
        [node, "-e", script],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )


class TestExample:
    """The example project."""

    @pytest.mark.parametrize("project", [EXAMPLE, HERE])
    def test_type_checks(self, node: Path, project: Path) -> None:
        argv: list[str | Path] = [node, PACKAGES / "typescript/bin/tsc", "-p", project]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stdout

    def test_holds_the_documented_samples(self) -> None:
        text = (EXAMPLE / "samples.ts").read_text()
        for example in Contract.load().examples:
            assert f'"{example.name}"' in text
            assert all(json.dumps(v) in text for v in example.input.values() if isinstance(v, str))
