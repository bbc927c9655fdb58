"""Mutations of valid requests, which make most of them invalid."""

from __future__ import annotations

import gzip
import random
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from tests.protocols.right_requests import LENGTH, Sent

LIMIT = 1_000_000  # bytes of a body after decompression

Mutation = Callable[[random.Random, Sent], Sent]

# fmt: off
ODD: list[Any] = [
    None, True, "", "x", "\0", "NaN", 0, -1, 1.5, -0.0, 1e308, 2**31, 2**63 - 1, 2**63, 2**64 - 1, -(2**63),
    [], {}, [[]], [[[1]]], [1, "a"], [2**62] * 4, [-1, 2], [0] * 3000, "\u2028" * 50, "x" * 5000,
    {"b64": ""}, {"b64": "AAAA"}, {"b64": "?"}, {"x": [1, 2]}, {str(number): number for number in range(300)},
]
TOKENS = (
    b"NaN", b"-Infinity", b"1e999", b"9" * 400, b'"\\ud800"', b"null", b"[" * 5000, b'{"a":' * 5000, b"\xff\xfe", b"\0",
)
KEYS = (
    "inputs", "instances", "input", "examples", "context", "outputs", "parameters", "signature_name", "data", "shape",
    "id", "columns", "binary_data_size", "binary_data", "binary_data_output", "classification", "shared_memory_region",
    "b64", "x",
)
NAMES = (
    "pair", "modes", "counts", "flags", "words", "scorer", "wide", "missing", "..", "%2e%2e", "é", "a" * 3000, "\0", "",
)
MEDIA = ("", "x", "text/csv", "image/png", "application/jsonlines", "application/octet-stream", "a/b+json")
DEFAULTS = ("pair", "modes", "counts", "flags", "words", "scorer", "quickstart", "digits")
LENGTHS = ("", "-1", "0", "1", "7", "1.5", "x", "٣", "9" * 18, "9" * 5000)
# fmt: on

HUGE = (bytes(20_000_000), b"[" * (LIMIT - 1), b"[0," * 300_000, b'{"inputs":"' + b"x" * 2 * LIMIT)
BOMBS = tuple(pack(text) for pack in (gzip.compress, zlib.compress) for text in HUGE)


def altered(chance: random.Random, sent: Sent) -> Sent:
    """Replace, repeat or remove values of the JSON, or insert others.

    Binary data after the JSON is kept.
    """
    stated = sent.headers.get(LENGTH, "")
    cut = int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 9 else len(sent.body)
    try:
        value = orjson.loads(sent.body[:cut])
    except orjson.JSONDecodeError:
        return flipped(chance, sent)
    holders = list(_holders(value))
    if not holders:
        return flipped(chance, sent)
    for _ in range(chance.choice((1, 1, 2, 4))):
        _alter(chance, chance.choice(holders))
    text = orjson.dumps(value)
    length = {LENGTH: str(len(text))} if LENGTH in sent.headers else {}
    return replace(sent, body=text + sent.body[cut:], headers={**sent.headers, **length})


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for item in value.values() if isinstance(value, dict) else value:
            yield from _holders(item)


def _alter(chance: random.Random, holder: Any) -> None:
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    odd = chance.choice(ODD)
    if not keys or chance.random() < 0.2:
        key = chance.choice(KEYS)
        holder.update({key: odd}) if isinstance(holder, dict) else holder.append(odd)
        return
    key, what = chance.choice(keys), chance.randrange(4)
    if what == 0:
        del holder[key]
    elif what == 1 and isinstance(holder, list):
        holder.append(orjson.loads(orjson.dumps(holder[key])))
    else:
        holder[key] = chance.choice((odd, odd, [holder[key]], {"x": holder[key]}))


def flipped(chance: random.Random, sent: Sent) -> Sent:
    """Change bytes, and cut off or repeat the end."""
    data = bytearray(sent.body)
    for _ in range(chance.choice((0, 1, 5)) if data else 0):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return replace(sent, body=bytes(data[: chance.randint(0, len(data))] + data[-chance.choice((1, 4, 40)) :]))


def spliced(chance: random.Random, sent: Sent) -> Sent:
    """Insert a token that JSON does not permit, or too long a one, often for a number."""
    token = chance.choice(TOKENS)
    numbers = list(re.finditer(rb"-?[0-9][0-9.]*", sent.body))
    start, end = chance.choice(numbers).span() if numbers and chance.random() < 0.8 else (len(sent.body) // 2,) * 2
    return replace(sent, body=sent.body[:start] + token + sent.body[end:])


def noise(chance: random.Random, sent: Sent) -> Sent:
    """Replace the body by random bytes."""
    return replace(sent, body=chance.randbytes(chance.choice((0, 1, 8, 16, 100, 5000))))


def mislabelled(chance: random.Random, sent: Sent) -> Sent:
    """Set a false header: the media type, the encoding, or the length of the JSON."""
    lie = chance.choice(
        (
            {"content-type": chance.choice(MEDIA)},
            {"content-encoding": chance.choice(("gzip", "deflate", "br", "identity"))},
            {LENGTH: chance.choice((*LENGTHS, str(chance.randrange(len(sent.body) + 9))))},
        )
    )
    return replace(sent, headers={**sent.headers, **lie})


def packed(chance: random.Random, sent: Sent) -> Sent:
    """Compress the body: correctly, cut off, or replaced by a decompression bomb."""
    body = gzip.compress(sent.body)
    body = chance.choice((body, body[: chance.randrange(len(body))], chance.choice(BOMBS)))
    return replace(sent, body=body, headers={**sent.headers, "content-encoding": chance.choice(("gzip", "deflate"))})


def misdirected(chance: random.Random, sent: Sent) -> Sent:
    """Change the path to another or an invalid model or version, or the default model."""
    parts, name = sent.path.split("/"), chance.choice(NAMES)
    place = chance.randrange(1, len(parts))
    parts[place] = chance.choice((name, parts[place] + name, f"{name}/versions/{10**30}", f"{name}/labels/{name}"))
    return (
        replace(sent, path="/".join(parts)) if chance.random() < 0.7 else replace(sent, default=chance.choice(DEFAULTS))
    )


MUTATIONS: tuple[Mutation, ...] = (altered, altered, altered, flipped, spliced, noise, mislabelled, packed, misdirected)


def mutated(chance: random.Random, sent: Sent) -> Sent:
    """Return the request after one to three mutations."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        sent = chance.choice(MUTATIONS)(chance, sent)
    return sent
