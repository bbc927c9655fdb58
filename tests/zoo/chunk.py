"""Measure some models in one process.

``python -m tests.zoo.chunk ROWS GROUP NAME…`` appends a row for each model; ``python -m tests.zoo.chunk --list GROUP``
prints the names of a group.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from tests.zoo import estimators
from tests.zoo.groups import GROUPS, Group
from tests.zoo.measure import measure
from tests.zoo.rows import REFUSED, Row, append


def main(rows: Path, group: Group, names: list[str]) -> None:
    if group.package == "sklearn":
        for name in names:
            append(rows, estimators.measure(group.name, name))
        return
    keras = import_module(group.package)
    builders = group.builders(keras)
    for name in names:
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        build = builders[name]
        try:
            row = measure(group.name, name, build(), group.form(name, build))
        except Exception as error:
            row = Row(group.name, name, REFUSED, (f"not built: {type(error).__name__}: {str(error)[:300]}",))
        append(rows, row)


def names(group: Group) -> list[str]:
    return list(group.builders(import_module(group.package)))


if __name__ == "__main__":
    first, group, *wanted = sys.argv[1:]
    if first == "--list":
        print(json.dumps(names(GROUPS[group])))
    else:
        main(Path(first), GROUPS[group], wanted)
