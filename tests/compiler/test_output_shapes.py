"""Outputs of unknown rank: their shapes are measured, or the model is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from lightship.compiler import compile_model
from lightship.compiler.sources.saved_model.output_shapes import Shape, measure
from lightship.errors import EngineError, SourceRefused
from lightship.registry.registry import Registry
from lightship.tensors import Array, Signature, TensorSpec
from tests.compiler.conftest import Compile


def _measured(input_shape: Shape, compute: Callable[[Array], Array]) -> Shape:
    def run(name: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {"y": compute(inputs["x"])}

    signature = Signature("serve", (TensorSpec("x", "float32", input_shape),), (TensorSpec("y", "float32", ()),))
    (output,) = measure(run, signature, {}, unknown=["y"]).outputs
    return output.shape


def _three_rows(x: Array) -> Array:
    if len(x) < 3:
        raise EngineError("too few rows")
    return x


@pytest.mark.parametrize(
    ("input_shape", "compute", "shape"),
    [
        pytest.param((None, 4), lambda x: x[:, :3], (None, 3), id="rows"),
        pytest.param((None, 4), lambda x: x.sum(axis=0), (4,), id="no rows"),
        pytest.param((None, 4), lambda x: x.sum(), (), id="scalar"),
        pytest.param((None, 4), lambda x: x @ x.T, (None, None), id="a column for each row"),
        pytest.param((None, None, 4), lambda x: x[..., :1], (None, None, None), id="rows of any length"),
        pytest.param((2, 4), lambda x: x[:, :3], (2, 3), id="fixed"),
        pytest.param((None, 4), _three_rows, (None, 4), id="at least three rows"),
    ],
)
def test_measure_output_has_sizes_of_two_calls(
    input_shape: Shape, compute: Callable[[Array], Array], shape: Shape
) -> None:
    assert _measured(input_shape, compute) == shape


def test_measure_output_with_rank_depending_on_rows_raises() -> None:
    with pytest.raises(ValueError, match="y"):
        _measured((None, 4), np.squeeze)


def test_compile_outputs_of_unknown_rank_have_measured_shapes(compiled: Compile) -> None:
    _, model = compiled("unknown_rank")
    (output,) = model.manifest.signature().outputs
    assert output.shape == (None, 2)


def test_compile_output_with_varying_rank_is_refused_by_name(sources: Path, registry: Registry) -> None:
    with pytest.raises(SourceRefused, match="'y'"):
        compile_model(sources / "varying_rank", registry=registry)
