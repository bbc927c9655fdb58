"""Table of a compression's variants in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.table import Table

if TYPE_CHECKING:
    from lightship.compiler.compression.table import Candidate, Compression


def table(compression: Compression) -> Table:
    """Return one row for each variant that was measured; the chosen one is marked.

    It fits into 80 columns; the rest of the figures is in the output of --json.
    """
    metric = next((candidate.metric for candidate in compression.candidates if candidate.metric), "")
    shown = Table(box=SIMPLE_HEAD, pad_edge=False, caption=compression.rule, caption_justify="left")
    shown.add_column("variant", no_wrap=True)
    for column in ("size", "1 row", "32 rows", "error", *([metric] if metric else []), "fits"):
        shown.add_column(column, justify="right", no_wrap=True)
    for candidate in compression.candidates:
        if not candidate.error:
            mark = ">" if candidate.name == compression.chosen else " "
            shown.add_row(f"{mark} {candidate.name}", *_figures(candidate), "yes" if candidate.within else "no")
    return shown


def sentences(compression: Compression) -> list[str]:
    """Return the choice, and why other variants were not measured."""
    failed = [f"without {each.name}: {each.error}" for each in compression.candidates if each.error]
    layers = compression.candidate(compression.chosen).float_layers
    kept = [f"layers in float32: {', '.join(layers)}"] if layers else []
    return [*failed, f"variant: {compression.chosen}, because {compression.reason}", *kept]


def duration(seconds: float) -> str:
    """Return seconds as text in s, ms or µs."""
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def _figures(candidate: Candidate) -> list[str]:
    return [
        _size(candidate.bytes),
        *("-" if seconds is None else duration(seconds) for seconds in (candidate.p50_1, candidate.p50_32)),
        "-" if candidate.largest_difference is None else f"{candidate.largest_difference:.1e}",
        *([] if candidate.value is None else [f"{candidate.value:.4f}"]),
    ]


def _size(count: int) -> str:
    """Return bytes as text: in kB from 10 kB on, with at least three digits."""
    if count < 10_000:
        return f"{count:,} B"
    return f"{count / 1000:.1f} kB" if count < 99_950 else f"{count / 1000:,.0f} kB"
