"""Kind text: options of model.yaml, request bodies, limits, samples and schemas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lightship.errors import InvalidInput, UnsupportedMedia
from lightship.inputs import configure, decode, decode_body, files, kind_of, media_types
from lightship.inputs.sampling import Sampler
from lightship.tensors import Signature, TensorSpec

KIND = {"type": "text", "tokenizer": "vocab.txt", "length": 8, "max_bytes": 20}
TEXT = TensorSpec("text", "string", (None,), kind=KIND)
SIGNATURE = Signature("serving_default", (TEXT,), ())
IDS = TensorSpec("input_ids", "int32", (None, 128))
FREE = TensorSpec("input_ids", "int64", (None, None))
PLAIN = {"tokenizer": "vocab.txt"}


@pytest.mark.parametrize(
    ("spec", "options", "length"), [(IDS, {}, 128), (IDS, {"length": 128}, 128), (FREE, {"length": 9}, 9)]
)
def test_text_without_length_takes_size_of_tensor(spec: TensorSpec, options: dict[str, Any], length: int) -> None:
    record = configure(spec, "text", {**PLAIN, **options})
    assert record == {"type": "text", "tokenizer": "vocab.txt", "length": length, "max_bytes": 65536}
    assert {"type": "text", **kind_of(TensorSpec("t", "string", (None,), kind=record)).to_json()} == record


@pytest.mark.parametrize(
    ("spec", "options", "named"),
    [
        (IDS, {}, "tokenizer"),
        (IDS, {"tokenizer": "vocab.bin"}, "vocab.txt"),
        (IDS, {"tokenizer": 3}, "tokenizer"),
        (IDS, {**PLAIN, "lenght": 3}, "'lenght'"),
        (IDS, {**PLAIN, "length": 64}, "128"),
        (IDS, {**PLAIN, "length": True}, "length"),
        (IDS, {**PLAIN, "padding": "none"}, "longest"),
        (IDS, {**PLAIN, "padding": "longest"}, "longest"),
        (IDS, {**PLAIN, "lower": "yes"}, "true or false"),
        (IDS, {**PLAIN, "pad": None}, "pad"),
        (IDS, {**PLAIN, "end": -1}, "end"),
        (IDS, {**PLAIN, "truncation": "middle"}, "start"),
        (IDS, {**PLAIN, "max_bytes": 2**30}, "max_bytes"),
        (FREE, PLAIN, "length"),
        (TensorSpec("input_ids", "int32", (None,)), PLAIN, "input_ids"),
        (TensorSpec("input_ids", "string", (None, 3)), PLAIN, "input_ids"),
    ],
)
def test_text_options_of_other_form_are_refused(spec: TensorSpec, options: dict[str, Any], named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        configure(spec, "text", options)


def test_text_options_name_tokenizer_file() -> None:
    assert files("text", PLAIN) == ("vocab.txt",)
    assert files("tabular", {"columns": ["a"]}) == ()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("good", [b"good"]),
        (["good", "", "größer"], [b"good", b"", "größer".encode()]),
        ([{"b64": "Z29vZA=="}], [b"good"]),
        ({"b64": ""}, [b""]),
    ],
)
def test_text_in_json_is_decoded(value: Any, expected: list[bytes]) -> None:
    assert decode(value, TEXT).tolist() == expected


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (["a", {"b64": "/w=="}], "row 2, input 'text': .*UTF-8"),
        (["a" * 21], "row 1, input 'text': .*21 bytes.*20"),
        (["ü" * 11], "'text'.*22 bytes"),
        ([1], "'text'.*strings"),
        ([None], "row 1, input 'text': .*missing"),
        ([["a"], "b"], "row 1, input 'text': .*one value"),
    ],
)
def test_text_in_json_of_other_form_is_refused(value: Any, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        decode(value, TEXT)


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        (b"good film\n", "", b"good film\n"),
        (b"\xef\xbb\xbfgood", "UTF-8", b"good"),
        (b"", "utf-8", b""),
        (b"a,b", "us-ascii", b"a,b"),
    ],
)
def test_text_plain_body_is_one_text(body: bytes, charset: str, text: bytes) -> None:
    parameters = {"charset": charset} if charset else {}
    assert decode_body(body, "text/plain", SIGNATURE, parameters)["text"].tolist() == [text]


def test_text_plain_body_of_other_charset_or_content_is_refused() -> None:
    with pytest.raises(UnsupportedMedia, match="iso-8859-1"):
        decode_body(b"good", "text/plain", SIGNATURE, {"charset": "iso-8859-1"})
    with pytest.raises(InvalidInput, match="UTF-8 at byte 2"):
        decode_body("gröber".encode("latin-1"), "text/plain", SIGNATURE, {})
    with pytest.raises(InvalidInput, match="21 bytes"):
        decode_body(b"a" * 21, "text/plain", SIGNATURE, {})


def test_text_accepts_csv_and_describes_itself() -> None:
    assert media_types(SIGNATURE) == ["application/json", "text/plain", "text/csv"]
    assert decode_body(b'text\ngood\n"a, b"\n', "text/csv", SIGNATURE, {})["text"].tolist() == [b"good", b"a, b"]
    schema = kind_of(TEXT).element(TEXT)["anyOf"][0]
    assert (schema["type"], schema["maxLength"]) == ("string", 20)


def test_text_samples_are_valid_and_some_are_unusual() -> None:
    wide = TensorSpec("text", "string", (None,), kind={**KIND, "max_bytes": 4096})
    for spec, least in ((TEXT, 0), (wide, 500)):
        made = kind_of(spec).sample(Sampler(np.random.default_rng(1), 8, 10), spec, (32,))
        assert decode(made.tolist() and [text.decode() for text in made], spec).tolist() == made.tolist()
        assert b"" in made.tolist()
        assert made[0]
        assert max(map(len, made)) >= least
    assert kind_of(TEXT).sample(Sampler(np.random.default_rng(1), 8, 10), TEXT, (1,)).shape == (1,)
