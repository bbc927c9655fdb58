"""Decision trees beside their own libraries.

``python -m benchmarks.trees`` writes docs/benchmarks/trees.md. Every model is trained, saved, and compiled in this
process. Both sides predict the same rows in one thread; the figure is the least processor time of several calls, so
that other work on the machine has little influence.
"""

from __future__ import annotations

import datetime
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from threadpoolctl import threadpool_limits

from lightship.compiler import sources
from lightship.compiler.conversion import litert
from lightship.compiler.sources.base import Original
from lightship.engines.base import Engine
from lightship.engines.preprocessed import with_programs

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks" / "trees.md"
BATCHES = (1, 32, 1024)
_CALLS = {1: 200, 32: 50, 1024: 5}
_TOLERANCE = 1e-5

Save = Callable[[Path], object]


def _skops(estimator: Any) -> Save:
    import skops.io

    return lambda path: skops.io.dump(estimator, path)


def _random_forest() -> Save:
    from sklearn.ensemble import RandomForestClassifier

    return _skops(RandomForestClassifier(100, random_state=0).fit(*load_digits(return_X_y=True)))


def _histogram() -> Save:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return _skops(HistGradientBoostingClassifier(max_iter=100).fit(*load_breast_cancer(return_X_y=True)))


def _gradient_boosting() -> Save:
    from sklearn.ensemble import GradientBoostingRegressor

    return _skops(GradientBoostingRegressor(n_estimators=300, random_state=0).fit(*load_diabetes(return_X_y=True)))


def _isolation() -> Save:
    from sklearn.ensemble import IsolationForest

    return _skops(IsolationForest(n_estimators=100, random_state=0).fit(load_breast_cancer().data))


def _xgboost(rounds: int) -> Save:
    import xgboost

    data = xgboost.DMatrix(*load_breast_cancer(return_X_y=True))
    return xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, rounds).save_model


def _xgboost_digits() -> Save:
    import xgboost

    options = {"objective": "multi:softprob", "num_class": 10, "nthread": 1}
    return xgboost.train(options, xgboost.DMatrix(*load_digits(return_X_y=True)), 50).save_model


def _lightgbm(rounds: int) -> Save:
    import lightgbm

    data = lightgbm.Dataset(*load_breast_cancer(return_X_y=True))
    return lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, rounds).save_model


# A row of the table: file name and training.
MODELS: Mapping[str, tuple[str, Callable[[], Save]]] = {
    "RandomForestClassifier, 100 trees, digits": ("forest.skops", _random_forest),
    "HistGradientBoostingClassifier, 100 trees, breast cancer": ("histogram.skops", _histogram),
    "GradientBoostingRegressor, 300 trees, diabetes": ("boosting.skops", _gradient_boosting),
    "IsolationForest, 100 trees, breast cancer": ("isolation.skops", _isolation),
    "XGBoost, 100 trees, breast cancer": ("xgboost.ubj", lambda: _xgboost(100)),
    "XGBoost, 500 trees, digits": ("digits.ubj", _xgboost_digits),
    "LightGBM, 100 trees, breast cancer": ("lightgbm.txt", lambda: _lightgbm(100)),
    "LightGBM, 500 trees, breast cancer": ("many.txt", lambda: _lightgbm(500)),
}


def main() -> None:
    """Measure every model and write the page."""
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        rows = [_row(name, Path(folder, file), train) for name, (file, train) in MODELS.items()]
    PAGE.write_text(_page(rows))
    print(PAGE.read_text())


def _row(name: str, path: Path, train: Callable[[], Save]) -> list[str]:
    train()(path)
    work = path.parent / path.stem
    work.mkdir()
    importer = sources.find(path)
    importer.check(path, work)
    original = importer.load(path, work, trust=False)
    (folder,) = original.candidates()
    target = work / "model.tflite"
    engine = with_programs(litert.convert(folder, [original.signatures[0].name], target), original.preprocessing)
    cells = [f"{path.stat().st_size / 1e3:,.0f} kB", f"{target.stat().st_size / path.stat().st_size:.2f}"]
    for count in BATCHES:
        before, after = _times(original, engine, count)
        cells.append(f"{_seconds(before)} → {_seconds(after)}, **{float(f'{before / after:.2g}'):g}x**")
    print(name, *cells, flush=True)
    return [name, *cells]


def _times(original: Original, engine: Engine, count: int) -> tuple[float, float]:
    """Return the seconds of one call of the fastest original and of the engine."""
    signature = original.signatures[0]
    rows = original.hints(signature)["features"].rows
    assert rows is not None
    inputs = {"features": rows[np.arange(count) % len(rows)]}
    (expected,), (found,) = original.run(signature.name, inputs).values(), engine.run(signature.name, inputs).values()
    np.testing.assert_allclose(found, expected, rtol=_TOLERANCE, atol=_TOLERANCE * np.abs(expected).max())
    calls = original.calls(signature.name, inputs).values()
    return min(_least(call, count) for call in calls), _least(lambda: engine.run(signature.name, inputs), count)


def _least(call: Callable[[], object], count: int) -> float:
    call()
    times = []
    for _ in range(_CALLS[count]):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def _worst(rows: list[list[str]]) -> str:
    """Return the smallest ratio, and the model and number of rows that it is of."""
    cells = [(row[0], count, cell) for row in rows for count, cell in zip(BATCHES, row[3:], strict=True)]
    name, count, cell = min(cells, key=lambda found: float(found[2].split("**")[1].removesuffix("x")))
    return f"{cell.split('**')[1]}: {name}, {count} rows in a call"


def _seconds(value: float) -> str:
    return f"{value * 1e6:.0f} µs" if value < 1e-3 else f"{value * 1e3:.1f} ms"


def _page(rows: list[list[str]]) -> str:
    packages = ("scikit-learn", "xgboost-cpu", "lightgbm", "ai-edge-litert", "numpy")
    head = ["model", "file", "size ratio", *(f"{count} row{'s' * (count > 1)}" for count in BATCHES)]
    table = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(
        [
            "# Trees beside their own libraries",
            "",
            "This page is for readers who compare compiled trees with scikit-learn's, XGBoost's and LightGBM's own",
            "`predict`. `python -m benchmarks.trees` makes it in a few minutes; do not edit it.",
            "",
            "- Each cell is processor time of the library → of the compiled model, both in one thread, and how many",
            "  times faster the compiled model is. **Below 1x it is slower.** The fastest of several ways counts.",
            "- Compiled trees gain where scikit-learn or XGBoost prepare a call of few rows in Python; LightGBM does",
            "  not. With many rows, a library's loop over the nodes of one row is faster than operators over all rows.",
            "- Size ratio: bytes of the .tflite file with one signature divided by bytes of the saved file.",
            "- Every measured answer is compared with the library's (1e-5).",
            "",
            *(f"| {' | '.join(row)} |" for row in table),
            "",
            f"The worst figure is {_worst(rows)}. "
            f"Measured on {datetime.datetime.now(datetime.UTC).date()} beside other work, with "
            f"{', '.join(f'{name} {version(name)}' for name in packages)}.",
            "",
        ]
    )


if __name__ == "__main__":
    main()
