"""Tables of the results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks import workers
from benchmarks.applications import part as applications
from benchmarks.cold import part as cold
from benchmarks.compression import part as compression
from benchmarks.evaluation import part as evaluation
from benchmarks.explain import part as explain
from benchmarks.goals import beside_peers, bucket_start, comparisons
from benchmarks.jobs import tables as jobs
from benchmarks.preprocessing import part as preprocessing
from benchmarks.table import Row, Table, shown
from benchmarks.trees import part as trees
from benchmarks.web import part as web


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return a table of ratios and goals, then the tables of all parts."""
    found = [_ratios(results)] if comparisons(results) else []
    for part, make in _MAKERS.items():
        if part in results:
            found += make(results)
    return found


def _ratios(results: Mapping[str, Any]) -> Table:
    rows = []
    for comparison in comparisons(results):
        tuned = ("", "")
        if comparison.tuned is not None and comparison.beside_tuned is not None:
            tuned = (shown(comparison.tuned, comparison.unit), shown(comparison.beside_tuned, "x"))
        measured = [shown(value, comparison.unit) for value in (comparison.other, comparison.lightship)]
        rows.append((comparison.figure, *measured, shown(comparison.ratio, "x"), comparison.verdict, *tuned))
    if limit := bucket_start(results):
        rows.append((limit.figure, "", "", shown(limit.value, limit.unit), limit.verdict, "", ""))
    heads = ("", "usual", "lightship", "ratio", "goal", "tuned", "ratio to tuned")
    return Table("Ratios and goals", heads, tuple(rows))


def _lambda(results: Mapping[str, Any]) -> list[Table]:
    part, rows = results["lambda"], []
    for name, figures in part["stacks"].items():
        first, warm, memory = figures["first_answer_ms"], figures["warm_event_ms"], figures["peak_memory_mib"]
        times = [
            shown(value, "ms") for value in (first["median"], first["min"], first["max"], warm["p50"], warm["p99"])
        ]
        rows.append((name, *times, f"{warm['events']:,}", shown(memory["median"], "MiB") if memory else "unknown"))
    title = f"Lambda's runtime interface: {part['rounds']} fresh processes of each"
    heads = ("", "first answer", "best", "worst", "warm p50", "warm p99", "warm events", "peak memory")
    return [Table(title, heads, tuple(rows))]


_SERVER_HEADS = ("", "at once", "requests", "p50", "p99", "answers")


def _server(results: Mapping[str, Any]) -> list[Table]:
    title = f"A server over loopback: {results['server']['rounds']} rounds"
    return [Table(title, _SERVER_HEADS, tuple(_server_rows(results["server"])))]


def _asgi(results: Mapping[str, Any]) -> list[Table]:
    title = f"The same application on two servers over loopback: {results['asgi']['rounds']} rounds"
    return [Table(title, _SERVER_HEADS, tuple(_server_rows(results["asgi"])))]


def _peers(results: Mapping[str, Any]) -> list[Table]:
    part, compared, rows = results["peers"], beside_peers(results), []
    for row in _server_rows(part):
        comparison = compared.get((row[0], row[1]))
        rows.append((*row, shown(comparison.ratio, "x"), comparison.verdict) if comparison else (*row, "", ""))
    versions = ", ".join(f"{name} {version}" for name, version in part["versions"].items())
    title = f"Other servers over loopback: {versions}, {part['rounds']} rounds"
    return [Table(title, (*_SERVER_HEADS, "lightship's ratio", "goal"), tuple(rows))]


def _server_rows(part: Mapping[str, Any]) -> list[Row]:
    rows = []
    for name, by_concurrency in part["servers"].items():
        for concurrency, figures in by_concurrency.items():
            latency = figures["latency_ms"]
            latencies = [shown(latency[key], "ms") for key in ("p50", "p99")]
            rate = shown(figures["requests_per_second"]["median"], "/s")
            rows.append((name, concurrency, rate, *latencies, f"{latency['requests']:,}"))
    return rows


def _protocols(results: Mapping[str, Any]) -> list[Table]:
    found = []
    for model, measured in results["protocols"]["models"].items():
        rows = []
        for name, way in measured["ways"].items():
            times = way["times_bound"]
            beside = "" if name == way["bound"] else f"{times:.2f}x"
            rows.append((name, shown(way["p50_us"], "µs"), shown(way["p99_us"], "µs"), f"{way['requests']:,}", beside))
        title = f"Appendix: one request in the process, {measured['inputs']} numbers ({model})"
        found.append(Table(title, ("", "p50", "p99", "requests", "relative to bound"), tuple(rows)))
    return found


