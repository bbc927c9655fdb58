"""Print a table of what each attack costs: ``python -m tests.attacks [SOURCE …]``.

There is a column group for the ``src`` folder of each version. docs/security.md has the figures of
``python -m tests.attacks /path/to/before/src src``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.attacks.attacks import ATTACKS
from tests.attacks.measure import Cost, cost
from tests.emulator import ROOT


def main(sources: list[Path]) -> None:
    print("| attack |" + " memory, MB | CPU, s | stall, s | outcome |" * len(sources))
    print("|---|" + "---:|---:|---:|---|" * len(sources))
    for attack in ATTACKS:
        cells = [_cells(cost(attack, source.resolve(), ROOT / "models")) for source in sources]
        print(f"| {attack.name} | {' | '.join(cells)} |", flush=True)


def _cells(found: Cost) -> str:
    return f"{found.megabytes:.0f} | {found.cpu:.1f} | {found.stall:.2f} | {found.outcome}"


if __name__ == "__main__":
    main([Path(word) for word in sys.argv[1:]] or [ROOT / "src"])
