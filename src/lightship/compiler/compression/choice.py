"""The rule that chooses among measured candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lightship.compiler.compression.quantizing.recipes import FP32, NAMES
from lightship.compiler.compression.table import Candidate

# Figures this close are equal: of two equal candidates, the more exact one is chosen, so that noise does not decide.
SECONDS_SHARE = 0.03
BYTES_SHARE = 0.01


def choose(candidates: Sequence[Candidate], prefer: str) -> tuple[str, str]:
    """Return the name of the chosen candidate, and the reason as a sentence.

    ``prefer`` is ``latency``: the fastest with one row, of those that are not slower than fp32 with 1 or 32 rows; or
    ``size``: the smallest file. fp32 is always a candidate. The reason holds no measured time.
    """
    (reference,) = (candidate for candidate in candidates if candidate.name == FP32)
    usable = [candidate for candidate in candidates if candidate.usable and candidate is not reference]
    if prefer == "size":
        chosen = _best([reference, *usable], lambda candidate: float(candidate.bytes), BYTES_SHARE)
    else:
        fast = [candidate for candidate in usable if not _slower(candidate, reference)]
        chosen = _best([reference, *fast], _seconds, SECONDS_SHARE)
    return chosen.name, _reason(chosen.name, len(usable), prefer)


def _best(candidates: Sequence[Candidate], figure: Callable[[Candidate], float], share: float) -> Candidate:
    """Return the most exact candidate of those with the lowest figure."""
    bound = min(map(figure, candidates)) * (1 + share)
    return min((each for each in candidates if figure(each) <= bound), key=_inexactness)


def _inexactness(candidate: Candidate) -> tuple[float, int]:
    return candidate.largest_difference or 0.0, NAMES.index(candidate.name)


def _seconds(candidate: Candidate) -> float:
    return float("inf") if candidate.p50_1 is None else candidate.p50_1


def _slower(candidate: Candidate, reference: Candidate) -> bool:
    """Return whether a candidate is slower with one row, or with 32 rows."""
    pairs = ((candidate.p50_1, reference.p50_1), (candidate.p50_32, reference.p50_32))
    return any(own > other * (1 + SECONDS_SHARE) for own, other in pairs if own is not None and other is not None)


def _reason(chosen: str, usable: int, prefer: str) -> str:
    if chosen != FP32:
        return f"it has the lowest {prefer} of the variants within the limits"
    if not usable:
        return "no other variant is within the limits"
    return f"no other variant within the limits is {'smaller' if prefer == 'size' else 'faster'}"
