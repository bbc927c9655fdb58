"""Calls of a user's code: arguments, results, errors and the time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.calls import Call
from lightship.errors import InvalidInput, TransformError, TransformTimeout, Unavailable
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.tensors import Signature, TensorSpec
from lightship.transforms import BoundTransform, Transform, load
from lightship.transforms.limited import MOST_ABANDONED
from tests.bundles import Registries
from tests.transforms.models import allowed, closed_gate, publish

X = TensorSpec("x", "float32", (None, 2))
N, TEXT = TensorSpec("n", "int64", (None,)), TensorSpec("text", "string", (None,))
CLIENT, MODEL = Signature("s", (TEXT,), (TEXT,)), Signature("s", (X, N), (X,))
ROWS = {"text": np.array([b"a", "\u00e9".encode()], object)}
RIGHT = {"x": np.zeros((2, 2), np.float32), "n": np.array([1, 2])}
PATIENCE = 30.0


def bound(pre: Callable[[Any], Any] | None, post: Callable[[Any], Any] | None = None) -> BoundTransform:
    return BoundTransform(Transform("own", "", pre, post), client=[CLIENT], model=[MODEL], seconds=PATIENCE)


def test_preprocess_returns_arrays_of_model() -> None:
    returned = bound(lambda inputs: RIGHT).preprocess("s", ROWS)
    assert returned.keys() == RIGHT.keys()


@pytest.mark.parametrize(
    ("returned", "named"),
    [
        (None, "NoneType.*x, n"),
        ([1, 2], "list"),
        ({"x": RIGHT["x"]}, "'n'"),
        ({**RIGHT, "more": RIGHT["n"]}, "'more'"),
        ({**RIGHT, "n": [1, 2]}, "'n' as list.*int64"),
        ({**RIGHT, "x": np.zeros((2, 2))}, r"'x' as float64 \[2, 2\].*float32 \[any, 2\]"),
        ({**RIGHT, "x": np.zeros((2, 3), np.float32)}, r"\[2, 3\]"),
        ({**RIGHT, "x": np.zeros(2, np.float32)}, r"\[2\]"),
        ({**RIGHT, "x": np.zeros((2, 2), ">f4")}, "'x'"),
        ({**RIGHT, "n": np.array([1])}, "1 rows of 'n', expected 2"),
        ({**RIGHT, "n": np.array([1, 2, 3])}, "3 rows of 'n', expected 2"),
    ],
)
def test_preprocess_returning_anything_else_raises_transform_error(returned: Any, named: str) -> None:
    with pytest.raises(TransformError, match=f"'own' failed in preprocess.*{named}"):
        bound(lambda inputs: returned).preprocess("s", ROWS)


@pytest.mark.parametrize(
    "returned",
    [
        np.array(["a", "\u00e9"]),
        np.array([b"a", "\u00e9".encode()], object),
        np.array(["a", "\u00e9".encode()], object),
        np.array([b"a", "\u00e9".encode()]),
    ],
)
def test_postprocess_text_becomes_utf8_bytes(returned: Any) -> None:
    found = bound(None, lambda outputs: {"text": returned}).postprocess("s", [{"x": RIGHT["x"]}], ROWS)
    assert found["text"].tolist() == [b"a", "\u00e9".encode()]


@pytest.mark.parametrize("wrong", [np.array([1, "a"], object), np.array(["a", "\ud800"], object)])
def test_postprocess_invalid_text_raises_transform_error(wrong: Any) -> None:
    with pytest.raises(TransformError, match="'text'"):
        bound(None, lambda outputs: {"text": wrong}).postprocess("s", [{"x": RIGHT["x"]}], ROWS)


def test_missing_function_passes_matching_arrays_only() -> None:
    same = BoundTransform(Transform("own", ""), client=[MODEL], model=[MODEL], seconds=1)
    assert same.preprocess("s", RIGHT).keys() == RIGHT.keys()
    with pytest.raises(TransformError, match="'x'"):
        bound(None).preprocess("s", ROWS)


def test_preprocess_cannot_change_inputs_of_caller() -> None:
    def change(inputs: Any) -> Any:
        inputs["text"][0] = b"z"

    with pytest.raises(TransformError, match="ValueError") as raised:
        bound(change).preprocess("s", ROWS)
    assert "read-only" in raised.value.detail
    assert ROWS["text"][0] == b"a"


def test_preprocess_strided_result_becomes_contiguous() -> None:
    wide = np.arange(8, dtype=np.float32).reshape(2, 4)
    returned = bound(lambda inputs: {**RIGHT, "x": wide[:, ::2]}).preprocess("s", ROWS)["x"]
    assert (returned.flags.c_contiguous, returned.tolist()) == (True, [[0.0, 2.0], [4.0, 6.0]])


def test_postprocess_with_two_parameters_gets_inputs_of_client(tmp_path: Path) -> None:
    code = "def postprocess(outputs, inputs):\n    return {'text': inputs['text']}\n"
    transform = load("own", allowed(tmp_path / "code", code, name="own"))
    found = BoundTransform(transform, client=[CLIENT], model=[MODEL], seconds=PATIENCE)
    assert found.postprocess("s", [{"x": RIGHT["x"]}], ROWS)["text"].tolist() == ROWS["text"].tolist()


def test_postprocess_cannot_change_inputs_of_client(tmp_path: Path) -> None:
    code = "def postprocess(outputs, inputs):\n    inputs['text'][0] = b'z'\n"
    transform = load("own", allowed(tmp_path / "code", code, name="own"))
    with pytest.raises(TransformError, match="ValueError"):
        BoundTransform(transform, client=[CLIENT], model=[MODEL], seconds=PATIENCE).postprocess("s", [RIGHT], ROWS)
    assert ROWS["text"][0] == b"a"


@pytest.mark.parametrize("parameters", ["outputs", "outputs, more=None", "outputs, *, more=None"])
def test_postprocess_with_one_required_parameter_gets_outputs_only(tmp_path: Path, parameters: str) -> None:
    code = f"def postprocess({parameters}):\n    return {{'text': outputs['x'][:, 0].astype(str)}}\n"
    transform = load("own", allowed(tmp_path / "code", code, name="own"))
    found = BoundTransform(transform, client=[CLIENT], model=[MODEL], seconds=PATIENCE)
    assert found.postprocess("s", [RIGHT], ROWS)["text"].tolist() == [b"0.0", b"0.0"]


SINGLE = Signature("s", (TensorSpec("x", "float32", (1, 2)),), (TensorSpec("x", "float32", (1, 2)),))


def test_model_of_one_row_is_called_for_each_row() -> None:
    rows = Signature("s", (X,), (X,))
    found = BoundTransform(Transform("own", ""), client=[rows], model=[SINGLE], seconds=PATIENCE)
    two = {"x": np.float32([[1, 2], [3, 4]])}
    calls = found.calls("s", found.preprocess("s", two))
    assert [call["x"].tolist() for call in calls] == [[[1.0, 2.0]], [[3.0, 4.0]]]
    assert found.postprocess("s", calls, two)["x"].tolist() == two["x"].tolist()


def test_model_of_one_row_with_clients_of_one_row_is_called_once() -> None:
    found = BoundTransform(Transform("own", ""), client=[SINGLE], model=[SINGLE], seconds=PATIENCE)
    with pytest.raises(TransformError, match=r"float32 \[2, 2\].*\[1, 2\]"):
        found.preprocess("s", {"x": np.zeros((2, 2), np.float32)})
    assert len(found.calls("s", {"x": np.zeros((1, 2), np.float32)})) == 1


class Mine(InvalidInput):
    """A user's own class of refusals."""


