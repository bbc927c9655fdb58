"""Explanations of trees by Lightship.

``python -m benchmarks.explain.tree_calls`` reads a model's name and a number of calls from standard input and writes
microseconds by number of rows, and one row's values, to standard output (JSON).
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import skops.io
from threadpoolctl import threadpool_limits

from benchmarks.explain.tree_models import ROWS, least, trained
from lightship.compiler import sources
from lightship.compiler.attributions.exact import trees_of
from lightship.compiler.trees import Ensemble


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    with threadpool_limits(1):
        json.dump(_figures(*trained(parameters["model"]), parameters["calls"]), sys.stdout)


def _figures(model: Any, rows: Any, calls: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        original = _opened(model, Path(folder))
        assert isinstance(original.additive, Ensemble)
        trees = trees_of(original.additive)
        signature = original.signatures[0]
        program = original.preprocessing.get(signature.name)
        inputs = {"features": rows.astype(signature.inputs[0].numpy)}
        (features,) = (program.bind().run(inputs) if program else inputs).values()
    target = trees.outputs - 1
    found = {count: least(lambda count=count: trees.effects(features[:count], target), calls) for count in ROWS}  # type: ignore[misc]
    return {"rows": found, "values": trees.effects(features[:1], target)[1][0].tolist()}


def _opened(model: Any, folder: Path) -> Any:
    path = folder / ("model.skops" if hasattr(model, "get_params") else "model.txt")
    if path.suffix == ".skops":
        skops.io.dump(model, path)
    else:
        model.save_model(path)
    importer = sources.find(path)
    importer.check(path, folder)
    return importer.load(path, folder, trust=False)


if __name__ == "__main__":
    main()
