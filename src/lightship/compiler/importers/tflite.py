"""LiteRT's own format (.tflite): compiled already, so it is checked and compared with TensorFlow's interpreter."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lightship import graphs
from lightship.bundle import DEFAULT_SIGNATURE, digest_file
from lightship.compiler.importers.base import head
from lightship.engines.litert import plain_name
from lightship.engines.tensorflow import first_line
from lightship.errors import EngineError, SourceRefused
from lightship.tensors import DTYPES, Array, Signature, TensorSpec

IDENTIFIER = b"TFL3"  # at bytes 4 to 7 of the flatbuffer
CUSTOM = frozenset({"TFLite_Detection_PostProcess"})  # the custom operators that LiteRT has


class TfliteFile:
    """See :class:`lightship.compiler.importers.base.Importer`."""

    name = "tflite"
    accepts = "a .tflite file"

    def matches(self, path: Path) -> bool:
        """By name or by the flatbuffer's identifier."""
        return (path.suffix == ".tflite" and path.is_file()) or head(path)[4:] == IDENTIFIER

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """The flatbuffer's outline, and that LiteRT has all of its operators: there is no other engine for it."""
        if head(path)[4:] != IDENTIFIER:
            raise SourceRefused(f"{path.name} is no .tflite file: its identifier is not {IDENTIFIER.decode()}")
        missing = sorted(set(_custom_operators(path)) - CUSTOM)
        if refused := graphs.phrases_of(graphs.flex_findings(missing)):
            raise SourceRefused(f"{path.name} is refused: it holds {'; '.join(refused)}")
        if missing:
            raise SourceRefused(
                f"{path.name} needs operators that LiteRT does not have, and a .tflite file has no other engine: "
                f"{', '.join(missing)}"
            )
        return ()

    def load(self, path: Path, work: Path, *, trust: bool) -> TfliteOriginal:
        """The model in TensorFlow's interpreter."""
        return TfliteOriginal(path)


class TfliteOriginal:
    """See :class:`lightship.compiler.importers.base.Original`."""

    subject = "TensorFlow's own tf.lite.Interpreter"

    def __init__(self, path: Path) -> None:
        self.source: Mapping[str, str] = {"format": "tflite", "digest": digest_file(path)}
        self.size = path.stat().st_size
        self._path = path
        self._interpreter = interpreter = self._open()
        names = sorted(interpreter.get_signature_list(), key=lambda name: (name != DEFAULT_SIGNATURE, name))
        if names:
            runners = {name: interpreter.get_signature_runner(name) for name in names}
            self.signatures = tuple(_named(name, runner) for name, runner in runners.items())
        else:
            self.signatures = (_unnamed(interpreter),)

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """One call of the interpreter, with its variable tensors reset: no state of another call."""
        interpreter = self._interpreter
        try:
            interpreter.reset_all_variables()
            if interpreter.get_signature_list():
                return dict(interpreter.get_signature_runner(signature)(**inputs))
            return _run_unnamed(interpreter, inputs)
        except (RuntimeError, ValueError) as error:
            raise EngineError(f"TensorFlow's interpreter could not run this input: {first_line(error)}") from None

    def candidates(self) -> Iterator[Path]:
        """The file itself."""
        yield self._path

    def saved_model(self, folder: Path) -> bool:
        """There is none."""
        return False

    def _open(self) -> Any:
        import tensorflow as tf

        try:
            interpreter = tf.lite.Interpreter(model_path=str(self._path))
            interpreter.allocate_tensors()
        except (RuntimeError, ValueError) as error:
            raise SourceRefused(f"{self._path.name} cannot be loaded: {first_line(error)}") from None
        return interpreter


def _custom_operators(path: Path) -> Iterator[str]:
    """Names of the custom operators, Flex ones among them; raises SourceRefused where the outline is broken."""
    from ai_edge_litert.schema_py_generated import Model

    try:
        model = Model.GetRootAsModel(path.read_bytes(), 0)
        if not model.SubgraphsLength() or not model.BuffersLength():
            raise SourceRefused(f"{path.name} is broken: it holds no graph")
        if model.ExternalBufferGroupsLength():
            raise SourceRefused(f"{path.name} is refused: it keeps weights in other files")
        for index in range(model.OperatorCodesLength()):
            if name := model.OperatorCodes(index).CustomCode():
                yield name.decode("utf-8", errors="replace")
    except (struct.error, IndexError, TypeError, ValueError, AttributeError):
        raise SourceRefused(f"{path.name} is broken or truncated: its tables cannot be read") from None


def _named(name: str, runner: Any) -> Signature:
    return Signature(
        name=name,
        inputs=tuple(_spec(key, entry) for key, entry in runner.get_input_details().items()),
        outputs=tuple(_spec(key, entry) for key, entry in runner.get_output_details().items()),
    )


def _unnamed(interpreter: Any) -> Signature:
    return Signature(
        name=DEFAULT_SIGNATURE,
        inputs=tuple(_spec(plain_name(entry["name"]), entry) for entry in interpreter.get_input_details()),
        outputs=tuple(_spec(plain_name(entry["name"]), entry) for entry in interpreter.get_output_details()),
    )


def _run_unnamed(interpreter: Any, inputs: Mapping[str, Array]) -> dict[str, Array]:
    details = {plain_name(entry["name"]): entry["index"] for entry in interpreter.get_input_details()}
    for name, array in inputs.items():
        interpreter.resize_tensor_input(details[name], array.shape)
    interpreter.allocate_tensors()
    for name, array in inputs.items():
        interpreter.set_tensor(details[name], array)
    interpreter.invoke()
    outputs = interpreter.get_output_details()
    return {plain_name(entry["name"]): interpreter.get_tensor(entry["index"]) for entry in outputs}


def _spec(name: str, entry: Mapping[str, Any]) -> TensorSpec:
    dtype = "string" if entry["dtype"] in (np.bytes_, np.object_) else np.dtype(entry["dtype"]).name
    if dtype not in DTYPES:
        raise SourceRefused(f"the tensor '{name}' is {dtype}, which no request can carry")
    sizes = entry["shape_signature"] if len(entry["shape_signature"]) else entry["shape"]
    return TensorSpec(name=name, dtype=dtype, shape=tuple(None if size < 0 else int(size) for size in sizes))
