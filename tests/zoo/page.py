"""Render docs/coverage.md from docs/coverage.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tests.zoo import explained
from tests.zoo.layers import EXPORTED, LEFT_OUT, LEFT_OUT_OF_KERAS2, OPTIONS_LEFT_OUT
from tests.zoo.results import ROOT, Results
from tests.zoo.rows import REFUSED, Row

PAGE = ROOT / "docs" / "coverage.md"

TITLES = {
    "users": "User models (Keras 3)",
    "layers": "Layer classes of Keras 3",
    "layers-keras2": "Layer classes of tf_keras (Keras 2)",
    "options": "Options of layers (Keras 3)",
    "applications": "Families of keras.applications",
    "applications-keras2": "Families of tf_keras.applications",
    "preprocessing": "Lifted preprocessing (Keras 3)",
    "scikit-learn": "scikit-learn estimators",
    "scikit-learn-trees": "scikit-learn trees",
    "boosters": "XGBoost and LightGBM models",
}
SIZES = "Compile time and memory by size"

HEAD = """# Which models compile

This page is for users who want to know whether a kind of model compiles. It lists typical models, layers, options of
layers and applications of Keras, preprocessing layers, estimators of scikit-learn, and boosted trees, with the engine
that each compiles to.

`make zoo` makes it from [coverage.json](coverage.json); `make zoo-short` measures only preprocessing, scikit-learn,
XGBoost and LightGBM again. Do not edit it. Every model below is saved as a file, checked, loaded, recorded, converted
and compared as by `lightship compile`. It counts as compiled only where its outputs agree with the original's.

- **LiteRT**: the converted model agrees with the original.
- **TensorFlow**: LiteRT cannot run it. The bundle needs the TensorFlow engine and is about as fast as the original.
- **Parity** is the largest difference of any output from the original's, over all recorded batches.
- **Size** is bytes of the bundle's model divided by bytes of the source file.
- **Faster** is the time of one row through the original divided by that of the compiled model. Before, the original
  was `model.predict` or a SavedModel's signature. Now it is the fastest call that Keras and TensorFlow offer, so the
  two columns cannot be compared. Below 1, the original is faster.
- Layers that are not counted: {left_out}.
- Options that are not counted, because Keras cannot run them itself: {options_left_out}.
- Measured as exported SavedModels, because Keras cannot load the files that it saves of them: {exported}.

"Before" is commit {commit}. Groups are measured apart:

