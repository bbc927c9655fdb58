"""LiteRT's own format (.tflite).

The file is verified, opened by LiteRT, and compared with LiteRT's reference kernels where possible.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lightship import graphs
from lightship.bundle import DEFAULT_SIGNATURE, digest_file
from lightship.compiler.graph.randomness import select_random
from lightship.compiler.hints import Hint
from lightship.compiler.sources.additive import Additive
from lightship.compiler.sources.base import Batch, head, suffix
from lightship.compiler.sources.tflite.verifier import BrokenFile, Outline, outline, printable
from lightship.engines.causes import translated
from lightship.engines.litert import is_dynamic, plain_name, tensor_indices
from lightship.engines.litert_state import keeps_state
from lightship.errors import EngineError, SourceRefused
from lightship.preprocessing import Program
from lightship.tensors import DTYPES, Array, Signature, TensorSpec

IDENTIFIER = b"TFL3"  # bytes 4 to 7 of the flatbuffer
CUSTOM = frozenset({"TFLite_Detection_PostProcess"})  # custom operators included in LiteRT

# Most multiplications of one call for reference kernels: half a second, at about 20 times the usual kernels' time.
REFERENCE_MULTIPLICATIONS = 100_000_000
_ROWS = 32  # rows of the largest batch that the original runs


class TfliteFile:
    """Importer of .tflite files."""

    name = "tflite"
    accepts = "a .tflite file"

    def matches(self, path: Path) -> bool:
        """Return whether the suffix or the identifier is that of a .tflite file."""
        return (suffix(path) == ".tflite" and path.is_file()) or head(path)[4:] == IDENTIFIER

    def owns(self, path: Path) -> bool:
        """Return True: no other format matches."""
        return True

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Verify the file, and that LiteRT has all of its operators.

        No other engine can run the file. A file of one signature is run by its first subgraph. Raises SourceRefused.
        """
        found = _outline(path)
        missing = sorted(set(found.custom) - CUSTOM)
        if refused := graphs.phrases_of(graphs.flex_findings(missing)):
            raise SourceRefused(f"{path.name} is refused: it holds {'; '.join(refused)}")
        if missing:
            raise SourceRefused(
                f"{path.name} needs operators that LiteRT does not have, and no other engine runs .tflite files: "
                f"{', '.join(map(printable, missing[:10]))}"
            )
        numbers = list(found.signatures.values())
        if len(numbers) == 1 and numbers != [0]:
            raise SourceRefused(
                f"the only signature of {path.name} is of subgraph {numbers[0]}, expected 0: convert the model again "
                "with that function first"
            )
        return ()

    def load(self, path: Path, work: Path, *, trust: bool) -> TfliteOriginal:
        """Open the model in LiteRT."""
        return TfliteOriginal(path, _outline(path))


