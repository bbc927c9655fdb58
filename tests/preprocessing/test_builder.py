"""Construction of programs, and programs one after another."""

from __future__ import annotations

import numpy as np

from lightship.preprocessing import Program, Step
from lightship.preprocessing.builder import ProgramBuilder, chain

SUM = Program((Step("tables.add", ("a", "b"), ("joined",)),), {"x": "joined"})
ADD = Program((Step("tables.add", ("x", "one"), ("joined",)),), {"n": "joined", "c": "c"}, {"one": np.array([1.0])})
CALL = {"a": np.array([[1.5]]), "b": np.array([[2.5]])}


def test_builder_names_differ_from_inputs_and_each_other() -> None:
    builder = ProgramBuilder(["v", "v_1"])
    names = [builder.constant(np.zeros(1), "v"), *builder.step("tables.add", ["v", "v"], {}, results=["v", "v"])]
    assert len({"v", "v_1", *names}) == 5


def test_built_program_runs_with_steps_and_constants() -> None:
    builder = ProgramBuilder(["a", "value"])
    assert builder.empty
    (sums,) = builder.step("tables.add", ["a", builder.constant(np.array([1.0]))], {})
    (cast,) = builder.step("arrays.cast", [sums], {"dtype": "int32"})
    program = builder.finish({"n": cast})
    assert not builder.empty
    assert program.inputs() == ("a",)
    assert program.bind().run(CALL)["n"].tolist() == [[2]]


def test_chained_programs_with_equal_names_run_in_order() -> None:
    chained = chain({"s": SUM}, {"s": ADD})["s"]
    assert chained.inputs() == ("a", "b", "c")
    outputs = chained.bind().run({**CALL, "c": np.array([7])})
    assert outputs["n"].tolist() == [[5.0]]
    assert outputs["c"].tolist() == [7]


def test_chained_input_with_name_of_inner_value_is_not_replaced() -> None:
    second = Program((Step("tables.add", ("x", "joined"), ("sum",)),), {"n": "sum"})
    outputs = chain({"s": SUM}, {"s": second})["s"].bind().run({**CALL, "joined": np.array([10.0])})
    assert outputs["n"].tolist() == [[14.0]]


def test_chain_keeps_programs_of_signatures_with_one() -> None:
    assert chain({"one": SUM, "both": SUM}, {"two": ADD, "both": ADD}).keys() == {"one", "two", "both"}
    assert chain({"one": SUM}, {"two": ADD}) == {"one": SUM, "two": ADD}