{measured}
"""


def render(results: Results) -> str:
    parts = [
        HEAD.format(
            left_out=_by_reason(LEFT_OUT | LEFT_OUT_OF_KERAS2),
            options_left_out=_by_reason({f"`{name}`": reason for name, reason in OPTIONS_LEFT_OUT.items()}),
            exported=", ".join(sorted(EXPORTED)),
            measured=_measured(results),
            commit=results.before_commit,
        ),
        _totals(results),
        _users(results),
        *(_exceptions(results, group) for group in ("layers", "layers-keras2", "options")),
        *(_applications(results, group) for group in ("applications", "applications-keras2")),
        *(_timed(results, group) for group in _NOTES),
        _sizes(results),
        *_explained(results),
    ]
    return "\n".join(parts)


def _totals(results: Results) -> str:
    rows = [_total(results, group) for group in TITLES]
    names = (
        "Group",
        "Models",
        "Compiled",
        "On LiteRT",
        "On TensorFlow",
        "Refused",
        "Compiled before",
        "On LiteRT before",
    )
    return _table("Totals", names, rows)


def _total(results: Results, group: str) -> list[str]:
    rows, before = results.rows(group), results.rows(group, before=True)
    tensorflow, refused = (sum(row.engine == engine for row in rows) for engine in ("tensorflow", REFUSED))
    then = [
        share(before, [row for row in before if row.compiled]),
        share(before, [row for row in before if row.on_litert]),
    ]
    now = [share(rows, [row for row in rows if row.compiled]), share(rows, [row for row in rows if row.on_litert])]
    return [TITLES[group], str(len(rows)), *now, str(tensorflow), str(refused), *then]


def share(rows: Sequence[Row], part: Sequence[Row]) -> str:
    return f"{len(part)} ({100 * len(part) / len(rows):.1f} %)" if rows else "not measured"


def _users(results: Results) -> str:
    before = {row.name: row for row in results.rows("users", before=True)}
    names = (
        "Model",
        "Engine before → now",
        "Parity",
        "Size before → now",
        "Faster before → now",
        "CPU seconds",
        "Why not LiteRT",
    )
    return _table(TITLES["users"], names, [_user(row, before.get(row.name)) for row in results.rows("users")])


def _user(row: Row, before: Row | None) -> list[str]:
    return [
        f"`{row.name}`",
        _change(before and before.engine, row.engine),
        _figure(row.max_abs, ".1g"),
        _change(before and _figure(before.size, ".2f"), _figure(row.size, ".2f")),
        _change(before and _figure(before.latency, ",.0f"), _figure(row.latency, ",.0f")),
        f"{row.seconds:.0f}",
        _reasons(row),
    ]


def _exceptions(results: Results, group: str) -> str:
    rows = results.rows(group)
    exact = sum(row.on_litert for row in rows)
    names = ("Layer", "Engine", "Parity", "Why not LiteRT")
    listed = [
        [f"`{row.name}`", row.engine, _figure(row.max_abs, ".1g"), _reasons(row)] for row in rows if not row.on_litert
    ]
    text = _table(TITLES[group], names, listed)
    return f"{text}\nAll others, {exact} of {len(rows)}, are on LiteRT with parity.\n"


def _applications(results: Results, group: str) -> str:
    names = ("Family", "Engine", "Parity", "CPU seconds", "Peak memory", "Why not LiteRT")
    rows = results.rows(group)
    return _table(TITLES[group], names, [_cost(row) for row in rows])


def _cost(row: Row) -> list[str]:
    return [
        f"`{row.name}`",
        row.engine,
        _figure(row.max_abs, ".1g"),
        f"{row.seconds:.0f}",
        _megabytes(row.memory),
        _reasons(row),
    ]


def _timed(results: Results, group: str) -> str:
    """Return a table with times and ratios, and a note."""
    names = (
        *("Model", "Source", "Engine", "Parity", "Size"),
        *("1 row: original → compiled", "Faster, 1 row", "Faster, 1,024 rows", "Why not LiteRT"),
    )
    rows = [_timed_row(row) for row in results.rows(group)]
    return f"{_table(TITLES[group], names, rows)}\n{_NOTES[group]}"


def _timed_row(row: Row) -> list[str]:
    times = " → ".join(f"{seconds * 1e6:,.0f} µs" for seconds in row.times or ())
    figures = [_figure(row.size, ".2f"), times or "-", _ratio(row.latency), _ratio(row.many)]
    return [_model(row), row.source, row.engine, _figure(row.max_abs, ".1g"), *figures, _reasons(row)]


def _model(row: Row) -> str:
    """Return a row's name, for trees with the estimator's class."""
    if row.group != "scikit-learn-trees":
        return row.name
    return ": ".join([*row.classes[:1], row.name.replace("_", " ")])


_ONE_THREAD = (
    "Times are those of the first signature's method, on an array, and of the bundle, including its preprocessing;\n"
    "both compute with one thread.\n"
)
_NOTES = {
    "preprocessing": (
        "Each model is one layer, or a FeatureSpace, with a vocabulary of three words or numbers. What LiteRT cannot\n"
        "run is [lifted](preprocessing.md) out of the graph. The original's time is that of Keras's fastest call.\n"
    ),
    "scikit-learn": (
        "Models of several steps end with the estimator named last, or with a LogisticRegression.\n" + _ONE_THREAD
    ),
    "scikit-learn-trees": "The outputs of ExtraTreesRegressor are about 10⁸ here.\n" + _ONE_THREAD,
    "boosters": (
        "Each model has 20 rounds. Where no booster is named, it is XGBoost's gbtree or LightGBM's gbdt.\n"
        + _ONE_THREAD
    ),
}
_COST = (
    "CPU seconds are those of all threads for one compile after TensorFlow is imported: an idle machine with several\n"
    "processors takes less time by the clock. Peak memory is that of the whole process.\n"
)


def _sizes(results: Results) -> str:
    names = ("Model", "File", "Engine", "Parity", "CPU seconds", "Peak memory", "Why not LiteRT")
    rows = [
        [line[0], _megabytes(row.source_bytes or 0), *line[1:]]
        for row in results.rows("sizes")
        for line in [_cost(row)]
    ]
    text = _table(SIZES, names, rows)
    return f"{text}\n{_COST}"


def _explained(results: Results) -> list[str]:
    """Return a table of compiled gradients for each group in which they were measured."""
    tables = {group: explained.lines(results.rows(group)) for group in TITLES}
    return [
        f"{_table(f'Explanations: {TITLES[group]}', explained.NAMES, lines)}{explained.NOTE}"
        for group, lines in tables.items()
        if lines
    ]


def _table(title: str, names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"## {title}", "", "| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def _reasons(row: Row) -> str:
    return "; ".join(row.reasons).replace("|", "\\|") if not row.on_litert else ""


def _change(before: str | None, now: str) -> str:
    return now if before is None or before == now else f"{before} → {now}"


def _figure(value: float | None, form: str) -> str:
    if value is None:
        return "-"
    return format(value, form) if value else "exact" if form == ".1g" else "0"


def _ratio(value: float | None) -> str:
    return _figure(value, ",.0f" if value and value >= 10 else ".2f")


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count >= 1e6 else f"{count / 1e3:,.0f} KB"


def _by_reason(reasons: Mapping[str, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        by_reason.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(names)} ({reason})" for reason, names in by_reason.items())


def _measured(results: Results) -> str:
    """Return a line for each measurement, with the groups that it is of."""
    titles = {**TITLES, "sizes": SIZES}
    groups: dict[str, list[str]] = {}
    for group, measurement in results.measured.items():
        text = ", ".join(value if name == "date" else f"{name} {value}" for name, value in measurement.items())
        groups.setdefault(text, []).append(titles[group])
    return "\n".join(f"- {', '.join(names)}: {text}." for text, names in groups.items())
