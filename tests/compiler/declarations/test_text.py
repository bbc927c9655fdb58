"""Models of the kind text: compile, call by every protocol, refuse files."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import orjson
import pyarrow
import pytest
import sentencepiece
from click.testing import CliRunner
from pyarrow import parquet

from lightship.app.document import document
from lightship.bundle import Bundle
from lightship.calls import Call, ModelState, Result
from lightship.cli import lightship
from lightship.compiler import CompileOptions, compile_model
from lightship.compiler.declarations import tokenization
from lightship.compiler.declarations.config import Config
from lightship.compiler.declarations.tokenized import tokenized
from lightship.compiler.declarations.tokenizer_files import Entry
from lightship.compiler.hints import Hint
from lightship.compiler.sources.tflite import TfliteFile
from lightship.compiler.verification import samples
from lightship.compiler.verification.independence import independent_rows
from lightship.errors import CompileError, InvalidInput, MissingExtra, SourceRefused
from lightship.model import Model
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.serving.concurrent import ConcurrentServing
from lightship.serving.serving import Options
from lightship.serving.threads import Threads
from lightship.tensors import Array, Signature, TensorSpec
from tests.compiler.conftest import ROOT
from tests.compiler.originals import Scaled
from tests.jobs.clouds import moto_cloud
from tests.jobs.scoring import scored
from tests.model_files import written_once
from tests.serve import Answers

TEXTS = ["a good film", "", "This was NOT very playable!", "東京 größer \U0001f6a2", "the film " * 40, 'a "bad", film']
IDS = TensorSpec("input_ids", "int32", (None, 16))
ANY = TensorSpec("input_ids", "int32", (None, None))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_once("tests.compiler.declarations.text_models", "text", tmp_path_factory)


@pytest.fixture(scope="module")
def compiled(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Return a registry with the model films."""
    registry = Registry(str(tmp_path_factory.mktemp("registry")))
    options = CompileOptions(config=folder / "model.yaml")
    assert compile_model(folder / "films.keras", registry=registry, options=options).engine == "litert"
    return registry


@pytest.fixture(scope="module")
def bundle(compiled: Registry) -> Bundle:
    return compiled.open("films", 1)


@pytest.fixture(scope="module")
def expected(bundle: Bundle) -> Array:
    """Return the probabilities of TEXTS, each computed alone."""
    model = Model.load(bundle)
    rows = [model.predict(Call({"text": np.array([text.encode()], object)})) for text in TEXTS]
    return np.concatenate([row.outputs["sentiment"] for row in rows])


def test_bundle_has_one_input_of_texts_and_holds_tokenizer(bundle: Bundle) -> None:
    (signature,) = bundle.manifest.signatures
    (spec,) = signature.inputs
    assert (spec.name, spec.dtype, spec.shape) == ("text", "string", (None,))
    assert (spec.kind or {})["tokenizer"] == "vocab.txt"
    assert signature.independent_rows is True
    assert bundle.manifest.files.keys() == {
        "assets/constants.npz",
        "device.tflite",
        "golden.npz",
        "model.tflite",
    }


def test_tokens_of_program_are_those_of_vocabulary(bundle: Bundle) -> None:
    """Recorded calls of the original agree with the engine on tokens made by hand."""
    from ai_edge_litert.interpreter import Interpreter

    words = (ROOT / "tests/compiler/declarations/text_models.py").read_text()
    assert "##able" in words
    interpreter = Interpreter(str(bundle.path / "model.tflite"))
    runner = interpreter.get_signature_runner("serving_default")
    ids = [[2, 6, 7, 9, 3, *[0] * 11]]  # [CLS] a good film [SEP]
    mask = [[1] * 5 + [0] * 11]
    tensors = {"input_ids": np.int32(ids), "attention_mask": np.int32(mask), "token_type_ids": np.zeros((1, 16), "i8")}
    by_hand = runner(**tensors)["sentiment"]
    model = Model.load(bundle).predict(Call({"text": np.array([b"A good film"], object)}))
    assert model.outputs["sentiment"].tolist() == by_hand.tolist()


def http(compiled: Registry, path: str, body: Any, media_type: str = "application/json") -> Any:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    request = Request("POST", path, headers={"content-type": media_type}, caller="test", body=content)
    answer = Answers(compiled).answer(request)
    assert answer.status == 200, answer.body
    return orjson.loads(answer.body)


def table(texts: list[str]) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows([["text"], *([text] for text in texts)])
    return file.getvalue().encode()


