"""Entry point of ``python -m lightship``: the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line, which requires the ``serve`` extra."""
    try:
        from lightship.cli import lightship
    except ModuleNotFoundError as error:
        sys.exit(f"the command line needs {error.name}: pip install 'lightship[serve]'")
    lightship()


if __name__ == "__main__":
    main()
