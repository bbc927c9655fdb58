"""Entry point of ``python -m lightship``: the command line."""

from __future__ import annotations

import sys

from lightship import extras
from lightship.errors import MissingExtra


def main() -> None:
    """Run the command line; exit with 2 where the extra ``serve`` is not installed."""
    try:
        extras.require("serve", "the command line")
    except MissingExtra as error:
        print(f"Error: {error.message}", file=sys.stderr)
        sys.exit(2)
    from lightship.cli import lightship

    lightship()


if __name__ == "__main__":
    main()
