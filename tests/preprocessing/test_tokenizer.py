"""Tokenizers: WordPiece by hand, tokenizer.json, SentencePiece; padding, limits."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import sentencepiece
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, processors

from lightship.errors import EngineError, InvalidInput, TooLarge
from lightship.preprocessing import Program, Step
from lightship.preprocessing.tokenizers import Window, load
from lightship.tensors import Array

_WORDS = """
[PAD] [UNK] [CLS] [SEP] the un ##aff ##able film ##s ! ' don t 東 京 naive x ##x \u00fc ## a ##b 1 2 . nul
"""
WORDS = _WORDS.split()
VOCABULARY = "\n".join(WORDS).encode()
ID = {word: number for number, word in enumerate(WORDS)}
CORPUS = ["the film was good", "a terrible film", "this was not a good play", "größer 東京", "films and plays"] * 20


def run(form: str, data: bytes, texts: list[bytes], *, rows: dict[str, Any], window: dict[str, Any]) -> list[Array]:
    """Return ids, mask and types of a program of one step."""
    options = {"rows": {"input": "text", "max_bytes": 100, "pad": 0, "length": None} | rows, "window": window}
    step = Step(f"tokenizer.{form}", ("text", "file"), ("ids", "mask", "types"), options)
    program = Program((step,), {n: n for n in ("ids", "mask", "types")}, {"file": np.frombuffer(data, np.uint8)})
    array = np.empty(len(texts), dtype=np.object_)
    array[:] = texts
    made = program.bind().run({"text": array})
    assert {each.dtype for each in made.values()} == {np.dtype(np.int32)}
    return list(made.values())


def pieces(text: str, **window: Any) -> list[str]:
    """Return the pieces of a text by WordPiece."""
    found = load("wordpiece", VOCABULARY, Window(200, **window)).encode(text)
    return [WORDS[each] for each in found.ids]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the unaffable films!", "the un ##aff ##able film ##s !"),
        ("THE\u00a0Un\u200baffable\tFILM\r\n", "the un ##aff ##able film"),  # NBSP splits, a format character vanishes
        ("don't", "don ' t"),
        ("東京film", "東 京 film"),
        ("na\u00efve \u00fc nai\u0308ve", "naive [UNK] naive"),  # accents are stripped, so the entry ü is never found
        ("xxx xxxy", "x ##x ##x [UNK]"),  # a word with an unknown piece is unknown as a whole
        ("x" * 100 + " " + "x" * 101, "x" + " ##x" * 99 + " [UNK]"),  # longest word: 100 characters
        ("nul\x00 \ufffd film", "nul film"),
        ("[CLS] [SEP]", "[UNK] [UNK] [UNK] [UNK] [UNK] [UNK]"),  # added tokens cannot be forged
        ("1.2", "1 . 2"),
        ("\U0001f6a2", "[UNK]"),
        ("", ""),
        (" \n\t ", ""),
    ],
)
def test_wordpiece_of_text_is_equal_to_pieces_by_hand(text: str, expected: str) -> None:
    assert pieces(text) == expected.split()


def test_wordpiece_with_cased_vocabulary_keeps_case() -> None:
    cased = load("wordpiece", "[UNK]\nThe\n\u00fc".encode(), Window(9))
    assert (list(cased.encode("The the").ids), list(cased.encode("\u00fc").ids)) == ([1, 0], [2])
    assert list(load("wordpiece", b"[UNK]\nthe\nThe", Window(9, lower=True)).encode("The").ids) == [1]


@pytest.mark.parametrize(
    ("keep", "expected"), [("start", "[CLS] the film [SEP]"), ("end", "[CLS] film ! [SEP]"), ("none", "")]
)
def test_rows_of_tokens_are_cut_and_padded(keep: str, expected: str) -> None:
    window = {"length": 4, "keep": keep, "begin": ID["[CLS]"], "end": ID["[SEP]"]}
    if keep == "none":  # no text has tokens
        window = {"length": 4}
    texts = [b"the film !" if expected else b"", b"the" if expected else b" "]
    ids, mask, types = run("wordpiece", VOCABULARY, texts, rows={"length": 6}, window=window)
    first = [ID[each] for each in expected.split()]
    assert ids[0].tolist() == first + [0] * (6 - len(first))
    assert mask.sum(axis=1).tolist() == ([4, 3] if expected else [0, 0])
    assert not types.any()


def test_rows_are_padded_to_longest_with_pad() -> None:
    ids, mask, _ = run("wordpiece", VOCABULARY, [b"the", b"the film !"], rows={"pad": 9}, window={"length": 9})
    assert ids.tolist() == [[4, 9, 9], [4, 8, 10]]
    assert mask.tolist() == [[1, 0, 0], [1, 1, 1]]
    empty, mask, _ = run("wordpiece", VOCABULARY, [b""], rows={"pad": 9}, window={"length": 9})
    assert (empty.tolist(), mask.tolist()) == ([[9]], [[0]])


@pytest.mark.parametrize(("text", "named"), [(b"\xff\xfe", "UTF-8 at byte 0"), (b"a" * 101, "101 bytes")])
def test_invalid_text_is_refused_with_row(text: bytes, named: str) -> None:
    with pytest.raises(InvalidInput, match=r"row 2, input 'text': ") as refused:
        run("wordpiece", VOCABULARY, [b"good", text], rows={}, window={"length": 4})
    assert named in refused.value.message


def bpe(**changes: Any) -> tokenizers.Tokenizer:
    tokenizer = tokenizers.Tokenizer(models.BPE(unk_token="<unk>", **changes))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    special = ["<pad>", "<unk>", "<s>", "</s>"]
    tokenizer.train_from_iterator(
        CORPUS,
        tokenizers.trainers.BpeTrainer(
            vocab_size=300,
            special_tokens=special,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        "<s> $A:1 </s>:1", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    return tokenizer


def test_tokenizer_json_rows_have_tokens_and_types_of_file() -> None:
    tokenizer = bpe()
    data = tokenizer.to_str().encode()
    texts = ["the film was good", "gr\u00f6\u00dfer", "", "\u6771\u4eac \U0001f6a2"]
    encoded = [text.encode() for text in texts]
    ids, mask, types = run("json", data, encoded, rows={"length": 40}, window={"length": 40})
    for row, text in enumerate(texts):
        count = mask[row].sum()
        own = tokenizer.encode(text)
        assert ids[row, :count].tolist() == own.ids
        assert types[row, :count].tolist() == own.type_ids
        assert tokenizer.decode(own.ids).strip() == text
    short = load("json", data, Window(4)).encode("the film was good")
    assert (len(short.ids), short.ids[0], short.ids[-1]) == (4, 2, 3)
    assert load("json", data, Window(4)).pad() == 0


def test_tokenizer_json_padding_of_file_is_replaced() -> None:
    tokenizer = bpe()
    tokenizer.enable_padding(length=30, pad_id=7)
    tokenizer.enable_truncation(3)
    found = load("json", tokenizer.to_str().encode(), Window(50))
    assert found.pad() == 7
    assert len(found.encode("the film was good").ids) == len(bpe().encode("the film was good").ids)


@pytest.fixture(scope="module")
def trained() -> bytes:
    """Return a SentencePiece model without a token for padding."""
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(CORPUS), model_writer=file, vocab_size=40, hard_vocab_limit=False, minloglevel=2
    )
    return file.getvalue()


def test_sentencepiece_rows_decode_to_texts(trained: bytes) -> None:
    own = sentencepiece.SentencePieceProcessor(model_proto=trained)
    texts = ["the film was good", "this play", "gr\u00f6\u00dfer \u6771\u4eac"]
    window = {"length": 60, "begin": own.bos_id(), "end": own.eos_id()}
    ids, mask, _ = run("sentencepiece", trained, [text.encode() for text in texts], rows={}, window=window)
    for row, text in enumerate(texts):
        kept = ids[row, : mask[row].sum()].tolist()
        assert (kept[0], kept[-1]) == (own.bos_id(), own.eos_id())
        assert own.decode(kept[1:-1]) == text
    found = load("sentencepiece", trained, Window(60, lower=True))
    assert found.encode("The FILM") == found.encode("the film")
    assert (found.pad(), found.id_of("<s>"), found.id_of("missing")) == (None, own.bos_id(), None)


def test_tokenizer_panic_of_library_is_engine_error() -> None:
    """A regular expression of the file reaches the limit of its library, which panics."""
    data = json.loads(bpe().to_str())
    slow = {"type": "Split", "pattern": {"Regex": "(a|aa)+$|(a+)+b"}, "behavior": "Isolated", "invert": False}
    data["pre_tokenizer"] = slow
    with pytest.raises(EngineError, match="tokenizer"):
        run("json", json.dumps(data).encode(), [b"a" * 60 + b"!"], rows={}, window={"length": 4})


@pytest.mark.parametrize(
    ("form", "data"),
    [
        ("wordpiece", b""),
        ("wordpiece", b"the\nfilm"),
        ("wordpiece", b"[UNK]\n\xff"),
        ("json", b""),
        ("json", b"{}"),
        ("json", b"\xff"),
        ("json", b"[" * 100_000),
        ("json", b'{"model":' * 5_000 + b"1" + b"}" * 5_000),
        ("json", b'{"version": "1.0", "model": {"type": "BPE", "vocab": {}, "merges": []}}'),
        ("json", b'{"version": "1.0", "model": {"type": "WordPiece", "vocab": {"a": 4294967296}, "unk_token": "a"}}'),
        ("sentencepiece", b""),
        ("sentencepiece", b"\x0a\xff\xff\xff\x7f"),
        ("sentencepiece", b"not a model" * 100),
    ],
)
def test_tokenizer_file_of_other_content_is_refused(form: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(is|has) "):
        load(form, data, Window(8))


def test_sentencepiece_truncated_file_is_refused(trained: bytes) -> None:
    for size in (10, len(trained) // 2, len(trained) - 10):
        with pytest.raises(ValueError, match="SentencePiece"):
            load("sentencepiece", trained[:size], Window(8))


def test_tokenizer_json_with_dropout_is_refused() -> None:
    with pytest.raises(ValueError, match="tokenizer.json"):
        load("json", bpe(dropout=0.5).to_str().encode(), Window(8))


def test_tokenize_one_long_text_among_many_is_too_large() -> None:
    texts = [b"the " * 10_000] + [b""] * 10_000
    with pytest.raises(TooLarge, match="10001 x 10000"):
        run("wordpiece", VOCABULARY, texts, rows={"max_bytes": 40_000}, window={"length": 10_000})
