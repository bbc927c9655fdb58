from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from lightship.compiler.verification import samples
from lightship.engines.causes import translated
from lightship.errors import CompileError, EngineError, TransformRefused
from lightship.tensors import Array, Signature, TensorSpec


def signature(*inputs: TensorSpec) -> Signature:
    return Signature("serving_default", inputs, (TensorSpec("y", "float32", (None,)),))


def test_generate_integers_stay_below_model_limit() -> None:
    def run(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        if inputs["n"].max() >= 60:
            raise EngineError("out of range")
        return {"y": inputs["n"]}

    inputs, _ = samples.generate(run, signature(TensorSpec("n", "int32", (None, 4))))
    assert inputs["n"].shape == (32, 4)
    assert inputs["n"].max() == 49


def test_generate_length_grows_until_output_is_not_empty() -> None:
    def run(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return {"y": inputs["x"][:, 100:]}

    inputs, _ = samples.generate(run, signature(TensorSpec("x", "float32", (None, None))))
    assert inputs["x"].shape == (32, 128)


def test_generate_without_accepted_inputs_raises_with_remedy() -> None:
    def run(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        raise EngineError("never")

    with pytest.raises(CompileError, match="'serving_default'.*--data"):
        samples.generate(run, signature(TensorSpec("x", "float32", (None, 2))))


def test_generate_sizes_not_fitting_each_other_are_tried_once() -> None:
    called = []

    def run(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        called.append(inputs["mask"].shape)
        cause = f"Dimensions must be equal, but are 16 and {inputs['mask'].shape[1]} for '{{{{node Mul}}}}'"
        raise translated(EngineError, "Keras could not run this input", cause)

    two = signature(TensorSpec("text", "string", (None,)), TensorSpec("mask", "int32", (None, None)))
    with pytest.raises(CompileError, match=r"'serving_default'.*sizes 16 and \d+ do not fit"):
        samples.generate(run, two)
    assert [shape[1] for shape in called] == list(samples.SIZES)


def test_generate_failing_transform_is_named_without_file_advice() -> None:
    def run(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        raise samples.TransformFailed("the transform 'own' raised KeyError in preprocess", detail="KeyError: 1")

    with pytest.raises(TransformRefused, match="^the transform 'own' raised KeyError") as refused:
        samples.generate(run, signature(TensorSpec("text", "string", (None,))))
    assert "numpy.savez" not in refused.value.message
    assert refused.value.detail == "KeyError: 1"


def test_make_every_dtype_is_reproducible() -> None:
    specs = [
        TensorSpec(dtype, dtype, (None, 3)) for dtype in ("bool", "int8", "uint64", "float16", "float64", "string")
    ]
    first, second = (samples.make(signature(*specs), size=8, bound=2**31 - 1) for _ in range(2))
    for spec in specs:
        assert first[spec.name].dtype == spec.numpy
        assert first[spec.name].shape == (32, 3)
        np.testing.assert_array_equal(first[spec.name], second[spec.name])
    assert first["int8"].max() == 127


def test_make_large_inputs_have_few_rows_and_fixed_inputs_keep_shape() -> None:
    large = samples.make(signature(TensorSpec("x", "float32", (None, 512, 512, 3))), size=8, bound=2)
    assert len(large["x"]) == samples.FEWEST_ROWS
    fixed = signature(TensorSpec("x", "float32", (1, 4)), TensorSpec("scalar", "float32", ()))
    made = samples.make(fixed, size=8, bound=2)
    assert (made["x"].shape, made["scalar"].shape) == ((1, 4), ())
    assert samples.take(made, fixed, 3)["x"].shape == (1, 4)


def test_generate_model_for_gpu_only_names_layout() -> None:
    def run(_: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        raise translated(EngineError, "Keras could not run this input", "The Conv2D op currently only supports NHWC")

    with pytest.raises(CompileError, match="channels_first") as refused:
        samples.generate(run, signature(TensorSpec("x", "float32", (None, 3, 8, 8))))
    assert "--data" not in refused.value.message


def test_make_signature_without_inputs_is_empty() -> None:
    signature = Signature("serving_default", (), (TensorSpec("y", "float32", (None, 1)),))
    assert samples.make(signature, size=1, bound=2) == {}
