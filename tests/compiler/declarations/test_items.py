"""Models of the kind items: compile, call, explain, score, refuse files."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow
import pytest
from click.testing import CliRunner
from pyarrow import parquet

from lightship.app.document import document
from lightship.bundle import Bundle
from lightship.calls import Call, ModelState
from lightship.cli import lightship
from lightship.compiler import CompileOptions, compile_model
from lightship.compiler.declarations.config import Config
from lightship.errors import BundleError, CompileError
from lightship.model import Model
from lightship.protocols.http import Request, Response
from lightship.registry.registry import Registry
from lightship.tensors import Signature, TensorSpec
from tests.compiler.declarations.items_models import NAMES
from tests.jobs.clouds import moto_cloud
from tests.jobs.scoring import name_of, scored
from tests.model_files import written_once
from tests.serve import Answers

HOSTILE = [NAMES[7], NAMES[20], NAMES[21], NAMES[22]]
ROWS: list[dict[str, Any]] = [
    {"user": "ada", "liked": ["thing 03", "thing 04"]},
    {"user": None, "liked": []},
    {"user": "7", "liked": HOSTILE},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_once("tests.compiler.declarations.items_models", "items", tmp_path_factory)


@pytest.fixture(scope="module")
def compiled(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Return a registry with the model shop."""
    registry = Registry(str(tmp_path_factory.mktemp("registry")))
    options = CompileOptions(config=folder / "model.yaml")
    assert compile_model(folder / "shop.keras", registry=registry, options=options).engine == "litert"
    return registry


@pytest.fixture(scope="module")
def bundle(compiled: Registry) -> Bundle:
    return compiled.open("shop", 1)


def ask(compiled: Registry, path: str, body: Any, *, method: str = "POST", **headers: str) -> Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    headers = {"content-type": "application/json", **headers}
    return Answers(compiled).answer(Request(method, path, headers=headers, caller="test", body=content))


def answered(compiled: Registry, path: str, body: Any, *, method: str = "POST") -> Any:
    answer = ask(compiled, path, body, method=method)
    assert answer.status == 200, answer.body
    return orjson.loads(answer.in_memory().body)


def test_bundle_with_changed_file_of_names_is_refused(bundle: Bundle, folder: Path, tmp_path: Path) -> None:
    assert {"assets/things.txt", "assets/users.txt"} <= bundle.manifest.files.keys()
    assert (bundle.path / "assets/things.txt").read_bytes() == (folder / "things.txt").read_bytes()
    (things,) = (spec for spec in bundle.manifest.signature().outputs if spec.name == "things")
    assert things.names is not None
    assert (things.names.count, things.scores, things.reasons) == (50, "score", "because")
    copied = tmp_path / "bundle"
    shutil.copytree(bundle.path, copied)
    (copied / "assets/things.txt").write_text("\n".join(reversed(NAMES)))
    with pytest.raises(BundleError, match=r"things\.txt"):
        Bundle.open(copied)


def test_manifest_without_file_of_names_is_refused(bundle: Bundle, tmp_path: Path) -> None:
    files = {name: digest for name, digest in bundle.manifest.files.items() if name != "assets/things.txt"}
    (tmp_path / "manifest.json").write_bytes(bundle.manifest._replace(files=files).to_bytes())
    with pytest.raises(BundleError, match=r"things\.txt"):
        Bundle.reopen(tmp_path)


def test_native_answer_has_names_scores_and_reasons(compiled: Registry) -> None:
    found = answered(compiled, "/models/shop/predict", {"input": ROWS})["predictions"]
    assert found["things"][0] == ["thing 02", "thing 05", "thing 01", "thing 06", "thing 00"]
    assert found["because"][0][0] == ["thing 03", "thing 04"]
    assert found["because"][1] == [[None, None]] * 5
    assert np.shape(found["score"]) == (3, 5)
    assert not set(found["things"][2]) & set(HOSTILE)
    assert set(found["because"][2][0]) <= {*HOSTILE, None}
    assert answered(compiled, "/predict", {"input": ROWS}) == found