class TfliteOriginal:
    """A .tflite model run by LiteRT with its reference kernels.

    A model with quantised tensors is run by the kernels that serve it, in a separate interpreter, because two correct
    kernels may differ by one quantisation step. So is a model that is too large for the slow reference kernels.
    """

    reset = ""

    def __init__(self, path: Path, found: Outline) -> None:
        self.source: Mapping[str, str] = {"format": "tflite", "digest": digest_file(path)}
        self.notes: list[str] = []
        self.preprocessing: Mapping[str, Program] = {}
        self.additive: Additive | None = None
        self.size = path.stat().st_size
        self.stateful = keeps_state(path)
        self.random_operators = tuple(sorted(select_random(found.operators)))
        self._path = path
        self._reference = False
        interpreter = self._open()
        self.signatures = _signatures(path, interpreter)
        self._reference = not found.quantised and found.multiplications * self._rows() < REFERENCE_MULTIPLICATIONS
        self.subject = f"LiteRT's {'reference kernels' if self._reference else 'interpreter'}"
        self._interpreter = self._open()

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Call the model without state from earlier calls.

        Variable tensors are reset; for resource variables a new interpreter is created.
        """
        try:
            interpreter = self._open() if self.stateful else self._interpreter
            interpreter.reset_all_variables()
            if len(self.signatures) > 1:
                return dict(interpreter.get_signature_runner(signature)(**inputs))
            return _run_only(interpreter, inputs)
        except (RuntimeError, ValueError) as error:
            raise translated(EngineError, "LiteRT could not run this input", error) from None

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Callable[[], object]]:
        """Return :meth:`run` as the only call."""
        return {self.subject: lambda: self.run(signature, inputs)}

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Return the signatures: the file itself is served."""
        return self.signatures

    def hints(self, signature: Signature) -> dict[str, Hint]:
        """Return no hints: a quantised input takes every value of its dtype."""
        return {}

    def candidates(self) -> Iterator[Path]:
        """Yield the file itself."""
        yield self._path

    def saved_model(self, folder: Path) -> bool:
        """Return False: the format has no SavedModel."""
        return False

    def _rows(self) -> int:
        return _ROWS if any(spec.batched for signature in self.signatures for spec in signature.inputs) else 1

    def _open(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kernels = OpResolverType.BUILTIN_REF if self._reference else OpResolverType.AUTO
        try:
            interpreter = Interpreter(str(self._path), num_threads=1, experimental_op_resolver_type=kernels)
            if not is_dynamic(interpreter):  # with dynamic sizes, the placeholder shape may be impossible to allocate
                interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise translated(SourceRefused, f"{self._path.name} cannot be loaded", error) from None
        return interpreter


def _outline(path: Path) -> Outline:
    if head(path)[4:] != IDENTIFIER:
        raise SourceRefused(f"{path.name} is not a .tflite file: its identifier is not {IDENTIFIER.decode()}")
    try:
        return outline(path)
    except BrokenFile as error:
        raise SourceRefused(f"{path.name} is broken or truncated: {error}") from None


def _signatures(path: Path, interpreter: Any) -> tuple[Signature, ...]:
    """Return the signatures, the default one first.

    Where the file has none, the tensors' own names form one.
    """
    try:
        names = sorted(interpreter.get_signature_list(), key=lambda name: (name != DEFAULT_SIGNATURE, name))
        if not names:
            return (_unnamed_signature(interpreter),)
        return tuple(_named_signature(name, interpreter) for name in names)
    except (RuntimeError, ValueError) as error:
        raise translated(SourceRefused, f"the signatures of {path.name} cannot be read", error) from None


def _named_signature(name: str, interpreter: Any) -> Signature:
    runner = interpreter.get_signature_runner(name)
    if "self" in runner.get_input_details() and len(interpreter.get_signature_list()) > 1:
        raise SourceRefused(
            f"an input of signature '{name}' is called 'self', which LiteRT's Python interpreter cannot take from a "
            "file of several signatures: rename it, or write one file for each signature"
        )
    return Signature(
        name=name,
        inputs=tuple(_spec(key, entry) for key, entry in runner.get_input_details().items()),
        outputs=tuple(_spec(key, entry) for key, entry in runner.get_output_details().items()),
    )


def _unnamed_signature(interpreter: Any) -> Signature:
    return Signature(
        name=DEFAULT_SIGNATURE,
        inputs=tuple(_spec(plain_name(entry["name"]), entry) for entry in interpreter.get_input_details()),
        outputs=tuple(_spec(plain_name(entry["name"]), entry) for entry in interpreter.get_output_details()),
    )


def _run_only(interpreter: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Run the only signature by the indices of its tensors.

    Their names may not be valid keywords of Python.
    """
    indices = tensor_indices(interpreter, "inputs")
    for name, array in inputs.items():
        interpreter.resize_tensor_input(indices[name], array.shape)
    interpreter.allocate_tensors()
    for name, array in inputs.items():
        interpreter.set_tensor(indices[name], array)
    interpreter.invoke()
    return {name: interpreter.get_tensor(index) for name, index in tensor_indices(interpreter, "outputs").items()}


def _spec(name: str, entry: Mapping[str, Any]) -> TensorSpec:
    dtype = "string" if entry["dtype"] in (np.bytes_, np.object_) else np.dtype(entry["dtype"]).name
    if dtype not in DTYPES:
        raise SourceRefused(f"the tensor '{name}' has the dtype {dtype}, which requests do not support")
    sizes = entry["shape_signature"] if len(entry["shape_signature"]) else entry["shape"]
    return TensorSpec(name=name, dtype=dtype, shape=tuple(None if size < 0 else int(size) for size in sizes))
