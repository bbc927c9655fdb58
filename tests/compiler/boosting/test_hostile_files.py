"""Files of XGBoost and LightGBM that were changed by an attacker, or are broken."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.datasets import load_iris

from lightship.compiler import sources
from lightship.compiler.sources.boosting.xgboost.copy import written
from lightship.compiler.sources.boosting.xgboost.document import parse
from lightship.compiler.sources.boosting.xgboost.learner import read_learner
from lightship.errors import SourceRefused

IRIS, SPECIES = load_iris(return_X_y=True)
Document = dict[str, Any]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved")
    booster = xgboost.train({"nthread": 1, "max_depth": 3}, xgboost.DMatrix(IRIS, SPECIES), 2)
    booster.save_model(folder / "model.json")
    booster.save_model(folder / "model.ubj")
    options = {"verbose": -1, "num_threads": 1, "objective": "regression"}
    lightgbm.train(options, lightgbm.Dataset(IRIS, SPECIES), 2).save_model(folder / "model.txt")
    return folder


def refused(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(SourceRefused) as refusal:
        sources.find(path).check(path, path.parent)
    message = refusal.value.message
    assert message.startswith(path.name) and len(message) < 500 and "\n" not in message
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    return message


def tree(document: Document) -> Document:
    first: Document = document["learner"]["gradient_booster"]["model"]["trees"][0]
    return first


def put(name: str, index: int, value: Any) -> Callable[[Document], None]:
    return lambda document: tree(document)[name].__setitem__(index, value)


def replace(path: str, value: Any) -> Callable[[Document], None]:
    *parents, last = path.split(".")

    def apply(document: Document) -> None:
        for name in parents:
            document = document[name]
        document[last] = value

    return apply


CHANGES: dict[str, Callable[[Document], None]] = {
    "cycle": put("left_children", 1, 0),
    "own child": put("left_children", 0, 0),
    "child of two": put("left_children", 0, 2),
    "child beyond": put("right_children", 0, 10**6),
    "child below": put("right_children", 0, -7),
    "huge child": put("right_children", 0, 10**30),
    "feature beyond": put("split_indices", 0, 4),
    "feature below": put("split_indices", 0, -1),
    "text": put("split_conditions", 0, "0.5"),
    "null": put("split_conditions", 0, None),
    "fraction": put("left_children", 0, 1.5),
    "short array": lambda document: tree(document)["split_indices"].pop(),
    "short array of others": lambda document: tree(document)["base_weights"].pop(),
    "category": put("split_type", 0, 1),
    "nodes": lambda document: tree(document)["tree_param"].update(num_nodes="4000000000"),
    "negative nodes": lambda document: tree(document)["tree_param"].update(num_nodes="-5"),
    "no trees": replace("learner.gradient_booster.model.trees", []),
    "trees": replace("learner.gradient_booster.model.gbtree_model_param.num_trees", "99"),
    "object for trees": replace("learner.gradient_booster.model.trees", {}),
    "groups": replace("learner.gradient_booster.model.tree_info", [0, 5]),
    "features": replace("learner.learner_model_param.num_feature", "99999999999"),
    "no features": replace("learner.learner_model_param.num_feature", "0"),
    "classes": replace("learner.learner_model_param.num_class", "2147483647"),
    "score": replace("learner.learner_model_param.base_score", "[nan]"),
    "scores": replace("learner.learner_model_param.base_score", "[1,2]"),
    "objective": replace("learner.objective.name", "os.system"),
    "names": replace("learner.feature_names", ["a"]),
    "array for learner": replace("learner", []),
    "classes and targets": lambda document: document["learner"]["learner_model_param"].update(
        num_class="2", num_target="2"
    ),
    "classes of softmax": replace("learner.objective.name", "multi:softmax"),
    "version": replace("version", [0, 0, 0]),
    "no version": replace("version", []),
    "huge version": replace("version", [10**9, 0, 0]),
    "first trees": replace("learner.gradient_booster.model.iteration_indptr", [0, 1_000_000, 2]),
    "negative first tree": replace("learner.gradient_booster.model.iteration_indptr", [0, -1_000_000, 2]),
    "short first trees": replace("learner.gradient_booster.model.iteration_indptr", [2]),
    "long text of rounds": replace("learner.attributes", {"best_iteration": "0" * 5000 + "1"}),
    "rounds": replace("learner.attributes", {"best_iteration": "9" * 5000}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_check_changed_xgboost_file_is_refused(saved: Path, tmp_path: Path, change: str) -> None:
    document = json.loads((saved / "model.json").read_bytes())
    CHANGES[change](document)
    refused(tmp_path / "model.json", json.dumps(document).encode())


UNREAD: dict[str, Callable[[Document], Any]] = {
    "category": lambda document: tree(document).update(
        categories=[-2_000_000_000], categories_nodes=[0], categories_segments=[10**12], categories_sizes=[1]
    ),
    "nodes of categories": lambda document: tree(document).update(categories_nodes=[0]),
    "categories of columns": replace(
        "learner.gradient_booster.model.cats",
        {"enc": [{"type": 5, "values": [1]}], "feature_segments": [0, 10**9], "sorted_idx": [10**9]},
    ),
    "parent": put("parents", 1, 2**31 - 1),
    "id": lambda document: tree(document).update(id=10**9),
    "id twice": lambda document: tree(document).update(id=1),
    "deleted": lambda document: tree(document)["tree_param"].update(num_deleted="1000000"),
    "features": lambda document: tree(document)["tree_param"].update(num_feature="100000000"),
    "types": replace("learner.feature_types", ["c", "c", "c", "c"]),
    "split types": lambda document: tree(document).update(split_type=[]),
    "parameters of objective": replace("learner.objective.reg_loss_param", {"scale_pos_weight": "x"}),
}


def test_load_xgboost_opens_no_unread_field_of_file(saved: Path, tmp_path: Path) -> None:
    path, copies = tmp_path / "model.json", set()
    for change in [lambda document: None, *UNREAD.values()]:
        document = json.loads((saved / "model.json").read_bytes())
        change(document)
        path.write_text(json.dumps(document))
        copies.add(written(read_learner(parse(path), path.name)))
    assert len(copies) == 1
    original = sources.find(path).load(path, tmp_path, trust=False)
    expected = xgboost.Booster(model_file=saved / "model.json").predict(xgboost.DMatrix(IRIS))
    np.testing.assert_array_equal(original.run("predict", {"features": IRIS})["prediction"], expected)


def test_check_broken_json_is_refused(saved: Path, tmp_path: Path) -> None:
    path, whole = tmp_path / "model.json", (saved / "model.json").read_bytes()
    for end in range(20, len(whole), len(whole) // 20):
        refused(path, whole[:end])
    assert "twice" in refused(path, whole.replace(b'"num_feature":"4"', b'"num_feature":"4","num_feature":"9"', 1))
    assert "NaN" in refused(path, whole.replace(b'"split_conditions":[', b'"split_conditions":[NaN,', 1))
    refused(path, b'{"learner":' + b"[" * 100_000)
    refused(path, b'{"learner":' + b"9" * 5000 + b"}")
    refused(path, b'{"learner":"\xff"}')


def test_check_broken_ubj_is_refused(saved: Path, tmp_path: Path) -> None:
    path, whole = tmp_path / "model.ubj", (saved / "model.ubj").read_bytes()
    for end in range(0, len(whole), len(whole) // 40):
        refused(path, whole[:end])
    length = struct.pack(">q", 2**60)
    for data in (
        b"[$d#L" + length,
        b"[#L" + length,
        b"{L" + length,
        b"{L" + struct.pack(">q", -1),
        b"[" * 5000,
        b"{i\x01a" * 5000,
        b"{i\x01ai\x01i\x01ai\x02}",
        b"[$S#i\x01",
        b"X",
        whole + b"Z",
    ):
        refused(path, data)


@pytest.mark.parametrize("position", range(0, 40))
def test_check_ubj_with_random_bytes_raises_nothing_else(saved: Path, tmp_path: Path, position: int) -> None:
    rng = np.random.default_rng(position)
    data = bytearray((saved / "model.ubj").read_bytes())
    for index in rng.integers(0, len(data), 1 + position // 4):
        data[index] = rng.integers(0, 256)
    path = tmp_path / "model.ubj"
    path.write_bytes(data)
    try:
        sources.find(path).check(path, tmp_path)
    except SourceRefused as error:
        assert error.message.startswith("model.ubj")


LINES: dict[str, tuple[bytes, bytes]] = {
    "cycle": (b"left_child=", b"left_child=0 "),
    "child beyond": (b"right_child=", b"right_child=99999 "),
    "feature beyond": (b"split_feature=", b"split_feature=77 "),
    "feature below": (b"split_feature=", b"split_feature=-1 "),
    "threshold": (b"threshold=", b"threshold=nan "),
    "infinity": (b"leaf_value=", b"leaf_value=inf "),
    "leaves": (b"num_leaves=", b"num_leaves=9"),
    "huge leaves": (b"num_leaves=", b"num_leaves=99999999999999999999"),
    "text": (b"threshold=", b"threshold=x "),
    "features": (b"max_feature_idx=3", b"max_feature_idx=2000000000"),
    "groups": (b"num_tree_per_iteration=1", b"num_tree_per_iteration=7"),
    "classes": (b"num_class=1", b"num_class=50000"),
    "no classes": (b"num_class=1", b"num_class=0"),
    "groups of one class": (b"num_tree_per_iteration=1", b"num_tree_per_iteration=2"),
    "option of objective": (b"objective=regression", b"objective=regression num_class:3000000"),
    "sigmoid of regression": (b"objective=regression", b"objective=regression sigmoid:2"),
    "classes of objective": (b"objective=regression", b"objective=multiclass num_class:3000000"),
    "long integer": (b"num_leaves=", b"num_leaves=0000000000000"),
    "digits of another script": (b"num_leaves=", "num_leaves=\u0664".encode()),
    "no groups": (b"num_tree_per_iteration=1", b"num_tree_per_iteration=0"),
    "objective": (b"objective=regression", b"objective=os.system"),
    "version": (b"version=v4", b"version=v9"),
    "key twice": (b"num_cat=0", b"num_cat=0\nnum_cat=0"),
    "category": (b"decision_type=", b"decision_type=1 "),
    "categories": (b"num_cat=0", b"num_cat=3"),
    "linear": (b"is_linear=0", b"is_linear=1"),
    "tree number": (b"Tree=1", b"Tree=7"),
    "end": (b"end of trees", b"end"),
    "bytes": (b"feature_names=", b"feature_names=\xff"),
}


@pytest.mark.parametrize("change", LINES)
def test_check_changed_lightgbm_file_is_refused(saved: Path, tmp_path: Path, change: str) -> None:
    before, after = LINES[change]
    whole = (saved / "model.txt").read_bytes()
    assert before in whole
    start = whole.index(before)
    end = whole.index(b"\n", start)
    words = whole[start + len(before) : end].split(b" ")
    rest = words[1:] if after.endswith(b" ") else words  # the first value is replaced
    refused(tmp_path / "model.txt", whole[:start] + after + b" ".join(rest) + whole[end:])


def test_load_ignores_sizes_of_trees_in_lightgbm_file(saved: Path, tmp_path: Path) -> None:
    whole = (saved / "model.txt").read_bytes()
    start = whole.index(b"tree_sizes=")
    path = tmp_path / "model.txt"
    path.write_bytes(whole[:start] + b"tree_sizes=99999999 99999999" + whole[whole.index(b"\n", start) :])
    importer = sources.find(path)
    importer.check(path, tmp_path)
    original = importer.load(path, tmp_path, trust=False)
    expected = lightgbm.Booster(model_file=saved / "model.txt").predict(IRIS)
    np.testing.assert_allclose(original.run("predict", {"features": IRIS})["prediction"], expected, rtol=1e-6)


def test_load_lightgbm_opens_no_text_of_file(saved: Path, tmp_path: Path) -> None:
    whole = (saved / "model.txt").read_bytes()
    whole = re.sub(rb"(split_feature|left_child)=(-?\d+)", rb"\1=\g<2>e0", whole)
    whole = re.sub(rb"feature_infos=.*", b"feature_infos=[-1e999999:zz] none none " + b"9" * 400, whole)
    (tmp_path / "model.txt").write_bytes(whole)
    original = sources.find(tmp_path / "model.txt").load(tmp_path / "model.txt", tmp_path, trust=False)
    copy = (tmp_path / "validated.txt").read_bytes()
    assert b"e0" not in copy and b"zz" not in copy
    expected = lightgbm.Booster(model_file=saved / "model.txt").predict(IRIS)
    np.testing.assert_array_equal(original.run("predict", {"features": IRIS})["prediction"], expected.astype("f4"))


@pytest.mark.parametrize(
    ("name", "data", "named"),
    [
        ("dump.json", b'[{"nodeid":0}]', "XGBoost"),
        ("dump.json", b'{"name":"tree","tree_info":[]}', "LightGBM"),
        ("model.json", b'{"class_name":"Sequential"}', "configuration"),
        ("model.bin", b"binf\x00\x00", "XGBoost"),
    ],
)
def test_candidates_other_file_of_library_names_remedy(tmp_path: Path, name: str, data: bytes, named: str) -> None:
    assert named in refused(tmp_path / name, data)