def test_native_answer_is_equal_for_names_and_indices(compiled: Registry) -> None:
    indices = {"user": [0], "liked": [[NAMES.index("thing 03"), NAMES.index("thing 04")]]}
    names = {"user": ["ada"], "liked": [["thing 03", "thing 04"]]}
    assert answered(compiled, "/predict", {"input": indices}) == answered(compiled, "/predict", {"input": names})


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ([{"user": "ada", "liked": []}, {"user": "adda"}], "row 2, input 'user': .*'adda'.*'ada'"),
        ([{"user": "ada", "liked": ["Thing 03"]}], "row 1, input 'liked': .*'Thing 03'.*'thing 03'"),
        ([{"user": "ada", "liked": ["thing 03"] * 5}], "row 1, input 'liked': 5 items.*4"),
        ([{"user": 7}], "row 1, input 'user': .*\"7\""),
        ([{"viewer": "ada"}], "viewer"),
        ({"user": ["ada", "bob"], "liked": [[]]}, "'user' has 2.*'liked' has 1"),
    ],
)
def test_native_request_with_wrong_item_is_refused(compiled: Registry, body: Any, named: str) -> None:
    answer = ask(compiled, "/predict", {"input": body})
    assert answer.status == 400
    error = orjson.loads(answer.body)["error"]
    assert error["code"] == "invalid_input"
    assert re.search(named, error["message"]), error["message"]


def test_other_protocols_answer_with_indices(compiled: Registry) -> None:
    names = [{"user": "ada", "liked": ["thing 03", "thing 04"]}]
    expected = [2, 5, 1, 6, 0]
    tfserving = answered(compiled, "/v1/models/shop:predict", {"instances": names})
    assert tfserving["predictions"][0]["things"] == expected
    padded = [{"user": [0], "liked": [3, 4, -1, -1]}]
    assert answered(compiled, "/v1/models/shop:predict", {"instances": padded}) == tfserving
    tensors = [
        {"name": "user", "datatype": "INT32", "shape": [1, 1], "data": [0]},
        {"name": "liked", "datatype": "INT32", "shape": [1, 4], "data": [3, 4, -1, -1]},
    ]
    outputs = {
        each["name"]: each for each in answered(compiled, "/v2/models/shop/infer", {"inputs": tensors})["outputs"]
    }
    assert outputs["things"]["data"] == expected
    records = {"dataframe_records": names}
    assert answered(compiled, "/invocations", records)["predictions"]["things"][0] == expected


def test_open_inference_index_beyond_names_is_refused(compiled: Registry) -> None:
    tensors = [
        {"name": "user", "datatype": "INT32", "shape": [1, 1], "data": [0]},
        {"name": "liked", "datatype": "INT32", "shape": [1, 4], "data": [3, 50, -1, -1]},
    ]
    answer = ask(compiled, "/v2/models/shop/infer", {"inputs": tensors})
    assert answer.status == 400
    assert b"50 is not an index" in answer.body


def test_form_has_files_of_names_and_recorded_rows_with_names(compiled: Registry) -> None:
    form = answered(compiled, "/models/shop/form", {}, method="GET")
    user, liked = form["inputs"]
    assert (user["kind"], user["names"], user["most"], user["optional"]) == ("items", "assets/users.txt", 1, True)
    assert (liked["count"], liked["most"]) == (50, 4)
    outputs = {each["name"]: each for each in form["outputs"]}
    assert (outputs["things"]["scores"], outputs["things"]["reasons"]) == ("score", "because")
    assert outputs["because"]["names"] == "assets/things.txt"
    assert len(form["examples"]) == 8
    assert set(form["examples"][0]["liked"]) <= set(NAMES)
    served = ask(compiled, f"/models/shop/{liked['names']}", {}, method="GET")
    assert served.in_memory().body.decode().splitlines() == NAMES
    again = ask(
        compiled, f"/models/shop/{liked['names']}", {}, method="GET", **{"if-none-match": served.headers["etag"]}
    )
    assert again.status == 304


