"""Texts on which TensorFlow and other languages may differ."""

from __future__ import annotations

import itertools
import random
import string

_INVALID = (
    b"\xff",
    b"\x80abc",
    b"a\xc3",
    b"\xc0\xaf",  # overlong
    b"\xe0\x80\x80",
    b"\xf0\x80\x80\x80x",
    b"\xed\xa0\x80",  # surrogates
    b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80",  # beyond U+10FFFF
    b"\xf8\x88\x80\x80\x80",
    b"\xe2\x82",
    b"\xe2\x82 \xe2",
    b"\xf0\x9f\x98",
    b"Caf\xe9 au lait",
    b"\xef\xbb\xbfbom",
    b"\x00",
    b"a\x00b\x00",
)
_TEXTS = (
    "",
    " ",
    "\t\n\v\f\r ",
    "!",
    string.punctuation,
    string.punctuation * 3,
    "The quick brown fox",
    "THE Quick, brown: FOX!",
    "  leading and trailing  ",
    "a\u00a0b",  # no-break space
    "a\x1cb\x1db\x1eb\x1fb",
    "a\x85b\u2028c\u2029d\u3000e\u200bf",
    "Stra\u00dfe \u1e9e \u0130stanbul \u0131 \u01c5 \ufb01",
    "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2 \u03a3\u0391\u03a3",
    "e\u0301 \u00e9 n\u0303",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0",
    "\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e9\U0001f1ea",
    "\U00010400\U00010428 \U0001d400 \U000e0001 \U0010ffff",
    "don't can't o'clock it's",
    "re-use e-mail under_score",
    "<br />two<br />lines<b>bold</b>",
    "www.example.org/?q=1&r=2#part",
    "$1,234.56 50% #tag @user",
    "line one\nline two\r\nline three",
    "tab\tseparated\tvalues",
    "a" * 7,
    "word " * 2000,
    "x" * 100_000,
    "\u00e9" * 5000,
)


def texts(count: int = 400) -> list[bytes]:
    """Return the texts above, then random ones of each kind."""
    generator = random.Random(4)
    fixed = [*_INVALID, *(text.encode() for text in _TEXTS)]
    makers = itertools.cycle((_bytes, _words, _characters, _planes, _marks))
    return fixed + [next(makers)(generator) for _ in range(count - len(fixed))]


def _bytes(generator: random.Random) -> bytes:
    return generator.randbytes(generator.randrange(80))


def _words(generator: random.Random) -> bytes:
    words = ["The", "quick", "FOX", "foo", "bar,", "baz!", "(a)", "b", "1", "22", "", "\u00c9t\u00e9"]
    return " ".join(generator.choices(words, k=generator.randrange(12))).encode()


def _characters(generator: random.Random) -> bytes:
    return "".join(generator.choices(string.printable, k=generator.randrange(300))).encode()


def _planes(generator: random.Random) -> bytes:
    codes = (generator.randrange(0x110000) for _ in range(generator.randrange(40)))
    return "".join(chr(code) for code in codes if not 0xD800 <= code < 0xE000).encode()


def _marks(generator: random.Random) -> bytes:
    parts = [*string.punctuation, " ", "\t", "\xa0", "\x1c", "\x85", "a", "B"]
    return "".join(generator.choices(parts, k=generator.randrange(30))).encode("utf-8")
