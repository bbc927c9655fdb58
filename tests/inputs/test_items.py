"""Kind items: options of model.yaml, files of names, requests, limits, samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightship.errors import BundleError, InvalidInput, TooLarge
from lightship.inputs import configure, decode, decode_by_name, files, kind_of
from lightship.inputs.items import Items
from lightship.inputs.sampling import Sampler
from lightship.inputs.tables import from_csv
from lightship.tensors import Signature, TensorSpec
from lightship.tensors.names import LONGEST, MOST, Names, read_names

NAMES = ("Heat (1995)", "Fargo, the film", '<i>"Seven"</i>', "شاهد", "3", "größer")
OPTIONS = {"names": "films.txt"}


@pytest.fixture
def names(tmp_path: Path) -> Names:
    (tmp_path / "films.txt").write_text("\n".join(NAMES))
    return Names("films.txt", len(NAMES), tmp_path / "films.txt")


@pytest.fixture
def many(names: Names) -> TensorSpec:
    return TensorSpec("liked", "int32", (None, 4), {"type": "items", "pad": -1}, names=names)


@pytest.fixture
def one(names: Names) -> TensorSpec:
    return TensorSpec("user", "int64", (None, 1), {"type": "items", "pad": -1}, names=names)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["Heat (1995)", "3"], [[0, 4, -1, -1]]),
        ([["Heat (1995)"], [], None], [[0, -1, -1, -1], [-1] * 4, [-1] * 4]),
        ([" Fargo, the film "], [[1, -1, -1, -1]]),
        ([[1, 1, None, "größer"]], [[1, 1, -1, 5]]),
        ([5, -1, -1, -1], [[5, -1, -1, -1]]),
        ([], [[-1] * 4]),
        (None, [[-1] * 4]),
        ([None, None], [[-1] * 4] * 2),
        ("شاهد", [[3, -1, -1, -1]]),
    ],
)
def test_items_row_becomes_padded_indices(many: TensorSpec, value: Any, expected: list[list[int]]) -> None:
    array = decode(value, many)
    assert array.dtype == np.int32
    assert array.tolist() == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3", [[4]]),
        (["3", None], [[4], [-1]]),
        ([["3"], []], [[4], [-1]]),
        (0, [[0]]),
        (None, [[-1]]),
    ],
)
def test_items_input_of_one_item_accepts_single_name(one: TensorSpec, value: Any, expected: list[list[int]]) -> None:
    assert decode(value, one).tolist() == expected
    assert decode(value, replace(one, shape=(None,))).tolist() == [row[0] for row in expected]


@pytest.mark.parametrize(
    ("value", "row", "named"),
    [
        ([["3"], ["heat (1995)"]], 1, "heat.*similar.*'Heat \\(1995\\)'"),
        ([["3"], ["HEAT"]], 1, "'HEAT'.*similar.*'Heat \\(1995\\)'"),
        ([["3"], ["zzzzzzzz"]], 1, "zzzz.*'Heat"),
        ([["3"], [""]], 1, "''"),
        ([["3"] * 5], 0, "5 items.*4"),
        ([[6]], 0, "6 is not an index from 0 to 5"),
        ([[-2]], 0, "-2"),
        ([[3]], 0, 'send it as text, "3"'),
        ([[10**5000]], 0, "beyond 64 bits"),
        ([[True]], 0, "boolean"),
        ([[0.0]], 0, "number"),
        ([[["3"]]], 0, "list"),
        ([[{"a": 1}]], 0, "object"),
        ([["x" * 100_000]], 0, "x" * 80),
    ],
)
def test_items_wrong_row_is_refused_with_row_and_input(many: TensorSpec, value: Any, row: int, named: str) -> None:
    with pytest.raises(InvalidInput, match=named) as caught:
        decode(value, many)
    assert (caught.value.row, caught.value.input) == (row, "liked")
    assert len(caught.value.message) < 500


def test_items_input_of_any_length_is_as_long_as_longest_row(many: TensorSpec) -> None:
    free = replace(many, shape=(None, None))
    assert decode([["3"], ["größer", "3"]], free).tolist() == [[4, -1], [5, 4]]
    assert decode([[], []], free).tolist() == [[-1], [-1]]


def test_items_of_few_long_and_many_short_rows_are_refused(many: TensorSpec) -> None:
    rows: list[Any] = [[] for _ in range(70_000)] + [["3"] * 1000]
    with pytest.raises(TooLarge, match="70001 x 1000"):
        decode(rows, replace(many, shape=(None, None)))


def test_items_absent_inputs_are_rows_without_items(many: TensorSpec, one: TensorSpec) -> None:
    signature = Signature("serving_default", (one, many), ())
    arrays = decode_by_name({"user": ["3", "größer"]}, signature)
    assert {name: array.tolist() for name, array in arrays.items()} == {"user": [[4], [5]], "liked": [[-1] * 4] * 2}
    assert decode_by_name({}, signature)["liked"].tolist() == [[-1] * 4]


def test_items_in_csv_are_separated_by_bars(many: TensorSpec, one: TensorSpec) -> None:
    signature = Signature("serving_default", (one, many), ())
    body = 'user,liked\n3,"Fargo, the film| Heat (1995)"\n,\n"größer","<i>""Seven""</i>"\n'.encode()
    arrays = from_csv(body, signature, {})
    assert arrays["user"].tolist() == [[4], [-1], [5]]
    assert arrays["liked"].tolist() == [[1, 0, -1, -1], [-1] * 4, [2, -1, -1, -1]]
    assert from_csv(b"user\n3\n", signature, {})["liked"].tolist() == [[-1] * 4]


def test_items_tensor_of_other_protocol_must_hold_indices_or_padding(many: TensorSpec) -> None:
    kind = kind_of(many)
    kind.check_tensor(np.array([[0, 5, -1, -1]], np.int32), many)
    with pytest.raises(InvalidInput, match="6 is not") as caught:
        kind.check_tensor(np.array([[0, 1, 2, 3], [0, 6, -1, -1]], np.int32), many)
    assert caught.value.row == 1


def test_items_joined_rows_are_filled_up_to_longest(many: TensorSpec, one: TensorSpec) -> None:
    parts = [np.array([[0, 1]], np.int32), np.array([[5], [-1]], np.int32)]
    joined = kind_of(many).joined(parts, replace(many, shape=(None, None)))
    assert (joined.dtype, joined.tolist()) == (np.int32, [[0, 1], [5, -1], [-1, -1]])
    flat = kind_of(one).joined([np.array([0]), np.array([1, 2])], replace(one, shape=(None,)))
    assert flat.tolist() == [0, 1, 2]


def test_items_encode_is_inverse_of_decode(many: TensorSpec, one: TensorSpec) -> None:
    for spec, value in ((many, ["3", "3", '<i>"Seven"</i>']), (many, []), (one, "شاهد"), (one, [])):
        (row,) = decode([value], spec)
        assert kind_of(spec).encode(row, spec) == value
    unlocated = replace(many, names=replace(many.names, path=None) if many.names else None)
    assert kind_of(unlocated).encode(np.array([0, 1, -1, -1]), unlocated) is None


def test_items_sample_has_full_short_and_empty_rows(many: TensorSpec, one: TensorSpec) -> None:
    sampler = Sampler(np.random.default_rng(1), 8, 2**31 - 1)
    array = kind_of(many).sample(sampler, many, (32, 4))
    lengths = (array >= 0).sum(axis=1)
    assert array.dtype == np.int32
    assert set(lengths.tolist()) == {0, 1, 2, 3, 4}
    assert array.max() == len(NAMES) - 1
    kind_of(many).check_tensor(array, many)
    assert kind_of(one).sample(sampler, one, (32, 1)).min() == -1


@pytest.mark.parametrize(
    ("spec", "options", "named"),
    [
        (TensorSpec("x", "int32", (None, 4)), {}, "names"),
        (TensorSpec("x", "int32", (None, 4)), {"names": "films.csv"}, "films.csv"),
        (TensorSpec("x", "int32", (None, 4)), {"names": "a\nb.txt"}, "names"),
        (TensorSpec("x", "int32", (None, 4)), {"names": ["films.txt"]}, "names"),
        (TensorSpec("x", "int32", (None, 4)), {**OPTIONS, "length": 3}, "'length'"),
        (TensorSpec("x", "int32", (None, 4)), {**OPTIONS, "pad": "0"}, "pad"),
        (TensorSpec("x", "int32", (None, 4)), {**OPTIONS, "pad": 2}, "pad.*2"),
        (TensorSpec("x", "uint8", (None, 4)), OPTIONS, "uint8"),
        (TensorSpec("x", "float32", (None, 4)), OPTIONS, "float32"),
        (TensorSpec("x", "int32", (None, 4, 2)), OPTIONS, "batch, length"),
        (TensorSpec("x", "int32", (4,)), OPTIONS, "batch"),
    ],
)
def test_items_options_of_other_form_are_refused(
    spec: TensorSpec, options: dict[str, Any], named: str, names: Names
) -> None:
    with pytest.raises(InvalidInput, match=named):
        configure(replace(spec, names=names), "items", options)


def test_items_options_name_file_and_round_trip(names: Names) -> None:
    spec = TensorSpec("x", "uint8", (None, 4), names=names)
    record = configure(spec, "items", {**OPTIONS, "pad": 255})
    assert record == {"type": "items", "pad": 255}
    assert files("items", OPTIONS) == ("films.txt",)
    configured = replace(spec, kind=record)
    assert TensorSpec.from_json(configured.to_json()) == configured
    assert decode(["3"], configured).tolist() == [[4, 255, 255, 255]]


def test_items_form_has_file_count_and_most(many: TensorSpec, one: TensorSpec) -> None:
    assert kind_of(many).field(many).to_json({}) == {"kind": "items", "names": "films.txt", "count": 6, "most": 4}
    assert kind_of(one).field(one).to_json({})["most"] == 1


def test_names_file_with_mark_and_crlf_is_read() -> None:
    assert read_names("\ufeffa b\r\n  ü \r\n<b>".encode()) == ("a b", "ü", "<b>")
    joined = "\U0001f469\u200d\U0001f680"  # the character in the middle joins the others
    assert read_names(f"{joined}\nb\n".encode()) == (joined, "b")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "line 1 is empty"),
        (b"a\n\nb\n", "line 2 is empty"),
        (b"a\nb\n\n", "line 3 is empty"),
        (b"a\nb\na\n", "lines 1 and 3.*'a'"),
        (b"a\n a\n", "lines 1 and 2"),
        (b"a\nb|c\n", "line 2"),
        (b"a\nb\x00c\n", "line 2.*control"),
        (b"a\nb\x1b[2Jc\n", "line 2.*control"),
        ("a\nb\u2028c\n".encode(), "line 2.*control"),
        (b"a\n\xff\n", "UTF-8.*byte 2"),
        (b"a\n" + b"x" * (LONGEST + 1), "line 2.*501"),
        (b"\n".join(b"%d" % number for number in range(MOST + 1)), "200,001 names"),
    ],
)
def test_names_file_with_wrong_line_is_refused(data: bytes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        read_names(data)


def test_names_of_array_are_nested_lists_with_null_for_others(names: Names) -> None:
    assert names.of(np.array([[[0, -1], [99, 4]]])) == [[["Heat (1995)", None], [None, "3"]]]
    assert names.of(np.array([2**64 - 1, 1], np.uint64)) == [None, "Fargo, the film"]


@pytest.mark.parametrize("content", [None, "a\nb\n", "a\n\n"])
def test_names_file_changed_after_compile_is_refused(names: Names, content: str | None) -> None:
    assert names.path is not None
    names.path.write_text(content) if content else names.path.unlink()
    with pytest.raises(BundleError, match=r"films\.txt"):
        names.of(np.array([0]))


@pytest.mark.parametrize("pad", [2**63, -(2**63) - 1, "x", None])
def test_from_json_pad_beyond_64_bits_or_no_number_is_refused(pad: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        Items.from_json({"type": "items", "pad": pad})