def test_openapi_example_of_items_is_answered(compiled: Registry, bundle: Bundle) -> None:
    state = ModelState("shop", 1, (1,), True, bundle.manifest, example=Call(Model.load(bundle).golden()[0]))
    body = document({}, (state,), token=False)["paths"]["/models/shop/predict"]["post"]
    example = body["requestBody"]["content"]["application/json"]["example"]
    assert answered(compiled, "/models/shop/predict", example)["predictions"]["things"]
    table = body["requestBody"]["content"]["text/csv"]["example"]
    assert ask(compiled, "/predict", table.encode(), **{"content-type": "text/csv"}).status == 200


def test_explanation_attributes_score_of_ranked_item_to_items(compiled: Registry) -> None:
    body = {"input": {"user": "bob", "liked": ["thing 03", "thing 04", "thing 30"]}}
    (first,) = answered(compiled, "/models/shop/explain", body)["explanations"]
    assert (first["method"], first["output"], first["target"]) == ("occlusion", "score", "thing 05")
    (far,) = answered(compiled, "/models/shop/explain", {**body, "target": "thing 29"})["explanations"]
    values = {each["token"]: each["value"] for each in far["attributions"]["liked"]}
    assert max(values, key=values.__getitem__) == "thing 30"
    (second,) = answered(compiled, "/models/shop/explain", {**body, "target": 1})["explanations"]
    assert second["target"] == "thing 02"
    (nothing,) = answered(compiled, "/models/shop/explain", {"input": {}})["explanations"]
    assert nothing["attributions"] == {"user": [], "liked": []}


@pytest.mark.parametrize("target", ["thing 49", "5", 5, "9" * 5000, -1, ""])
def test_explanation_of_unranked_item_is_refused(compiled: Registry, target: Any) -> None:
    body = {"input": {"liked": ["thing 03"]}, "target": target}
    answer = ask(compiled, "/models/shop/explain", body)
    assert answer.status == 400
    assert b"thing 02" in answer.body


def test_predict_command_prints_ranking(compiled: Registry, tmp_path: Path) -> None:
    body = orjson.dumps(ROWS[2]).decode()
    done = CliRunner().invoke(lightship, ["predict", "shop", body, "--registry", compiled.location], terminal_width=200)
    assert done.exit_code == 0, done.output
    assert "thing 08" in done.output
    wrong = CliRunner().invoke(lightship, ["predict", "shop", '{"liked": ["nix"]}', "--registry", compiled.location])
    assert (wrong.exit_code, "'nix'" in wrong.output) == (2, True)


def jsonl(rows: list[Any]) -> bytes:
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def test_job_scores_names_and_rejects_rows_with_unknown_ones(compiled: Registry) -> None:
    expected = answered(compiled, "/models/shop/predict", {"input": ROWS})["predictions"]
    best = [row[0] for row in expected["things"]]
    with moto_cloud(Path(compiled.location), "shop") as cloud:
        rows = [*ROWS, {"liked": ["nix"]}, {"liked": {"a": 1}}]
        _, receipt, files = scored(cloud, "shop", "a.jsonl", jsonl(rows))
        assert receipt["rows"] == {"read": 5, "scored": 3, "rejected": 2}
        found = [orjson.loads(line) for line in files["part-00000.jsonl"].splitlines()]
        assert [row["predicted_things_0"] for row in found] == best
        assert [row["predicted_because"] for row in found] == expected["because"]
        assert [row["liked"] for row in found] == [row["liked"] for row in ROWS]

        text = io.StringIO()
        cells = [[row["user"] or "", "|".join(row["liked"])] for row in ROWS]
        csv.writer(text).writerows([["user", "liked"], *cells, ["ada", "nix"]])
        _, receipt, files = scored(cloud, "shop", "b.csv", text.getvalue().encode())
        assert receipt["rows"] == {"read": 4, "scored": 3, "rejected": 1}
        rows = list(csv.DictReader(io.StringIO(files["part-00000.csv"].decode())))
        assert [row["predicted_things_0"] for row in rows] == best
        assert b"'nix'" in files[name_of(receipt["errors"][0])]

        file = io.BytesIO()
        parquet.write_table(pyarrow.Table.from_pylist(ROWS), file)
        _, receipt, files = scored(cloud, "shop", "c.parquet", file.getvalue())
        table = parquet.read_table(io.BytesIO(files["part-00000.parquet"])).to_pydict()
        assert table["predicted_things_0"] == best
        assert table["predicted_because"] == expected["because"]

        _, receipt, files = scored(cloud, "shop", "d.jsonl", jsonl(ROWS), output="parquet")
        table = parquet.read_table(io.BytesIO(files["part-00000.parquet"])).to_pydict()
        assert [orjson.loads(cell) for cell in table["liked"]] == [row["liked"] for row in ROWS]
        assert table["predicted_things_0"] == best


