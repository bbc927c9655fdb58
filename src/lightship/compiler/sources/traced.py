"""Originals of other libraries, whose functions are translated to TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship.compiler import exports, imports
from lightship.compiler.sources.additive import Additive
from lightship.compiler.sources.base import Batch
from lightship.preprocessing import Program
from lightship.tensors import Array, Signature, TensorSpec

FEATURES = "features"  # the input of a graph, and of a model whose columns are all numbers
PROBABILITIES = "probabilities"

Method = Callable[[Any], Any]
"""TensorFlow function of a tensor [rows, columns], which returns one tensor with a row for each row."""


class Graph:
    """Traced functions of one tensor ``features`` [rows, columns].

    ``methods`` are the name of the output and the function of each signature. ``classes`` are the names of the classes
    whose probabilities a function returns.
    """

    def __init__(
        self, methods: Mapping[str, tuple[str, Method]], columns: int, *, dtype: str, classes: tuple[str, ...] = ()
    ) -> None:
        tf = imports.framework("tensorflow")
        spec = tf.TensorSpec([None, columns], dtype, name=FEATURES)

        def traced(output: str, method: Method) -> Any:
            return tf.function(lambda features: {output: method(features)}, autograph=False).get_concrete_function(spec)

        self._functions = {name: traced(output, method) for name, (output, method) in methods.items()}
        self._classes = classes

    def signatures(self, inputs: tuple[TensorSpec, ...]) -> tuple[Signature, ...]:
        """Return the signatures with the model's own inputs."""
        return tuple(
            Signature(name, inputs, tuple(self._output(*output) for output in function.structured_outputs.items()))
            for name, function in self._functions.items()
        )

    def run(self, signature: str, features: Array) -> dict[str, Array]:
        """Return the outputs of a signature by name."""
        import tensorflow as tf

        outputs = self._functions[signature](tf.constant(features))
        return {name: tensor.numpy() for name, tensor in outputs.items()}

    def save(self, folder: Path) -> None:
        """Write the SavedModel."""
        import tensorflow as tf

        tf.saved_model.save(tf.Module(), str(folder), signatures=dict(self._functions))

    def _output(self, name: str, tensor: Any) -> TensorSpec:
        classes = self._classes if name == PROBABILITIES else ()
        return TensorSpec(name, tensor.dtype.name, tuple(tensor.shape), classes=classes)


@dataclass(frozen=True)
class ModelFile:
    """A model file.

    Attributes:
        source, size: those of :class:`~lightship.compiler.sources.base.Original`.
        work: a scratch folder of this compilation.
    """

    source: Mapping[str, str]
    size: int
    work: Path


class TracedOriginal:
    """What originals with a graph of their own have in common.

    The library itself is the reference: a subclass has ``run``, ``calls``, ``hints`` and ``subject``. See
    :class:`~lightship.compiler.sources.base.Original`.
    """

    stateful = False
    random_operators: tuple[str, ...] = ()
    reset = ""
    additive: Additive | None = None

    def __init__(self, file: ModelFile, graph: Graph, inputs: tuple[TensorSpec, ...], program: Program | None) -> None:
        self.source, self.size, self.notes = file.source, file.size, list[str]()
        self.signatures: tuple[Signature, ...] = graph.signatures(inputs)
        self.preprocessing: Mapping[str, Program] = (
            {signature.name: program for signature in self.signatures} if program else {}
        )
        self._graph, self._work = graph, file.work

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Return the signatures.

        The converted graph is compared with the library itself.
        """
        return self.signatures

    def candidates(self) -> Iterator[Path]:
        """Yield the SavedModel of the translated functions."""
        folder = self._work / "translated"
        self._graph.save(folder)
        yield folder

    def saved_model(self, folder: Path) -> bool:
        """Write the SavedModel of the translated functions, byte for byte reproducible."""
        self._graph.save(folder)
        exports.normalise(folder)
        return True
