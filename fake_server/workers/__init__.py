"""Configuration that connects the `env.AI` binding of a Worker to the fake.

The Miniflare plugin `plugin.cjs` binds the client code that is part of every `workerd` binary, with
the fake as its service. It needs no login and no network, and nothing is billed. Each recipe is a
complete file; the tests run the recipes as they are printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from aleph_contract.errors import ArgumentError
from fake_server.port import DEFAULT_PORT

#: Path of the plugin file, for the configuration of Miniflare.
PLUGIN = Path(__file__).with_name("plugin.cjs")

#: Name of the plugin in that file, and of its binding type.
PLUGIN_NAME = "aleph-contract"

#: Default address of `aleph-contract serve`.
DEFAULT_ADDRESS = f"127.0.0.1:{DEFAULT_PORT}"

#: Environment variable that overrides the configured address; `aleph-contract exec` sets it.
ADDRESS_VARIABLE = "ALEPH_CONTRACT_BINDING_ADDRESS"

# Stricter than plugin.cjs: a host name, an IPv4 address or [an IPv6 address], and a port.
_ADDRESS = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Recipe:
    """The configuration of one tool.

    Args:
        tool: Short name of the tool.
        title: Name of the tool for readers.
        file: The file to write.
        text: Its content, with plugin path and address filled in.
        command: The command that starts the tool.
        node: The lowest version of Node.js that it runs on.
    """

    tool: str
    title: str
    file: str
    text: str
    command: str
    node: str


def settings(address: str = DEFAULT_ADDRESS) -> dict[str, Any]:
    """The plugin and its options, as `dev.plugin` and `dev.options` of an unsafe binding take them.

    Raises:
        ArgumentError: `address` is not HOST:PORT.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match["port"]) < 65536:  # noqa: PLR2004 - the highest port
        raise ArgumentError(
            f"{address!r} is not an address; use HOST:PORT, such as {DEFAULT_ADDRESS}"
        )
    return {"package": str(PLUGIN), "name": PLUGIN_NAME, "options": {"address": address}}


def recipes(address: str = DEFAULT_ADDRESS) -> tuple[Recipe, ...]:
    """The recipe of every tool that can run a Worker.

    Raises:
        ArgumentError: `address` is not HOST:PORT.
    """
    specifier = settings(address)
    options = specifier.pop("options")
    values = {
        "wrangler": json.dumps(_environment(specifier, options), indent=2),
        "name": PLUGIN_NAME,
        "plugin": json.dumps(specifier),
        "options": json.dumps(options),
    }
    return tuple(
        Recipe(tool, title, file, Template(text).substitute(values).strip("\n"), command, node)
        for tool, title, file, text, command, node in _RECIPES
    )


def _environment(plugin: Mapping[str, str], options: Mapping[str, str]) -> dict[str, Any]:
    # Cloudflare has no binding type of this name, so this environment cannot be deployed.
    binding = {"name": "AI", "type": PLUGIN_NAME, "dev": {"plugin": plugin, "options": options}}
    return {"env": {"offline": {"unsafe": {"bindings": [binding]}}}}


#: The lowest Node.js of wrangler, of the Workers pool of vitest and of Miniflare 5.
_NODE = "22.12"

_RECIPES = (
    (
        "wrangler",
        "wrangler dev",
        "wrangler.jsonc, merged with yours",
        "$wrangler",
        "npx wrangler dev --env offline",
        _NODE,
    ),
    (
        "vitest",
        "vitest with the Workers pool, over the same wrangler.jsonc",
        "vitest.config.mjs",
        """
import { cloudflareTest } from "@cloudflare/vitest-plugin"; // before: vitest-pool-workers
import { defineConfig } from "vitest/config";

const wrangler = { configPath: "./wrangler.jsonc", environment: "offline" };
export default defineConfig({ plugins: [cloudflareTest({ wrangler })] });
""",
        "npx vitest run",
        _NODE,
    ),
    (
        "platform-proxy",
        "getPlatformProxy, over the same wrangler.jsonc",
        "platform-proxy.mjs",
        """
import { getPlatformProxy } from "wrangler";

const { env, dispose } = await getPlatformProxy({ environment: "offline" });
const input = { prompt: "Make it night", video_uri: "https://example.com/scene.mp4" };
console.log(JSON.stringify(await env.AI.run("runwayml/aleph-2", input)));
await dispose();
""",
        "node platform-proxy.mjs",
        _NODE,
    ),
    (
        "miniflare-4",
        "Miniflare 4",
        "miniflare.mjs",
        """
import { Miniflare } from "miniflare";

const miniflare = new Miniflare({
  modules: true,
  scriptPath: "dist/worker.js",
  compatibilityDate: "2026-06-15",
  unsafeBindings: [
    {
      name: "AI",
      type: "$name",
      plugin: $plugin,
      options: $options,
    },
  ],
});
const reply = await miniflare.dispatchFetch("http://worker/");
console.log(reply.status, await reply.text());
await miniflare.dispose();
""",
        "node miniflare.mjs",
        "22",
    ),
    (
        "miniflare-5",
        "Miniflare 5 (beta)",
        "miniflare.mjs",
        """
import { readFileSync } from "node:fs";
import { Miniflare } from "miniflare";

const contents = readFileSync("dist/worker.js", "utf8");
const config = {
  name: "worker",
  compatibilityDate: "2026-06-15",
  manifest: { mainModule: "worker.js", modules: { "worker.js": { type: "esm", contents } } },
  env: {
    AI: {
      type: "unsafe:$name",
      dev: {
        plugin: $plugin,
        options: $options,
      },
    },
  },
};
const miniflare = new Miniflare({ workers: [{ config }] });
const reply = await miniflare.dispatchFetch("http://worker/");
console.log(reply.status, await reply.text());
await miniflare.dispose();
""",
        "node miniflare.mjs",
        _NODE,
    ),
)
