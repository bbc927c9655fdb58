"""Random operators that a model's outputs are computed with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lightship.compiler.graph.functions import Library
from lightship.engines.dead_code import prune

_WORDS = (
    "CandidateSampler",
    "Multinomial",
    "Random",
    "SampleDistortedBoundingBox",
    "StatefulStandardNormal",
    "StatefulUniform",
    "StatelessShuffle",
    "TruncatedNormal",
)
# These have such a name and draw nothing.
_OTHERS = frozenset(
    {"RandomGammaGrad", "StatelessRandomGetAlg", "StatelessRandomGetKeyCounter", "StatelessRandomGetKeyCounterAlg"}
)
# Operators that compute numbers from a seed that they are given; all others count on by themselves.
_SEEDED = ("Stateful", "Stateless", "RandomIndexShuffle")
_LITERT = frozenset({"MULTINOMIAL", "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM"})


def random_operators(functions: Iterable[Any]) -> tuple[str, ...]:
    """Return the random operators that results of TensorFlow's concrete functions depend on, sorted."""
    found: set[str] = set()
    for function in functions:
        graph = function.graph.as_graph_def()
        prune(graph, [tensor.name for tensor in function.outputs])
        found |= drawing(node.op for scope in Library(graph).reachable() for node in scope.nodes)
    return tuple(sorted(found))


def drawing(operators: Iterable[str]) -> set[str]:
    """Return those of TensorFlow's or LiteRT's operators that draw random numbers."""
    return {
        name for name in operators if name in _LITERT or (name not in _OTHERS and any(word in name for word in _WORDS))
    }


def warnings(operators: Iterable[str], *, stateful: bool) -> list[str]:
    """Return sentences about what a compiled model draws; ``stateful`` is whether calls change a seed or the like."""
    seeded, counting = list[str](), list[str]()
    for name in operators:
        (seeded if name.startswith(_SEEDED) else counting).append(name)
    found = []
    if seeded:
        than = "; the model itself draws others for each call" if stateful else ""
        found.append(
            f"{_depend(seeded)} of a seed in the file: every call with as many rows draws the same{than}. {_HINT}"
        )
    if counting:
        found.append(
            f"{_depend(counting)}: every call draws others, and equal requests may get different answers. {_HINT}"
        )
    return found


_HINT = "Where that is not wanted, call the model's random layers with training=False and save it again"


def _depend(names: list[str]) -> str:
    return f"outputs depend on random numbers ({', '.join(names)})"
