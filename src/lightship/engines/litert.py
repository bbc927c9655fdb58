"""LiteRT engine: one interpreter per running thread, on one memory-mapped file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ai_edge_litert.interpreter import Interpreter

from lightship.bundle import DEFAULT_SIGNATURE, MODEL, Bundle
from lightship.errors import BundleError, EngineError, LightshipError
from lightship.tensors import Array

Run = Callable[[Mapping[str, Array]], dict[str, Array]]


def load(bundle: Bundle) -> LiteRTEngine:
    """Open the bundle's model; raises BundleError where LiteRT cannot read it.

    An older manifest does not record whether the model is stateful; then this is derived from its operators.
    """
    path, manifest = bundle.path / MODEL, bundle.manifest
    stateful = manifest.stateful
    if stateful is None:
        from lightship.engines.litert_state import keeps_state  # not imported for newer bundles

        stateful = keeps_state(path)
    return LiteRTEngine(path, stateful=stateful, reset=manifest.reset)


class LiteRTEngine:
    """Engine that runs a .tflite file.

    An interpreter holds the tensors of one call. A thread takes an idle one, or opens another, so there are at most as
    many as threads that ran at the same time.

    LiteRT keeps resource variables from call to call and cannot reset them. For a ``stateful`` file, the signature
    ``reset`` assigns their initial values before each call; without one, each call has a new interpreter.
    """

    def __init__(self, path: Path, *, stateful: bool = False, reset: str = "") -> None:
        self.stateful = stateful
        self._path = path
        self._reset = reset if stateful else ""
        self._fresh = stateful and not reset
        self._idle = [self._open()]  # also for a stateful file, whose first call uses it: errors are raised on load

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See :class:`lightship.engines.base.Engine`."""
        try:
            signatures = self._idle.pop()  # list.pop and append are atomic: no lock
        except IndexError:
            signatures = self._open()
        try:
            return signatures[signature](inputs)
        except (RuntimeError, ValueError) as error:
            raise _translated(EngineError, "LiteRT could not run this input", error) from None
        finally:
            if not self._fresh:
                self._idle.append(signatures)

    def clone(self) -> LiteRTEngine:
        """See :class:`lightship.engines.base.Engine`: a new shape reallocates the tensors."""
        return LiteRTEngine(self._path, stateful=self.stateful, reset=self._reset)

    def _open(self) -> dict[str, Run]:
        try:
            interpreter = Interpreter(model_path=str(self._path), num_threads=1)
            names = list(interpreter.get_signature_list())
            if self._reset:
                return _with_reset(interpreter, names, self._reset)
            if len(names) > 1:
                return {name: _subgraph(interpreter, name) for name in names}
            if not is_dynamic(interpreter):
                interpreter.allocate_tensors()
            return {(names or [DEFAULT_SIGNATURE])[0]: _Primary(interpreter).run}
        except (RuntimeError, ValueError) as error:
            message = f"LiteRT cannot load {self._path.name}"
            raise _translated(BundleError, message, error, path=str(self._path)) from None


class _Primary:
    """Runner of the interpreter's first subgraph, for files with up to one signature.

    Resizing and allocating cost more than running a small model, so they happen on a new shape only. Variable tensors
    (the state of a recurrent layer) are cleared before each call, because requests are independent.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        self._interpreter = interpreter
        self.inputs = tensor_indices(interpreter, "inputs")
        self.outputs = tensor_indices(interpreter, "outputs")
        self._shapes: dict[str, tuple[int, ...]] = {}

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return outputs by name."""
        interpreter = self._interpreter
        for name, array in inputs.items():
            if self._shapes.get(name) != array.shape:
                self._resize(inputs)
                break
        else:
            interpreter.reset_all_variables()
        for name, array in inputs.items():
            interpreter.set_tensor(self.inputs[name], array)
        interpreter.invoke()
        outputs: dict[str, Array] = {}
        for name, index in self.outputs.items():  # faster than a comprehension
            outputs[name] = interpreter.get_tensor(index)
        return outputs

    def _resize(self, inputs: Mapping[str, Array]) -> None:
        self._shapes = {}  # if allocating fails, the next call resizes again
        for name, array in inputs.items():
            self._interpreter.resize_tensor_input(self.inputs[name], array.shape)
        self._interpreter.allocate_tensors()
        self._shapes = {name: array.shape for name, array in inputs.items()}


def tensor_indices(interpreter: Interpreter, side: str) -> dict[str, int]:
    """Return indices by tensor name in the signature, or in the graph without one."""
    details = interpreter.get_input_details() if side == "inputs" else interpreter.get_output_details()
    signatures = interpreter.get_signature_list()
    if not signatures:
        return {plain_name(entry["name"]): entry["index"] for entry in details}
    (name,) = signatures
    runner = interpreter.get_signature_runner(name)
    named = runner.get_input_details() if side == "inputs" else runner.get_output_details()
    return {key: entry["index"] for key, entry in named.items()}


def is_dynamic(interpreter: Interpreter) -> bool:
    """Return whether an input has dynamic sizes.

    The file's placeholder sizes may then be impossible to allocate.
    """
    return any((entry["shape_signature"] < 0).any() for entry in interpreter.get_input_details())


def plain_name(tensor: str) -> str:
    """Return ``x`` for a tensor that a converter named ``serving_default_x:0``."""
    return tensor.removesuffix(":0").removeprefix(f"{DEFAULT_SIGNATURE}_")


def _subgraph(interpreter: Interpreter, name: str) -> Run:
    runner = interpreter.get_signature_runner(name)
    if "self" in runner.get_input_details():  # a runner takes tensors as keyword arguments only
        raise ValueError(f"signature '{name}' of several has an input 'self', which LiteRT's Python API cannot take")

    def run(inputs: Mapping[str, Array]) -> dict[str, Array]:
        interpreter.reset_all_variables()
        outputs: dict[str, Array] = runner(**inputs)
        return outputs

    return run


def _translated(kind: type[LightshipError], message: str, error: Exception, *, path: str = "") -> LightshipError:
    from lightship.engines.causes import translated  # imported on a failure only

    return translated(kind, message, error, path=path)


def _with_reset(interpreter: Interpreter, names: list[str], reset: str) -> dict[str, Run]:
    """Return the signatures other than ``reset``, each of which runs it first."""
    start = interpreter.get_signature_runner(reset)

    def from_initial_state(run: Run) -> Run:
        def wrapped(inputs: Mapping[str, Array]) -> dict[str, Array]:
            start()
            return run(inputs)

        return wrapped

    return {name: from_initial_state(_subgraph(interpreter, name)) for name in names if name != reset}
