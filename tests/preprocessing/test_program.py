"""Programs: order of steps, concatenation, storage, and the engine behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from lightship.bundle import Bundle, digests, write_manifest
from lightship.calls import Call
from lightship.engines.preprocessed import with_programs
from lightship.errors import BundleError, EngineError, InvalidInput
from lightship.model import Model
from lightship.preprocessing import Program, Step, read_programs, write_programs
from lightship.preprocessing.operators.texts.strings import fill
from lightship.tensors import Array
from tests.bundles import Registries

JOIN = Program(
    (
        Step("arrays.concatenate", ("a", "b"), ("joined",), {"axis": 1}),
        Step("arrays.cast", ("joined",), ("x",), {"dtype": "float32"}),
    ),
    {"x": "x"},
)
TWO = {"a": np.array([[1.5]]), "b": np.array([[2.5]])}


def test_program_steps_run_in_order() -> None:
    result = JOIN.bind().run(TWO)
    assert result["x"].tolist() == [[1.5, 2.5]]
    assert result["x"].dtype == np.float32


def test_program_inputs_are_values_without_origin() -> None:
    with_constant = replace(JOIN, constants={"b": TWO["b"]})
    assert (JOIN.inputs(), with_constant.inputs()) == (("a", "b"), ("a",))


def test_program_constants_of_several_signatures_are_stored_once(tmp_path: Path) -> None:
    words = np.array([b"\xff\x00", b""], dtype=np.object_)
    program = Program((), {"x": "words"}, {"words": words})
    records = write_programs(tmp_path, {"one": program, "two": replace(program, constants={"words": words.copy()})})
    assert records["one"] == records["two"]
    read = read_programs(tmp_path, records)
    assert read["two"].constants["words"].tolist() == words.tolist()


@pytest.mark.parametrize(
    "step",
    [
        Step("arrays.missing", ("a",), ("x",)),
        Step("os.system", ("a",), ("x",)),
        Step("no group", ("a",), ("x",)),
    ],
)
def test_program_with_unknown_operator_is_refused(step: Step) -> None:
    with pytest.raises(KeyError):
        Program((step,), {"x": "x"}).bind()


def test_program_failing_in_numpy_raises_engine_error() -> None:
    with pytest.raises(EngineError, match="preprocessing") as caught:
        JOIN.bind().run({"a": np.zeros((1, 1)), "b": np.zeros((2, 1))})
    assert "concatenat" in caught.value.detail


READ = Step("literals.to_numbers", ("a",), ("x",), {"dtype": "float32", "source": "a"})
TRANSCODE = Step("unicode.transcode", ("a",), ("x",), {"errors": "strict"})


@pytest.mark.parametrize("step", [READ, TRANSCODE], ids=["number", "text"])
@pytest.mark.parametrize("row", range(5))
def test_program_refusing_text_names_row(step: Step, row: int) -> None:
    texts = fill([b"1"] * 10).reshape(5, 2)
    texts[row:, 1] = b"\xff"
    with pytest.raises(InvalidInput) as refused:
        Program((step,), {"x": "x"}).bind().run({"a": texts, "b": np.zeros(5)})
    assert refused.value.row == row


def test_program_refusing_word_names_row_of_text() -> None:
    words = Step("splitting.split", ("a", "space"), ("positions", "words", "shape"))
    constants = {"space": np.array(b"", object)}
    bound = Program((words, replace(READ, inputs=("words",))), {"x": "x"}, constants).bind()
    with pytest.raises(InvalidInput, match="row 3, input 'a': ") as refused:
        bound.run({"a": fill([b"1 2", b"3 4 5", b"6 x", b"7"])})
    assert refused.value.row == 2


def test_program_refusing_scalar_names_no_row() -> None:
    with pytest.raises(InvalidInput) as refused:
        Program((READ,), {"x": "x"}).bind().run({"a": np.array(b"x", object)})
    assert refused.value.row is None


class Echo:
    """Engine that returns its inputs."""

    stateful = False

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        return dict(inputs)

    def clone(self) -> Echo:
        return Echo()


def test_engine_runs_programs_by_signature() -> None:
    engine = with_programs(Echo(), {"join": JOIN}).clone()
    assert list(engine.run("join", TWO)) == ["x"]
    assert list(engine.run("other", TWO)) == ["a", "b"]


def preprocessed(registries: Registries, folder: Path, step: Step) -> Bundle:
    """Return the bundle "pair" with a program of one step, which makes ``a``."""
    folder.mkdir()
    bundle = Bundle.open(registries.small / "pair" / "1").copy(folder)
    one = np.ones((1, 1))
    program = Program((step,), {"a": "joined", "b": "b"}, {"one": one})
    records = write_programs(folder, {bundle.manifest.signatures[0].name: program})
    manifest = bundle.manifest._replace(files=digests(folder), preprocessing=records)
    return write_manifest(folder, manifest)


def test_bundle_with_preprocessing_runs_program_before_engine(registries: Registries, tmp_path: Path) -> None:
    cast = Step("arrays.cast", ("a",), ("joined",), {"dtype": "float32"})
    bundle = preprocessed(registries, tmp_path / "bundle", cast)
    assert Bundle.open(bundle.path).manifest == bundle.manifest
    inputs = {"a": np.array([[1.0, 2.0]], np.float32), "b": np.array([[3.0]], np.float32)}
    model = Model.open(bundle.path)
    assert model.predict(Call(inputs)).outputs["sum"].tolist() == [[4.0, 5.0]]


@pytest.mark.parametrize(
    "step",
    [
        Step("arrays.later", ("a",), ("joined",)),
        Step("strings.matches", ("a",), ("joined",), {"pattern": "(?:a+)+b"}),
        Step("literals.from_numbers", ("a",), ("joined",), {"format": "%100000000d"}),
    ],
)
def test_bundle_with_invalid_step_is_refused(registries: Registries, tmp_path: Path, step: Step) -> None:
    bundle = preprocessed(registries, tmp_path / "bundle", step)
    with pytest.raises(BundleError, match="preprocessing"):
        Model.open(bundle.path)


def test_manifest_with_preprocessing_has_schema_2(registries: Registries, tmp_path: Path) -> None:
    cast = Step("arrays.cast", ("a",), ("joined",), {"dtype": "float32"})
    bundle = preprocessed(registries, tmp_path / "bundle", cast)
    plain = Bundle.open(registries.small / "pair" / "1")
    schemas = [orjson.loads(each.manifest.to_bytes())["schema"] for each in (plain, bundle)]
    assert schemas == [1, 2]
