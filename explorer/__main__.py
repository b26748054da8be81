"""The command line: the app's capabilities without a browser. `python -m explorer --help`."""

from __future__ import annotations

import sys

from explorer.cli import app
from explorer.errors import ExplorerError


def main() -> int:
    """Run a command; a fault that a person can mend is one sentence and exit code 2."""
    try:
        app(standalone_mode=True)
    except ExplorerError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
