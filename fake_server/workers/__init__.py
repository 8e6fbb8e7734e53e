"""A Worker's own `env.AI` against the fake: where the plugin is, and how each tool loads it.

`plugin.cjs` binds the client code that is part of every `workerd` binary, and gives it the fake as
its service, so that neither a login nor the network is needed and nothing is billed. The recipes
are whole files and settings; the tests run them as they are printed.
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

#: The plugin file, which Miniflare loads by this path.
PLUGIN = Path(__file__).with_name("plugin.cjs")

#: Its name among the plugins of that file.
NAME = "aleph-contract"

#: Where `aleph-contract serve` listens unless told otherwise.
ADDRESS = "127.0.0.1:8787"

#: Goes before the address in a configuration; `aleph-contract exec` sets it.
VARIABLE = "ALEPH_CONTRACT_BINDING_ADDRESS"

# Of what plugin.cjs takes, only this much: host or [IPv6 address], and a port.
_ADDRESS = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one tool is told to use the plugin.

    Args:
        tool: Short name of the tool.
        title: What it is, in words.
        file: Where the text goes.
        text: What goes there, with plugin and address filled in.
        command: What to run then.
    """

    tool: str
    title: str
    file: str
    text: str
    command: str


def settings(address: str = ADDRESS) -> dict[str, Any]:
    """What `dev.plugin` and `dev.options` of an unsafe binding take.

    Raises:
        ArgumentError: `address` is not HOST:PORT.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or not 0 < int(match["port"]) < 65536:  # noqa: PLR2004 - ports end there
        raise ArgumentError(
            f"{address!r} is no address of the fake; it takes HOST:PORT, such as {ADDRESS}"
        )
    return {"package": str(PLUGIN), "name": NAME, "options": {"address": address}}


def recipes(address: str = ADDRESS) -> tuple[Recipe, ...]:
    """Ready-to-paste configuration of every tool that can run a Worker.

    Raises:
        ArgumentError: `address` is not HOST:PORT.
    """
    own = settings(address)
    plugin = {"package": own["package"], "name": own["name"]}
    known = {
        "wrangler": json.dumps(_environment(plugin, own["options"]), indent=2),
        "name": NAME,
        "plugin": json.dumps(plugin),
        "options": json.dumps(own["options"]),
    }
    return tuple(
        Recipe(tool, title, file, Template(text).substitute(known).strip("\n"), command)
        for tool, title, file, text, command in _RECIPES
    )


def _environment(plugin: Mapping[str, str], options: Mapping[str, str]) -> dict[str, Any]:
    # No such binding type is known to the service: this environment cannot be deployed by mistake.
    binding = {"name": "AI", "type": NAME, "dev": {"plugin": plugin, "options": options}}
    return {"env": {"offline": {"unsafe": {"bindings": [binding]}}}}


_RECIPES = (
    (
        "wrangler",
        "wrangler dev",
        "wrangler.jsonc, merged with yours",
        "$wrangler",
        "npx wrangler dev --env offline",
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
    ),
)