@pytest.mark.parametrize("error", [InvalidInput("wrong amount"), Mine("wrong amount")])
def test_invalid_input_of_user_code_is_mistake_of_client(error: Exception) -> None:
    def refuse(inputs: Any) -> Any:
        raise error

    with pytest.raises(InvalidInput, match="wrong amount"):
        bound(refuse).preprocess("s", ROWS)


@pytest.mark.parametrize("error", [KeyError("secret"), SystemExit(1), Unavailable("secret"), KeyboardInterrupt()])
def test_exception_of_user_code_becomes_transform_error(error: BaseException) -> None:
    def fail(inputs: Any) -> Any:
        raise error

    with pytest.raises(TransformError, match=type(error).__name__) as raised:
        bound(fail).preprocess("s", ROWS)
    assert raised.value.__cause__ is error
    assert "secret" not in raised.value.message
    assert "in fail" in raised.value.detail


@pytest.fixture
def model(registries: Registries, tmp_path: Path) -> Callable[[float], Model]:
    """Return a function that loads the model with a time limit."""
    bundle = publish(Registry(str(tmp_path / "models")), registries.small)
    return lambda seconds: Model.load(bundle, transforms=allowed(tmp_path / "code", seconds=seconds))


def call(*cells: str) -> Call:
    return Call({"amounts": np.array([[cell.encode() for cell in cells]], object)})


def test_model_runs_transform_before_and_after_engine(model: Callable[[float], Model]) -> None:
    loaded = model(PATIENCE)
    inputs, outputs = loaded.golden()
    result = loaded.predict(Call(inputs)).outputs
    assert {name: array.tolist() for name, array in result.items()} == {
        name: array.tolist() for name, array in outputs.items()
    }
    assert loaded.clone().predict(Call(inputs, "halve")).outputs["y"].tolist() == [[0.75, 2.0], [50.0, 0.25]]


def test_hanging_calls_end_at_limit_and_then_are_refused_at_once(model: Callable[[float], Model]) -> None:
    loaded = model(0.1)
    threads = threading.active_count()
    with closed_gate():
        for _ in range(MOST_ABANDONED):
            with pytest.raises(TransformTimeout, match=r"preprocess.*0\.1 s"):
                loaded.predict(call("hang", "1"))
        with pytest.raises(Unavailable, match="have not returned"):
            loaded.predict(call("1", "1"))
        assert threading.active_count() <= threads + MOST_ABANDONED
    deadline = time.monotonic() + PATIENCE
    while True:  # when they have returned, calls are accepted again
        try:
            assert loaded.predict(call("1", "1")).outputs["label"].tolist() == ["n\u00f6".encode()]
            break
        except (Unavailable, TransformTimeout):
            assert time.monotonic() < deadline


def test_thread_of_model_ends_after_deletion(model: Callable[[float], Model]) -> None:
    loaded = model(PATIENCE)
    before = set(threading.enumerate())  # with the thread that imported the transform, which may be ending
    loaded.predict(call("1", "1"))
    (worker,) = set(threading.enumerate()) - before
    del loaded
    worker.join(PATIENCE)
    assert not worker.is_alive()