def test_every_protocol_gives_equal_answers(compiled: Registry, expected: Array) -> None:
    path, rows = "/models/films/predict", [{"text": text} for text in TEXTS]
    tensor = {"name": "text", "datatype": "BYTES", "shape": [len(TEXTS)], "data": TEXTS}
    plain = [http(compiled, path, text.encode(), "text/plain; charset=utf-8")["predictions"][0] for text in TEXTS]
    answers = [
        http(compiled, path, {"input": TEXTS})["predictions"],
        http(compiled, path, {"input": {"text": TEXTS}})["predictions"],
        plain,
        http(compiled, path, table(TEXTS), "text/csv")["predictions"],
        http(compiled, "/v1/models/films:predict", {"instances": TEXTS})["predictions"],
        http(compiled, "/v1/models/films:predict", {"instances": rows})["predictions"],
        http(compiled, "/v1/models/films:predict", {"inputs": {"text": TEXTS}})["outputs"],
        http(compiled, "/v2/models/films/infer", {"inputs": [tensor]})["outputs"][0]["data"],
        http(compiled, "/invocations", {"dataframe_records": rows})["predictions"],
        http(compiled, "/invocations", {"dataframe_split": {"columns": ["text"], "data": [[t] for t in TEXTS]}})[
            "predictions"
        ],
        http(compiled, "/invocations", {"inputs": {"text": TEXTS}})["predictions"],
        [http(compiled, "/invocations", text.encode(), "text/plain")["predictions"][0] for text in TEXTS],
    ]
    for answer in answers:
        assert np.asarray(answer).ravel() == pytest.approx(expected.ravel(), abs=1e-6)


@pytest.mark.parametrize(
    ("path", "body", "media_type", "named"),
    [
        ("/models/films/predict", b'{"input": [{"b64": "/w=="}]}', "application/json", "row 1"),
        ("/models/films/predict", b"\xff", "text/plain", "row 1"),
        ("/models/films/predict", b"a" * 70_000, "text/plain", "70,000 bytes"),
        ("/models/films/predict", b"text\n\xff\n", "text/csv", "UTF-8"),
        ("/v1/models/films:predict", b'{"instances": ["a", {"b64": "/w=="}]}', "application/json", "row 2"),
        (
            "/v2/models/films/infer",
            b'{"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["' + b"a" * 66_000 + b'"]}]}',
            "application/json",
            "66,000 bytes",
        ),
    ],
)
def test_invalid_text_by_http_is_refused(
    compiled: Registry, path: str, body: bytes, media_type: str, named: str
) -> None:
    answer = Answers(compiled).answer(
        Request("POST", path, headers={"content-type": media_type}, caller="test", body=body)
    )
    assert answer.status in (400, 422)
    assert named in answer.body.decode()


def test_openapi_describes_texts(bundle: Bundle) -> None:
    example = Call({"text": np.array([b"a good film"], object)})
    state = ModelState("films", 1, (1,), True, bundle.manifest, example=example)
    content = document({}, (state,), token=False)["paths"]["/predict"]["post"]["requestBody"]["content"]
    assert list(content) == ["application/json", "text/plain", "text/csv"]
    assert content["application/json"]["example"] == {"input": ["a good film"]}
    forms = content["application/json"]["schema"]["properties"]["input"]["anyOf"]
    assert '"maxLength": 65536' in json.dumps(forms)