OUTPUTS = (
    TensorSpec("things", "int32", (None, 5)),
    TensorSpec("score", "float32", (None, 5)),
    TensorSpec("because", "int32", (None, 5, 2)),
    TensorSpec("wide", "float32", (None, 6)),
)
SHOP = Signature("serving_default", (TensorSpec("liked", "int32", (None, 4)),), OUTPUTS)


@pytest.mark.parametrize(
    ("record", "named"),
    [
        ({"outputs": {"things": {"scores": "score"}}}, "outputs.things.scores.*names"),
        ({"outputs": {"things": {"names": "things.csv"}}}, "outputs.things.*things.csv"),
        ({"outputs": {"things": {"names": 3}}}, "outputs.things.*3"),
        ({"outputs": {"things": {"names": "things.txt", "scores": 3}}}, "outputs.things.scores"),
        ({"outputs": {"things": {"names": "things.txt", "classes": ["a"]}}}, "classes or names"),
        ({"outputs": {"score": {"names": "things.txt"}}}, "outputs.score.*integers"),
        ({"outputs": {"things": {"names": "things.txt", "scores": "sc"}}}, "'sc'.*things, score"),
        ({"outputs": {"things": {"names": "things.txt", "scores": "wide"}}}, "'wide'"),
        ({"outputs": {"things": {"names": "things.txt", "scores": "because"}}}, "'because'"),
        ({"outputs": {"things": {"names": "things.txt", "reasons": "score"}}}, "'score'"),
        ({"outputs": {"because": {"names": "things.txt", "scores": "score"}}}, "batch, items"),
        ({"outputs": {"things": {"names": "a/x.txt"}, "because": {"names": "b/x.txt"}}}, "different names"),
        ({"outputs": {"things": {"names": "absent.txt"}}}, "absent.txt"),
        ({"inputs": {"liked": {"kind": "items", "names": "broken.txt"}}}, "broken.txt.* line 2 is empty"),
    ],
)
def test_config_with_unfitting_names_is_refused(record: dict[str, Any], named: str, tmp_path: Path) -> None:
    for name, content in (("things.txt", "a\nb\n"), ("broken.txt", "a\n\n")):
        (tmp_path / name).write_text(content)
    files = {name: tmp_path / name for name in ("things.txt", "broken.txt")}
    with pytest.raises(CompileError, match=named):
        Config.parse(record, files).apply((SHOP,))


@pytest.mark.parametrize(
    ("names", "config", "named"),
    [
        (NAMES[:3], "outputs: {things: {names: things.txt}}", "3 names.*-?[0-9]+ to [0-9]+"),
        ([*NAMES, "one more"], "inputs: {liked: {kind: items, names: things.txt}}", "accepts no generated input"),
        (NAMES, "inputs: {liked: {kind: items, names: ../things.txt}}", "inside the folder"),
        (NAMES, "outputs: {things: {names: absent.txt}}", "outputs.things: 'absent.txt' is not a file"),
    ],
)
def test_compile_with_unfitting_names_publishes_nothing(
    folder: Path, tmp_path: Path, names: list[str], config: str, named: str
) -> None:
    (tmp_path / "things.txt").write_text("\n".join(names))
    (tmp_path / "model.yaml").write_text(config)
    registry = Registry(str(tmp_path / "registry"))
    with pytest.raises(CompileError, match=named):
        compile_model(folder / "shop.keras", registry=registry, options=CompileOptions(config=tmp_path / "model.yaml"))
    assert not list(tmp_path.glob("registry/*/*"))
