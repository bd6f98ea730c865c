"""Where the command `suite` begins: a request to end is heeded from here on, while everything else is still loaded."""

from __future__ import annotations

import sys
from importlib import import_module

from suite.machine.interruption import heed, leave


def main() -> None:
    """Run the command."""
    try:
        heed()
        import_module("suite.cli.commands").main()
    except KeyboardInterrupt:  # while it was loaded, or while it said how it ended
        sys.stderr.write("\nsuite: interrupted. What was finished is kept; the same command goes on.\n")
        sys.exit(130)
    finally:
        leave()