def test_command_line_gives_equal_answers(compiled: Registry, expected: Array, tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text(TEXTS[2])
    (tmp_path / "all.csv").write_bytes(table(TEXTS))
    options = ["--json", "--registry", compiled.location]
    for source, rows in ((json.dumps(TEXTS), slice(None)), ("all.csv", slice(None)), ("one.txt", slice(2, 3))):
        path = str(tmp_path / source) if source.endswith((".txt", ".csv")) else source
        done = CliRunner().invoke(lightship, ["predict", "films", path, *options])
        assert done.exit_code == 0, done.output
        found = orjson.loads(done.output)["predictions"]
        assert np.asarray(found) == pytest.approx(expected[rows], abs=1e-6)


def test_jobs_give_equal_answers_and_reject_rows(
    compiled: Registry, expected: Array, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LIGHTSHIP_CACHE", str(tmp_path))
    lines = [*({"text": text} for text in TEXTS), {"text": "a" * 70_000}, {"text": 7}, {"txt": "a"}]
    with moto_cloud(Path(compiled.location), "films") as cloud:
        _, receipt, files = scored(cloud, "films", "a.jsonl", b"".join(orjson.dumps(line) + b"\n" for line in lines))
        assert receipt["rows"] == {"read": 9, "scored": 6, "rejected": 3}
        found = [orjson.loads(line)["probability_good"] for line in files["part-00000.jsonl"].splitlines()]
        assert found == pytest.approx(expected[:, 1], abs=1e-6)
        _, receipt, files = scored(cloud, "films", "b.csv", table(TEXTS))
        rows = csv.DictReader(io.StringIO(files["part-00000.csv"].decode()))
        assert [float(row["probability_good"]) for row in rows] == pytest.approx(expected[:, 1], abs=1e-6)
        file = io.BytesIO()
        parquet.write_table(pyarrow.table({"text": TEXTS}), file)
        _, receipt, files = scored(cloud, "films", "c.parquet", file.getvalue())
        found = parquet.read_table(io.BytesIO(files["part-00000.parquet"])).to_pydict()
        assert found["text"] == TEXTS
        assert found["probability_good"] == pytest.approx(expected[:, 1], abs=1e-6)


def test_tflite_source_with_refused_tokenizer_publishes_nothing(bundle: Bundle, folder: Path, tmp_path: Path) -> None:
    shutil.copy(bundle.path / "model.tflite", tmp_path / "films.tflite")
    (tmp_path / "model.yaml").write_text((folder / "model.yaml").read_text().replace("vocab.txt", "broken.json"))
    (tmp_path / "broken.json").write_bytes(b'{"model":' * 1000)
    registry = Registry(str(tmp_path / "registry"))
    with pytest.raises(SourceRefused, match=r"tokenizer file broken\.json"):
        compile_model(
            tmp_path / "films.tflite", registry=registry, options=CompileOptions(config=tmp_path / "model.yaml")
        )
    assert not list(tmp_path.glob("registry/*/*"))


def test_tflite_source_compiles_with_sentencepiece(bundle: Bundle, tmp_path: Path) -> None:
    shutil.copy(bundle.path / "model.tflite", tmp_path / "films.tflite")
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS[:3] * 30), model_writer=file, vocab_size=30, hard_vocab_limit=False, minloglevel=2
    )
    (tmp_path / "spiece.model").write_bytes(file.getvalue())
    (tmp_path / "model.yaml").write_text(
        "inputs: {input_ids: {kind: text, tokenizer: spiece.model, pad: 0, end: </s>, truncation: start, lower: true, "
        "attention_mask: attention_mask}}"
    )
    registry = Registry(str(tmp_path / "registry"))
    options = CompileOptions(config=tmp_path / "model.yaml")
    report = compile_model(tmp_path / "films.tflite", registry=registry, options=options)
    assert [spec.name for spec in report.signatures[0].inputs] == ["text", "token_type_ids"]
    types = np.zeros((2, 16), np.int64)
    call = Call({"text": np.array([b"A film", b"a film"], object), "token_type_ids": types})
    first, second = Model.load(registry.open("films", 1)).predict(call).outputs["sentiment"].tolist()
    assert first == second


def read(file: Path, spec: TensorSpec = IDS, hint: Hint | None = None, **options: Any) -> tokenization.TextInput:
    entry = Entry(spec, {"kind": "text", "tokenizer": file.name, **options}, hint)
    signature = Signature("serving_default", (spec, TensorSpec("mask", "float32", spec.shape)), ())
    return tokenization.read(entry, signature, {file.name: file})


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"attention_mask": "masc"}, "'masc'.*input_ids, mask"),
        ({"attention_mask": "input_ids"}, "two other inputs"),
        ({"token_type_ids": "mask", "attention_mask": "mask"}, "two other inputs"),
        ({"begin": "[BOS]"}, r"begin.*'\[BOS\]'"),
        ({"pad": "[NOPE]"}, "pad.*NOPE"),
        ({"hint": Hint(below=10)}, "10 rows"),
        ({"spec": TensorSpec("input_ids", "int8", (None, 16)), "pad": 200}, "int8"),
    ],
)
def test_entry_with_option_of_other_model_is_refused(folder: Path, options: dict[str, Any], named: str) -> None:
    with pytest.raises(CompileError, match=f"model.yaml: inputs.input_ids.*{named}"):
        read(folder / "vocab.txt", **options)


def test_entry_tokens_are_added_and_left_out(folder: Path) -> None:
    window = read(folder / "vocab.txt").options["window"]
    assert (window["begin"], window["end"]) == (2, 3)
    window = read(folder / "vocab.txt", begin=None, end="!", truncation="start").options["window"]
    assert window == {"length": 16, "keep": "end", "end": 26}


def test_program_casts_mask_and_keeps_other_inputs(folder: Path) -> None:
    text = read(folder / "vocab.txt", attention_mask="mask")
    other = TensorSpec("ids", "float32", (None, 1))
    signature = Signature("serving_default", (IDS, TensorSpec("mask", "float32", IDS.shape), other), ())
    made = (
        tokenization.program([text], signature)
        .bind()
        .run({"text": np.array([b"good"], object), "ids": np.ones((1, 1), np.float32)})
    )
    assert made["input_ids"].tolist() == [[2, 7, 3, *[0] * 13]]
    assert (made["mask"].dtype, made["mask"].sum()) == (np.float32, 3)
    assert made["ids"].tolist() == [[1]]


