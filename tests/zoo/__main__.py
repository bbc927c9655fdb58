"""Measure the model zoo and write docs/coverage.json and docs/coverage.md.

``python -m tests.zoo [GROUP…]`` replaces whole groups. With ``--only`` rows are printed and nothing is written; with
``--page`` the page is written from the committed results and nothing is measured.
"""

from __future__ import annotations

import argparse

from tests.zoo import page, results
from tests.zoo.groups import GROUPS
from tests.zoo.rows import to_json
from tests.zoo.run import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], help="default: all groups")
    parser.add_argument("--only", nargs="*", default=(), help="measure only these models of the groups")
    parser.add_argument("--page", action="store_true", help="write the page only")
    options = parser.parse_args()
    groups = [] if options.page else options.groups or list(GROUPS)
    for name in groups:
        if options.only:
            print(*map(to_json, run(GROUPS[name], options.only)), sep="\n")
        else:
            _replace(name)
    if not options.only:
        page.PAGE.write_text(page.render(results.load()))


def _replace(group: str) -> None:
    measurement = results.measurement()
    rows = run(GROUPS[group])
    results.load().with_group(group, rows, measurement).write()


if __name__ == "__main__":
    main()
