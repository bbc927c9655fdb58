"""Models of text, as token ids or as strings."""

from __future__ import annotations

import keras
from keras import layers, ops

from tests.zoo.saving import saved_as


def string_classifier() -> keras.Model:
    """Build the text classification tutorial's exported model, with text as input."""
    text = layers.TextVectorization(max_tokens=50, output_sequence_length=12)
    text.adapt(["the cat sat on the mat", "a dog ran after the cat", "what a film"])
    stack = [layers.Embedding(50, 8), layers.Dropout(0.2), layers.GlobalAveragePooling1D(), layers.Dense(1, "sigmoid")]
    return keras.Sequential([keras.Input((1,), dtype="string"), text, *stack])


def averaged_embeddings() -> keras.Model:
    stack = [layers.Embedding(200, 16), layers.GlobalAveragePooling1D(), layers.Dense(16, "relu")]
    return keras.Sequential([keras.Input((None,), dtype="int64"), *stack, layers.Dense(4, "softmax")])


@saved_as("h5")
def convolutions_of_words() -> keras.Model:
    tokens = keras.Input((40,))
    x = layers.Embedding(120, 16)(tokens)
    pooled = [layers.GlobalMaxPooling1D()(layers.Conv1D(8, width, activation="relu")(x)) for width in (3, 4, 5)]
    return keras.Model(tokens, layers.Dense(3, "softmax")(layers.Dropout(0.5)(layers.concatenate(pooled))))


def _encoder_block(x, mask=None, *, causal: bool = False):
    attended = layers.MultiHeadAttention(2, 8)(x, x, attention_mask=mask, use_causal_mask=causal)
    x = layers.LayerNormalization(epsilon=1e-6)(x + layers.Dropout(0.1)(attended))
    return layers.LayerNormalization(epsilon=1e-6)(x + layers.Dense(16)(layers.Dense(32, "relu")(x)))


def transformer_encoder() -> keras.Model:
    tokens = keras.Input((32,), dtype="int32")
    x = layers.Embedding(100, 16)(tokens) + layers.Embedding(32, 16)(ops.arange(32))
    return keras.Model(tokens, layers.Dense(2, "softmax")(layers.GlobalAveragePooling1D()(_encoder_block(x))))


def bert_with_padding_mask() -> keras.Model:
    """Build a small BERT with three inputs; attention masks the padding."""
    names = ("input_ids", "attention_mask", "token_type_ids")
    ids, mask, kinds = (keras.Input((None,), name=name, dtype="int32") for name in names)
    positions = ops.cumsum(ops.ones_like(ids), axis=1) - 1
    x = layers.Embedding(100, 16)(ids) + layers.Embedding(64, 16)(positions) + layers.Embedding(2, 16)(kinds)
    x = layers.LayerNormalization()(x)
    for _ in range(2):
        x = _encoder_block(x, ops.cast(mask[:, None, :], "bool"))
    pooled = layers.Dense(16, "tanh")(x[:, 0])
    return keras.Model([ids, mask, kinds], {"pooled": pooled, "logits": layers.Dense(3)(pooled)})


def causal_decoder() -> keras.Model:
    """Build a small GPT of any length, with one embedding for input and logits."""
    tokens = keras.Input((None,), dtype="int32")
    embedding = layers.ReversibleEmbedding(100, 16)
    x = embedding(tokens) + layers.Embedding(64, 16)(ops.cumsum(ops.ones_like(tokens), axis=1) - 1)
    for _ in range(2):
        x = _encoder_block(x, causal=True)
    return keras.Model(tokens, embedding(x, reverse=True))


def masked_transformer() -> keras.Model:
    """Build a transformer with mask_zero and a position computed in the graph."""
    tokens = keras.Input((24,), dtype="int32")
    x = layers.Embedding(80, 16, mask_zero=True)(tokens)
    angles = ops.expand_dims(ops.arange(24, dtype="float32"), 1) / ops.power(
        10000.0, ops.arange(0, 16, 2, dtype="float32") / 16.0
    )
    x = x + ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, x, x))
    return keras.Model(tokens, layers.Dense(1)(layers.GlobalAveragePooling1D()(x)))


def translation_transformer() -> keras.Model:
    source, target = (
        keras.Input((None,), name="source", dtype="int64"),
        keras.Input((None,), name="target", dtype="int64"),
    )
    encoded = _encoder_block(layers.Embedding(60, 16)(source))
    x = _encoder_block(layers.Embedding(70, 16)(target), causal=True)
    x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 8)(x, encoded, encoded))
    return keras.Model([source, target], layers.Dense(70, "softmax")(x))


def lstm_translation() -> keras.Model:
    """Build a sequence-to-sequence model with teacher forcing."""
    source, target = keras.Input((None, 20), name="source"), keras.Input((None, 24), name="target")
    _, *states = layers.LSTM(16, return_state=True)(source)
    decoded, _, _ = layers.LSTM(16, return_sequences=True, return_state=True)(target, initial_state=states)
    return keras.Model([source, target], layers.Dense(24, "softmax")(decoded))


def attention_translation() -> keras.Model:
    source, target = (
        keras.Input((None,), name="source", dtype="int32"),
        keras.Input((None,), name="target", dtype="int32"),
    )
    memory = layers.Bidirectional(layers.GRU(8, return_sequences=True))(layers.Embedding(50, 8, mask_zero=True)(source))
    query = layers.GRU(16, return_sequences=True)(layers.Embedding(60, 8, mask_zero=True)(target))
    context = layers.AdditiveAttention()([query, memory])
    return keras.Model([source, target], layers.Dense(60, "softmax")(layers.concatenate([query, context])))


def hierarchical_attention() -> keras.Model:
    """Build a model of documents of sentences of words, with attention on both levels."""
    words = keras.Input((12,), dtype="int32")
    x = layers.Bidirectional(layers.GRU(6, return_sequences=True))(layers.Embedding(90, 8)(words))
    weights = layers.Softmax(axis=1)(layers.Dense(1)(layers.Dense(8, "tanh")(x)))
    sentence = keras.Model(words, ops.sum(weights * x, axis=1))
    document = keras.Input((5, 12), dtype="int32")
    x = layers.Bidirectional(layers.GRU(6))(layers.TimeDistributed(sentence)(document))
    return keras.Model(document, layers.Dense(4, "softmax")(x))


def answer_span() -> keras.Model:
    tokens = keras.Input((30,), dtype="int32")
    x = _encoder_block(layers.Embedding(100, 16)(tokens))
    logits = layers.Dense(2, use_bias=False)(x)
    start, end = layers.Softmax()(logits[..., 0]), layers.Softmax()(logits[..., 1])
    return keras.Model(tokens, {"start": ops.argmax(start, axis=-1), "end": ops.argmax(end, axis=-1), "score": start})
