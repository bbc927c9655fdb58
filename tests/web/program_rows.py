"""Rows that the server accepts, and rows that it refuses.

They are for the models of :mod:`tests.web.program_models`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

Row = Callable[[random.Random], Any]

_CITIES = ["Bern", "größer", "", "Chur", "it's"]
_STREETS = ["", "a", "abc", "Hauptstraße", "x" * 17, "y" * 40, "z" * 70, "é" * 100]
_WORDS = [
    "good",
    "Bad",
    "film",
    "FILM,",
    "été",
    "İ",
    "a\tb",
    "\x0b",
    "(é)",
    "ß!",
    "東京",
    "naïve",
    "##able",
    "\u00a0",
    "",
]


def _number(rng: random.Random) -> float:
    """Return a number as a measurement, at a limit, or of any size."""
    return rng.choice(
        [
            round(rng.uniform(-1, 8), 1),
            rng.uniform(-10, 10),
            rng.choice([0.0, -0.0, 1.0, 2.0, 1e-320, 5e-324]),
            rng.uniform(-1, 1) * 10.0 ** rng.randint(-30, 30),
        ]
    )


def _gap(rng: random.Random) -> float | None:
    return None if rng.random() < 0.3 else _number(rng)


def _four(rng: random.Random) -> list[list[float]]:
    return [[_number(rng) for _ in range(4)]]


def _named(rng: random.Random) -> list[dict[str, float]]:
    return [{f"x{index}": _number(rng) for index in range(4)}]


def _gaps(rng: random.Random) -> list[list[float | None]]:
    return [[_gap(rng) for _ in range(4)]]


def _person(rng: random.Random) -> list[dict[str, Any]]:
    return [
        {"x0": rng.choice([*_CITIES, "Rome"]), "x1": rng.choice([0, 1, 2, 3, 7.5]), "x2": _gap(rng), "x3": _gap(rng)}
    ]


def _familiar(rng: random.Random) -> list[dict[str, Any]]:
    return [{"x0": rng.choice(_CITIES), "x1": rng.randrange(4), "x2": _gap(rng), "x3": _gap(rng)}]


def _rare(rng: random.Random) -> list[dict[str, Any]]:
    (row,) = _person(rng)
    absent = {"x0"} if rng.random() < 0.2 else set()
    return [{name: value for name, value in row.items() if name not in absent}]


def _categorised(rng: random.Random) -> list[list[float | None]]:
    return [[*_gaps(rng)[0], rng.choice([None, 0, 1, 2, 3, 9, -1, 1.5])]]


def _house(rng: random.Random) -> list[dict[str, Any]]:
    small = rng.uniform(-1e6, 1e6)
    return [
        {
            "city": [rng.choice([*_CITIES, *_STREETS])],
            "street": [rng.choice(_STREETS) + str(rng.randrange(1000))],
            "floors": [rng.choice([2, 3, 5, 7, 0, -1, 2**31 - 1, -(2**31)])],
            "area": [small],
            "year": [rng.choice([1900.0, 1950, 2000.5, 1999.75])],
        }
    ]


def _space(rng: random.Random) -> list[dict[str, Any]]:
    numbers = {name: [rng.uniform(-5, 5)] for name in ("age", "amount", "plain", "share")}
    integers = {name: [rng.choice([1, 2, 3, 4, 9, -7])] for name in ("code", "grade")}
    strings = {name: [rng.choice(["foo", "bar", "baz", "", *_STREETS])] for name in ("street", "word")}
    return [numbers | integers | strings]


def _text(rng: random.Random) -> list[list[str]]:
    return [[rng.choice([" ", "  ", "\n", "-"]).join(rng.choices(_WORDS, k=rng.randrange(1, 14)))]]


ROWS: Mapping[str, Row] = {
    "scaled": _named,
    "ranges": _four,
    "largest": _four,
    "united": _four,
    "filled": _gaps,
    "people": _person,
    "strict": _familiar,
    "rare": _rare,
    "xgboost": _gaps,
    "lightgbm": _categorised,
    "houses": _house,
    "space": _space,
    "words": _text,
    "counts": _text,
}


def accepted(name: str, count: int) -> list[Any]:
    """Return values of "input" with one row each."""
    rng = random.Random(name)
    return [ROWS[name](rng) for _ in range(count)]


def refused(name: str) -> list[Any]:
    """Return values of "input" that no version of the model accepts."""
    (row,) = ROWS[name](random.Random(1))
    if not isinstance(row, dict):
        wrong = ["text", True] if isinstance(row[0], str | None) and name in ("words", "counts") else ["1", True, {}]
        return [[[]], [row[:-1]], [[*row, *row]], *([[[*row[:-1], each]] for each in wrong if each != "text"])]
    return [
        *([row | {column: wrong}] for column in row for wrong in ([], {}, True, [1, 2])),
        [row | {"else": 1}],
        *([{name: value for name, value in row.items() if name != column}] for column in _needed(name)),
    ]


def _needed(name: str) -> tuple[str, ...]:
    return {"people": ("x0", "x1"), "strict": ("x0", "x1"), "houses": ("city", "floors"), "space": ("word",)}.get(
        name, ()
    )
