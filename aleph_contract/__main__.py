"""`python -m aleph_contract`, and the entry point of the console script."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command; Ctrl-C while the modules are still loading ends it without a traceback."""
    try:
        from aleph_contract import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
