"""Ranked items on a terminal: names with their scores and reasons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from lightship.tensors import Signature, TensorSpec


def rankings_of(signature: Signature, predictions: Any) -> dict[TensorSpec, tuple[str, ...]]:
    """Return the rankings in an answer.

    With each are the names of its outputs: items, scores and reasons.
    """
    found = {spec: tuple(filter(None, (spec.name, spec.scores, spec.reasons))) for spec in signature.outputs}
    answered = predictions.keys() if isinstance(predictions, dict) else ()
    return {spec: names for spec, names in found.items() if len(names) > 1 and all(name in answered for name in names)}


def ranking_table(predictions: Mapping[str, Any], spec: TensorSpec, most: int | None) -> Table:
    """Return a line for each item of the first ``most`` rows, None for all."""
    table = Table("row", "rank", *filter(None, (spec.name, spec.scores, spec.reasons)))
    for number, names in enumerate(predictions[spec.name][:most]):
        for rank, cells in enumerate(_cells(predictions, spec, number, names), start=1):
            table.add_row(str(number + 1), str(rank), *cells, end_section=rank == len(names))
    return table


def _cells(predictions: Mapping[str, Any], spec: TensorSpec, number: int, names: list[Any]) -> Iterator[list[str]]:
    """Yield name, score and reasons of each item of a row; padding is left out."""
    for rank, name in enumerate(names):
        if name is None:
            continue
        cells = [name]
        if spec.scores:
            score = predictions[spec.scores][number][rank]
            cells.append("-" if score is None else f"{score:.4f}")
        if spec.reasons:
            reasons = predictions[spec.reasons][number][rank]
            cells.append(", ".join(str(reason) for reason in reasons if reason is not None))
        yield cells
