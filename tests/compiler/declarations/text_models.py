"""A small transformer that takes tokens.

``python -m tests.compiler.declarations.text_models FOLDER`` writes it: ``films.keras`` takes rows of 16 tokens with
mask and types.
"""

from __future__ import annotations

import sys
from pathlib import Path

_WORDS = """
[PAD] [UNK] [CLS] [SEP] [MASK] the a good bad film was very not it is this un ##able ##ly ##s ##ing ##aff ##ord play
great terrible ! . , ? ' ; - ( ) 0 1 2 o k grosser nan ##dua 東 京 x ##x don t
"""
WORDS = _WORDS.split()
MODEL_YAML = """\
inputs:
  input_ids: {kind: text, tokenizer: vocab.txt, attention_mask: attention_mask, token_type_ids: token_type_ids}
outputs:
  sentiment: {classes: [bad, good]}
"""


def main(folder: Path) -> None:
    import keras

    keras.utils.set_random_seed(20)
    ids, mask = (keras.Input((16,), dtype="int32", name=name) for name in ("input_ids", "attention_mask"))
    types = keras.Input((16,), dtype="int64", name="token_type_ids")
    embedded = keras.layers.Embedding(len(WORDS), 8)(ids) + keras.layers.Embedding(2, 8)(types)
    attention = keras.layers.MultiHeadAttention(2, 4)
    attended = attention(embedded, embedded, attention_mask=keras.ops.expand_dims(mask, 1))
    hidden = keras.layers.LayerNormalization()(embedded + attended)
    weights = keras.ops.expand_dims(keras.ops.cast(mask, "float32"), -1)
    pooled = keras.ops.sum(hidden * weights, axis=1) / keras.ops.sum(weights, axis=1)
    scores = keras.layers.Dense(2, activation="softmax", name="sentiment")(pooled)
    keras.Model([ids, mask, types], scores).save(folder / "films.keras")

    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n")
    (folder / "model.yaml").write_text(MODEL_YAML)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
