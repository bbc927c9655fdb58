"""The file for devices, made of a bundle's model and compared with it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from lightship.bundle import DEVICE, GOLDEN, MODEL, Bundle
from lightship.bundle.device import DeviceModel
from lightship.bundle.golden import read_golden
from lightship.compiler.device.fixed import FixedModel
from lightship.compiler.verification.parity import Bounds, Output, compare
from lightship.engines import litert
from lightship.engines.preprocessed import programs_of
from lightship.errors import LightshipError, ParityError
from lightship.preprocessing.program import BoundProgram
from lightship.tensors import Array, Signature

# Bytes of a model. LiteRT.js keeps the file and its copy in the memory of a page.
LARGEST = 256 * 1024**2

_SECONDS = 10.0  # for the comparison: a slow model is compared on fewer rows

Tensors = dict[str, Array]


class Undevisable(Exception):
    """Model without a file for devices; the message is the reason."""


def make(bundle: Bundle) -> DeviceModel:
    """Write ``device.tflite`` beside a bundle's model, where the model needs one.

    Returns the manifest's entry, which has the reason where devices cannot run the model.
    """
    try:
        return _made(bundle)
    except (Undevisable, ParityError) as error:
        return DeviceModel(reason=str(error))
    except LightshipError:
        return DeviceModel(reason="the model does not answer for one row")
    except Exception as error:  # LiteRT and flatbuffers raise any exception for an unforeseen file
        return DeviceModel(reason=f"LiteRT could not run the model with fixed sizes ({type(error).__name__})")


def _made(bundle: Bundle) -> DeviceModel:
    manifest, path = bundle.manifest, bundle.path / MODEL
    _check(bundle)
    signature = manifest.signatures[0]
    program = programs_of(bundle).get(signature.name)
    reference = _Reference(bundle, signature, program.bind() if program else None)
    model = FixedModel(path.read_bytes(), signature.name)
    if model.has_variables:
        raise Undevisable("calls change its variables")
    first = next(reference.rows())
    _check_sizes(model, first.inputs, signature)
    if not model.is_fixed:
        model.fix(inputs=_shapes(first.inputs), outputs=_shapes(first.outputs))
        model.narrow()
    content = path.read_bytes() if model.is_fixed else model.to_bytes()
    _compare(content, reference)
    if not model.is_fixed:
        (bundle.path / DEVICE).write_bytes(content)
    operators = dict.fromkeys(step.operator for step in program.steps) if program else ()
    return DeviceModel(MODEL if model.is_fixed else DEVICE, "", signature.name, tuple(operators))


def _check(bundle: Bundle) -> None:
    """Raise Undevisable for what no device can run."""
    manifest = bundle.manifest
    if manifest.engine != "litert":
        raise Undevisable("the model needs TensorFlow, which phones and browsers do not have")
    if manifest.transform:
        raise Undevisable("a user's transform makes the model's inputs")
    if manifest.stateful or manifest.reset:
        raise Undevisable("calls change its variables")
    if (size := (bundle.path / MODEL).stat().st_size) > LARGEST:
        raise Undevisable(
            f"the model has {size / 1024**2:,.0f} MiB, and a file for devices at most {LARGEST >> 20} MiB"
        )


def _check_sizes(model: FixedModel, inputs: Tensors, signature: Signature) -> None:
    """Raise Undevisable where more than the number of rows varies from call to call."""
    varying = [spec.name for spec in signature.inputs if None in spec.shape[1:]]
    for name, array in inputs.items():
        if array.dtype.kind == "O":
            raise Undevisable(f"its input '{name}' is strings, which devices cannot send")
        if varying and any(model.is_dynamic(name, axis) for axis in range(1, array.ndim)):
            raise Undevisable(f"the size of its input '{varying[0]}' differs from call to call")


@dataclass(frozen=True)
class _Row:
    """Inputs of the engine for one recorded row, and the outputs of the bundle."""

    inputs: Tensors
    outputs: Tensors


@dataclass(frozen=True)
class _Reference:
    """Answers of the bundle to its recorded rows, one by one."""

    bundle: Bundle
    signature: Signature
    program: BoundProgram | None

    def rows(self) -> Iterator[_Row]:
        """Yield the recorded rows; raises LightshipError where one row has no answer."""
        inputs, _ = read_golden(self.bundle.path / GOLDEN)[self.signature.name]
        engine = litert.load(self.bundle)
        batched = [spec.name for spec in self.signature.inputs if spec.batched]
        for row in range(len(inputs[batched[0]]) if batched else 1):
            one = {name: array[row : row + 1] if name in batched else array for name, array in inputs.items()}
            given = self.program.run(one) if self.program else one
            yield _Row(dict(given), engine.run(self.signature.name, given))


def _compare(content: bytes, reference: _Reference) -> None:
    """Raise ParityError or Undevisable unless a file gives the bundle's answers.

    Rows with integers that a device cannot send are left out.
    """
    device, name = Device(content), reference.signature.name
    end, parity = time.monotonic() + _SECONDS, reference.bundle.manifest.parity.get(name, {})
    compared = 0
    for row in reference.rows():
        if compared and time.monotonic() > end:
            return
        if not all(map(_fits, row.inputs.values())):
            continue
        compared += 1
        actual = device.run(row.inputs)
        for output, expected in row.outputs.items():
            recorded = parity.get(output)
            bounds = Bounds(recorded["rtol"], recorded["atol"]) if recorded else None
            compare(Output(name, output), expected, actual[output], bounds=bounds)
    if not compared:
        raise Undevisable("its recorded rows have integers beyond int32")


class Device:
    """A file as devices run it: without resizing, one interpreter for all calls.

    Raises ValueError or RuntimeError where LiteRT cannot load it.
    """

    def __init__(self, content: bytes) -> None:
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        if litert.is_dynamic(self._interpreter):
            raise ValueError("the file has sizes that are not fixed")
        self._interpreter.allocate_tensors()
        self._inputs = litert.tensor_indices(self._interpreter, "inputs")
        self._outputs = litert.tensor_indices(self._interpreter, "outputs")

    @classmethod
    def open(cls, path: Path) -> Device:
        """Load the file of a bundle."""
        return cls(path.read_bytes())

    def run(self, inputs: Tensors) -> Tensors:
        """Return outputs by name; raises Undevisable for sizes other than the file's."""
        try:
            for name, array in inputs.items():
                self._interpreter.set_tensor(self._inputs[name], _narrow(array))
        except ValueError:
            raise Undevisable("the sizes of its inputs differ from row to row") from None
        self._interpreter.invoke()
        return {name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()}


def _narrow(array: Array) -> Array:
    """Return integers as the file takes them: int32 in place of int64."""
    return array.astype(np.int32) if array.dtype == np.int64 else array


def _fits(array: Array) -> bool:
    return array.dtype != np.int64 or bool(np.array_equal(array.astype(np.int32), array))


def _shapes(tensors: Tensors) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in tensors.items()}
