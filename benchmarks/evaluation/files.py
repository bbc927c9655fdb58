"""Evaluation of a CSV file of random rows with the model quickstart.

``python -m benchmarks.evaluation.files`` reads a registry and a number of rows from standard input and writes figures
to standard output (JSON).
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.processes import peak
from lightship.evaluation.evaluate import Options, evaluate
from lightship.model import Model
from lightship.registry.registry import Registry

MODEL = "quickstart"
_BLOCK = 100_000


def main() -> None:
    """Measure with the parameters from standard input."""
    parameters = json.load(sys.stdin)
    model = Model.load(Registry(parameters["registry"]).open(MODEL))
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):
        path = Path(folder) / "rows.csv"
        _write(path, parameters["rows"], model)
        begun = time.process_time()
        found = evaluate(model, path, Options(baseline=True))
        seconds = time.process_time() - begun
    json.dump({"rows": found.data.rows, "seconds": seconds, "peak_memory_mib": peak()}, sys.stdout)


def _write(path: Path, rows: int, model: Model) -> None:
    """Write random rows with targets that mostly agree with the first column."""
    signature, rng = model.manifest.signature(), np.random.default_rng(0)
    columns = [*(signature.inputs[0].kind or {})["columns"], signature.outputs[0].name]
    with path.open("w") as file:
        print(*columns, sep=",", file=file)
        for start in range(0, rows, _BLOCK):
            values = rng.normal([14, 19, 0.1], [3, 4, 0.1], size=(min(_BLOCK, rows - start), 3)).round(4)
            noisy = values[:, 0] + rng.normal(size=len(values))
            targets = np.where(noisy > 15, *reversed(signature.outputs[0].classes)).tolist()
            file.writelines(f"{a},{b},{c},{t}\n" for (a, b, c), t in zip(values.tolist(), targets, strict=True))


if __name__ == "__main__":
    main()