def _batching(results: Mapping[str, Any]) -> list[Table]:
    rows = []
    for engine, measurements in results["batching"]["engines"].items():
        alone = {entry["at_once"]: entry for entry in measurements if entry["largest_batch"] == 1}
        for entry in measurements:
            if entry["largest_batch"] > 1:
                without, rate = alone[entry["at_once"]]["calls_per_second"], entry["calls_per_second"]
                rates = (shown(without, "/s"), shown(rate, "/s"), shown(rate / without, "x"))
                rows.append((engine, str(entry["at_once"]), *rates, f"{entry['calls_together']:.1f}"))
    heads = ("", "at once", "single calls", "in batches", "ratio", "calls in a batch")
    return [Table("Micro-batching: a convolutional model", heads, tuple(rows))]


def _registry(results: Mapping[str, Any]) -> list[Table]:
    part, rows = results["registry"], []
    for name, figures in part["stores"].items():
        times = [shown(figures[key], "µs") for key in ("p50_us", "p99_us", "processor_p50_us")]
        share = figures["processor_p50_us"] / (part["refresh_seconds"] * 1e6) * 100
        rows.append((name, *times, shown(share, "%"), f"{figures['questions']:,}"))
    title = f"Check of a model's state for changes, at most every {part['refresh_seconds']:g} s"
    heads = ("", "p50", "p99", "processor time", "share of a processor, at most", "checks")
    return [Table(title, heads, tuple(rows)), _many_models(part["many"])]


def _many_models(measured: Iterable[Mapping[str, Any]]) -> Table:
    rows: dict[tuple[str, str], list[str]] = {}
    heads = ["", "store"]
    for each in measured:
        row = rows.setdefault((each["question"], each["store"]), [])
        for when in ("first", "again"):
            head = f"{each['models']:,} {'model' if each['models'] == 1 else 'models'}, {when}"
            heads += [] if head in heads else [head]
            row.append(f"{each[f'{when}_requests']:,}, {shown(each[f'{when}_ms'], 'ms')}")
    title = "Questions about a registry with many models"
    return Table(title, tuple(heads), tuple((*names, *row) for names, row in sorted(rows.items())))


_STAGES = ("start", "check", "load", "record", "convert", "write", "measure", "try", "publish")


def _compile(results: Mapping[str, Any]) -> list[Table]:
    times, memory = [], []
    for name, figures in results["compile"]["models"].items():
        seconds, peak = figures["seconds"], figures["peak_bytes"]
        size = shown(figures["bytes"] / 2**20, "MiB")
        total = shown(sum(seconds.values()), "s")
        times.append((name, size, *(shown(seconds.get(stage, 0.0), "s") for stage in _STAGES), total))
        memory.append((name, size, *(shown(peak.get(stage, 0) / 2**20, "MiB") for stage in _STAGES)))
    heads = ("", "file", *_STAGES)
    return [
        Table("Compile: seconds of each stage", (*heads, "total"), tuple(times)),
        Table("Compile: peak memory of each stage", heads, tuple(memory)),
    ]


def _image(results: Mapping[str, Any]) -> list[Table]:
    part = results["image"]
    if "megabytes" not in part:
        return [Table("Image", ("", "size"), ((f"not measured here: {part['not_measured']}", ""),))]
    rows = tuple((name, shown(size, "MB")) for name, size in part["megabytes"].items())
    return [Table("Image, uncompressed", ("", "size"), rows)]


_MAKERS = {
    "lambda": _lambda,
    "server": _server,
    "asgi": _asgi,
    "peers": _peers,
    "workers": workers.tables,
    "batching": _batching,
    "compile": _compile,
    "evaluation": evaluation.tables,
    "explain": explain.tables,
    "registry": _registry,
    "jobs": jobs.tables,
    "trees": trees.tables,
    "preprocessing": preprocessing.tables,
    "compression": compression.tables,
    "web": web.tables,
    "image": _image,
    "cold": cold.tables,
    "examples": applications.tables,
    "protocols": _protocols,
}
