"""Measure some models in one process.

``python -m tests.zoo.chunk ROWS GROUP NAME…`` appends a row for each model; ``python -m tests.zoo.chunk --list GROUP``
prints the names of a group.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# Read when the libraries are imported. scikit-learn and XGBoost compute with one thread, as LiteRT does.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.zoo.groups import GROUPS, Group
from tests.zoo.measure import measure
from tests.zoo.rows import append


def main(rows: Path, group: Group, names: list[str]) -> None:
    models = group.models()
    for name in names:
        append(rows, measure(group, name, models[name]))


if __name__ == "__main__":
    first, group, *wanted = sys.argv[1:]
    if first == "--list":
        print(json.dumps(list(GROUPS[group].models())))
    else:
        main(Path(first), GROUPS[group], wanted)
