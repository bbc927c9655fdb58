"""The README's table: a few figures beside the others', with the worst round."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

from benchmarks.stacks import BUCKET_NAME
from benchmarks.table import Row, Table, shown

_HEADS = ("", "compared with", "theirs", "Lightship", "ratio", "worst round")
_JOB = "lightship, 1 worker"


class _Figure(NamedTuple):
    """One figure of each round, of the others and of Lightship."""

    name: str
    other: str
    theirs: Sequence[float]
    ours: Sequence[float]
    unit: str

    def row(self) -> Row:
        """Return the row, with ratios above 1 where Lightship is better."""
        middle = self._ratio(median(self.theirs), median(self.ours))
        more = self.unit == "/s"
        worst = self._ratio(max(self.theirs), min(self.ours)) if more else self._ratio(min(self.theirs), max(self.ours))
        figures = (shown(median(self.theirs), self.unit), shown(median(self.ours), self.unit))
        return (self.name, self.other, *figures, _times(middle), _times(worst))

    def _ratio(self, theirs: float, ours: float) -> float:
        return ours / theirs if self.unit == "/s" else theirs / ours


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the table; a part that was not measured has no rows."""
    rows = tuple(figure.row() for figure in _figures(results))
    return [Table("", _HEADS, rows)] if rows else []


def _figures(results: Mapping[str, Any]) -> Iterator[_Figure]:
    stacks = results.get("lambda", {}).get("stacks", {})
    if stacks:
        yield from _of_lambda(stacks)
    if "peers" in results:
        yield _of_peers(results["peers"])
    for name, file in results.get("jobs", {}).get("files", {}).items():
        usual, ours = (file["ways"][way]["rows_per_processor_second"]["all"] for way in ("usual", _JOB))
        yield _Figure(f"job of {name}, rows per second of a core", file.get("usual", "usual"), usual, ours, "/s")
    if "asgi" in results:
        yield _of_asgi(results["asgi"])


def _of_lambda(stacks: Mapping[str, Any]) -> Iterator[_Figure]:
    usual, ours = stacks["usual"], stacks["lightship"]
    first = usual["first_answer_ms"]["all"]
    yield _Figure("process start → first answer", "usual", first, ours["first_answer_ms"]["all"], "ms")
    if BUCKET_NAME in stacks:
        bucket = stacks[BUCKET_NAME]["first_answer_ms"]["all"]
        yield _Figure("the same, models in S3", "usual, model in the image", first, bucket, "ms")
    warm, own = (stack["warm_event_ms"]["p50_by_round"] for stack in (usual, ours))
    yield _Figure("warm event, median", "usual", warm, own, "ms")
    if usual["peak_memory_mib"] and ours["peak_memory_mib"]:
        yield _Figure("peak memory", "usual", usual["peak_memory_mib"]["all"], ours["peak_memory_mib"]["all"], "MiB")


def _of_peers(part: Mapping[str, Any]) -> _Figure:
    """Return the figure beside the server that comes closest with the same model."""
    found = []
    for name in part["same_model_inside"]:
        for clients, figures in part["servers"][name].items():
            ours = part["servers"]["lightship"][clients]
            theirs, own = (each["requests_per_second"]["all"] for each in (figures, ours))
            many = "1 client" if clients == "1" else f"{clients} clients"
            found.append(_Figure(f"requests per second, {many}", f"{name}, the same model", theirs, own, "/s"))
    return min(found, key=lambda figure: median(figure.ours) / median(figure.theirs))


def _of_asgi(part: Mapping[str, Any]) -> _Figure:
    ours, uvicorn = (server["1"]["requests_per_second"]["all"] for server in part["servers"].values())
    return _Figure("requests per second, 1 client", "the same application on uvicorn", uvicorn, ours, "/s")


def _times(ratio: float) -> str:
    """Return a ratio; where the other one is better, in bold and the other way round."""
    return f"{shown(ratio, 'x')} better" if ratio >= 1 else f"**{shown(1 / ratio, 'x')} worse**"