def test_padding_to_longest_makes_rows_of_unmasked_model_dependent(folder: Path) -> None:
    text = read(folder / "vocab.txt", ANY, length=24, padding="longest")
    bound = tokenization.program([text], Signature("serving_default", (ANY,), ())).bind()
    signature = Signature("serving_default", (text.spec,), (TensorSpec("y", "float64", (None,)),))

    def mean(name: str, inputs: Any) -> dict[str, Array]:
        return {"y": bound.run(inputs)["input_ids"].mean(axis=1)}

    def total(name: str, inputs: Any) -> dict[str, Array]:
        return {"y": bound.run(inputs)["input_ids"].sum(axis=1).astype(float)}

    measured = []
    for model in (mean, total):
        inputs, outputs = samples.generate(model, signature)
        measured.append(independent_rows(lambda batch, model=model: model("", batch), signature, inputs, outputs))
    assert measured == [False, True]


def test_declared_input_without_model_input_is_refused(bundle: Bundle, folder: Path, tmp_path: Path) -> None:
    original = TfliteFile().load(bundle.path / "model.tflite", tmp_path, trust=False)
    files = {"vocab.txt": folder / "vocab.txt"}
    for name, options, named in (
        ("token_ids", {}, "'token_ids'.*input_ids"),
        ("input_ids", {"name": "attention_mask"}, "two inputs.*'attention_mask'"),
    ):
        config = Config.parse({"inputs": {name: {"kind": "text", "tokenizer": "vocab.txt", **options}}})
        with pytest.raises(CompileError, match=named):
            tokenized(original, config, files)
    config = Config.parse({"inputs": {"input_ids": {"kind": "text", "tokenizer": "vocab.txt"}}})
    with pytest.raises(CompileError, match="bucket"):
        tokenized(original, config, {})


class Masked(Scaled):
    """An original of token ids and a mask, both of any length."""

    signatures = (Signature("serving_default", (ANY, replace(ANY, name="attention_mask")), ()),)


def test_mask_of_any_length_without_option_is_refused_by_name(folder: Path) -> None:
    files, options = {"vocab.txt": folder / "vocab.txt"}, {"kind": "text", "tokenizer": "vocab.txt", "length": 16}
    config = Config.parse({"inputs": {ANY.name: options}})
    with pytest.raises(CompileError, match=r"inputs\.input_ids: .*add the option attention_mask: attention_mask"):
        tokenized(Masked(folder, 1.0), config, files)
    named = Config.parse({"inputs": {ANY.name: {**options, "attention_mask": "attention_mask"}}})
    original, _ = tokenized(Masked(folder, 1.0), named, files)
    assert [spec.name for spec in original.signatures[0].inputs] == ["text"]


def test_invalid_text_in_program_is_invalid_input(bundle: Bundle) -> None:
    with pytest.raises(InvalidInput, match="row 2"):
        Model.load(bundle).predict(Call({"text": np.array([b"a", b"\xff"], object)}))


def test_model_without_packages_of_extra_is_unavailable(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    monkeypatch.delitem(sys.modules, "lightship.preprocessing.tokenizers.wordpiece")
    with pytest.raises(MissingExtra, match="'text'") as missing:
        Model.load(bundle)
    assert missing.value.code == "unavailable"
    for remedy in ("lightship[text]", "Text=always", "LIGHTSHIP_TEXT=always"):
        assert remedy in missing.value.message


def test_manifest_of_model_of_texts_makes_image_install_tokenizers(compiled: Registry, tmp_path: Path) -> None:
    """The requirements do not exist, so an installation fails and names them."""
    script = ["sh", ROOT / "deploy" / "install-tokenizers", "auto", compiled.location, tmp_path / "none.txt", tmp_path]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert "none.txt" in done.stderr


class Watched(Model):
    """Model that records the threads of its calls."""

    seen: ClassVar[list[threading.Thread]] = []

    def predict(self, call: Call) -> Result:
        self.seen.append(threading.current_thread())
        return super().predict(call)


def test_server_splits_long_text_in_thread(compiled: Registry, bundle: Bundle) -> None:
    threads = Threads(1)
    concurrent = ConcurrentServing(compiled, Options(default="films"), threads)
    try:
        served = concurrent.serving.pool.load(("films", 1))._replace(model=Watched.load(bundle))
        served = served._replace(seconds_per_row={None: 0.0})
        for text in (b"a film", b"a film " * 1000):
            call = Call({"text": np.array([text], object)})
            asyncio.run(concurrent.predict(served, call))
    finally:
        concurrent.close()
    assert [each is threading.current_thread() for each in Watched.seen] == [True, False]
