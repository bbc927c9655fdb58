"""Random operators that a model's outputs depend on."""

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
# Their names contain one of these words, but they draw no random numbers.
_OTHERS = frozenset(
    {"RandomGammaGrad", "StatelessRandomGetAlg", "StatelessRandomGetKeyCounter", "StatelessRandomGetKeyCounterAlg"}
)
# Operators that take their seed or state as an input; all others keep a counter between calls.
_SEEDED = ("Stateful", "Stateless", "RandomIndexShuffle")
_LITERT = frozenset({"MULTINOMIAL", "RANDOM_STANDARD_NORMAL", "RANDOM_UNIFORM"})


def random_operators(functions: Iterable[Any]) -> tuple[str, ...]:
    """Return the random operators that concrete functions' results depend on."""
    found: set[str] = set()
    for function in functions:
        graph = function.graph.as_graph_def()
        prune(graph, [tensor.name for tensor in function.outputs])
        found |= select_random(node.op for scope in Library(graph).reachable() for node in scope.nodes)
    return tuple(sorted(found))


def select_random(operators: Iterable[str]) -> set[str]:
    """Return those of TensorFlow's or LiteRT's operators that draw random numbers."""
    return {
        name for name in operators if name in _LITERT or (name not in _OTHERS and any(word in name for word in _WORDS))
    }


def warnings(operators: Iterable[str], *, stateful: bool) -> list[str]:
    """Return warnings about random numbers in outputs.

    ``stateful``: whether calls change variables, of which a seed may be one. It is then reset before each call.
    """
    seeded, counting = list[str](), list[str]()
    for name in operators:
        (seeded if name.startswith(_SEEDED) else counting).append(name)
    found = []
    if seeded:
        than = "; the original draws new ones for each call" if stateful else ""
        found.append(
            f"{_depend(seeded)} of a seed in the file: every call with as many rows draws the same{than}. {_HINT}"
        )
    if counting:
        found.append(
            f"{_depend(counting)}: every call draws new ones, and equal requests may get different responses. {_HINT}"
        )
    return found


_HINT = "To avoid this, call the model's random layers with training=False and save it again"


def _depend(names: list[str]) -> str:
    return f"outputs depend on random numbers ({', '.join(names)})"
