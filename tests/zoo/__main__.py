"""Measure the model zoo and write docs/coverage.json and docs/coverage.md.

``python -m tests.zoo [GROUP…] [--only MODEL…]``. With ``--page`` the page is written from the committed results and
nothing is measured; with ``--out FILE`` the rows are written to that file and nothing else.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from tests.zoo import page, results
from tests.zoo.groups import GROUPS
from tests.zoo.rows import append
from tests.zoo.run import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="default: all groups")
    parser.add_argument("--only", nargs="*", default=(), help="measure only these models of the groups")
    parser.add_argument("--page", action="store_true", help="write the page only")
    parser.add_argument("--out", type=Path, help="write the rows to this file instead")
    options = parser.parse_args()
    groups = [] if options.page else [GROUPS[name] for name in options.groups or GROUPS]
    rows = [row for group in groups for row in run(group, options.only)]
    if options.out:
        for row in rows:
            append(options.out, row)
        return
    found = results.load()
    if rows:
        found = found.with_rows(rows) if options.only else found.with_groups(rows)
        found.write()
    page.PAGE.write_text(page.render(found))


if __name__ == "__main__":
    main()
