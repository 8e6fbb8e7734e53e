"""The recipes name a compatibility date and a Node.js that the locked packages accept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from fake_server.workers import Recipe, recipes

LOCKED = json.loads(Path(__file__).with_name("package-lock.json").read_bytes())["packages"]

#: The packages that each recipe needs.
PACKAGES = {
    "wrangler": ("wrangler",),
    "vitest": ("@cloudflare/vitest-plugin", "@cloudflare/vitest-pool-workers", "wrangler"),
    "platform-proxy": ("wrangler",),
    "miniflare-4": ("miniflare4",),
    "miniflare-5": ("miniflare",),
}


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.tool)
def test_the_node_of_a_recipe_runs_its_packages(recipe: Recipe) -> None:
    for package in PACKAGES[recipe.tool]:
        engines = LOCKED[f"node_modules/{package}"].get("engines", {}).get("node", ">=0")
        lowest = re.fullmatch(r">=([0-9.]+)", engines)
        assert lowest is not None, engines
        assert (*version(recipe.node), 0, 0) >= version(lowest[1])


@pytest.mark.parametrize("recipe", recipes(), ids=lambda recipe: recipe.tool)
def test_the_compatibility_date_is_not_after_that_of_the_package(recipe: Recipe) -> None:
    for date in re.findall(r'compatibilityDate: "([0-9-]+)"', recipe.text):
        (package,) = PACKAGES[recipe.tool]
        released = LOCKED[f"node_modules/{package}"]["version"].split(".")[1]
        assert date.replace("-", "") <= released
