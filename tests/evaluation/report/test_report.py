"""Reports: the sections of a page, and texts of the data that stay texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from typing import Any

import pytest

from lightship.errors import BundleError
from lightship.evaluation.report import figures, render
from tests.evaluation.report.reports import HOSTILE, MEASUREMENTS, PIXEL, classes, labels, numbers, report

DEEP: list[Any] = []
for _ in range(5000):
    DEEP = [DEEP]
HUGE = {"predicted": [1.7e308, -1.7e308], "residual": [0, 1], "histogram": {"edges": [0, 1], "counts": [2]}}
BINARY = report(classes(["no", HOSTILE]))
EMPTY = {"br", "img", "meta", "rect", "circle", "polyline"}


class Page(HTMLParser):
    """The elements of a page; raises AssertionError where they are not nested."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(content)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    @property
    def sections(self) -> list[str]:
        return [attributes["id"] for attributes in self.all("section")]


def page(content: dict[str, Any], **options: Any) -> Page:
    return Page(render(content, name="digits", version=3, **options))


def test_page_of_binary_model_has_every_section() -> None:
    made = page(BINARY, measurements=MEASUREMENTS)
    assert made.sections == [
        *("overview", "metrics", "classes", "confusion", "curves", "thresholds"),
        *("slices", "worst", "importance", "compression", "baseline"),
    ]
    assert "digits version 3" in made.text
    assert f"{BINARY['evaluation']['outputs'][0]['metrics']['accuracy']['value']:.4f}" in made.text
    assert len(made.all("svg")) == 7


@pytest.mark.parametrize("part", ["card", "evaluation", "compression", "importance", "baseline"])
def test_page_without_part_omits_section(part: str) -> None:
    content = {key: value for key, value in BINARY.items() if key != part}
    assert set(page(content).sections) < {*page(BINARY).sections} | {"none"}
    assert page({"schema": 1}).sections == ["overview"]


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ([numbers()], {"metrics", "residuals"}),
        ([labels()], {"metrics", "classes", "curves"}),
        ([numbers(), labels()], {"metrics-0", "residuals-0", "metrics-1", "classes-1", "curves-1"}),
        ([{"output": "y", "task": "number", "rows": 0, "absent": {"rmse": "no rows"}}], {"metrics"}),
        ([classes([f"class {number}" for number in range(60)])], {"metrics", "classes"}),
    ],
    ids=["numbers", "labels", "several", "no rows", "many classes"],
)
def test_page_has_sections_of_task(outputs: list[dict[str, Any]], expected: set[str]) -> None:
    assert expected <= {*page(report(*outputs)).sections}


def test_hostile_texts_stay_texts() -> None:
    content = render(BINARY, name=HOSTILE, measurements=MEASUREMENTS)
    made = Page(content)
    assert not made.all("script")
    assert "<script" not in content
    assert "\u202e" not in content
    assert "\x00" not in content
    assert made.text.count("<script>alert(1)</script>") > 20
    names = {name for _, attributes in made.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}


def test_page_loads_nothing() -> None:
    made = page(BINARY, measurements=MEASUREMENTS)
    policy = next(each["content"] for each in made.all("meta") if "http-equiv" in each)
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert {name for name, _ in made.elements}.isdisjoint({"script", "link", "iframe", "object", "form", "base"})
    addresses = [each[name] for _, each in made.elements for name in ("src", "href", "xlink:href") if name in each]
    assert addresses
    assert all(address.startswith(("#", "data:image/")) for address in addresses)
    assert not re.findall(r"url\(|@import", "".join(made.texts))


def test_page_is_accessible() -> None:
    made = page(BINARY, measurements=MEASUREMENTS)
    assert made.all("html") == [{"lang": "en"}]
    assert len(made.all("main")) == len(made.all("h1")) == len(made.all("nav")) == 1
    assert len(made.all("caption")) == len(made.all("table"))
    assert all(each.get("scope") in {"row", "col"} for each in made.all("th"))
    assert all(each.get("role") == "img" for each in made.all("svg"))
    assert len(made.all("figcaption")) == len(made.all("figure"))
    ids = [each["id"] for _, each in made.elements if "id" in each]
    assert len(ids) == len({*ids})
    assert {each["href"][1:] for each in made.all("a")} == {*made.sections}


def test_compression_names_choice_and_failures() -> None:
    text = " ".join(page(BINARY, measurements=MEASUREMENTS).text.split())
    assert "int8 (chosen) (2 layers in float32)" in text
    assert "fp32 (2 layers in float32)" in text
    assert "Variants that cannot be used" in text
    assert "0.07 ms" in text
    assert "67.0 MB" in text


def test_baseline_shows_quantiles_and_other_categories() -> None:
    made = page(report(numbers()))
    first = made.texts.index("95%") + 2
    assert made.texts[first : first + 10] == ["1.5", "0.5", "0", "3", "2", "0", "1", "1.5", "2", "3"]
    assert any(text.endswith("other 3, others 4") for text in made.texts)


@pytest.mark.parametrize(
    ("predicted", "shown"),
    [({"class": "dog", "probability": 0.98765}, "dog (0.988)"), (["a", "b"], "a, b"), ([0.123456, 2], "0.1235, 2")],
)
def test_worst_row_shows_prediction_of_task(predicted: Any, shown: str) -> None:
    content = report(classes(["no", "yes"]))
    content["evaluation"]["worst"][0]["predicted"] = predicted
    assert shown in page(content).texts


def test_worst_images_have_alternative_texts() -> None:
    content = report(classes(["no", "yes"]))
    image = {"row": 5, "target": "no", "predicted": "yes", "loss": 2.0, "image": f"data:image/png;base64,{PIXEL}"}
    content["evaluation"]["worst"] = [image]
    (shown,) = page(content).all("img")
    assert shown["alt"] == "row 5: target no, predicted yes"


@pytest.mark.parametrize("image", ["https://example.com/x.png", "data:text/html;base64,AA==", "javascript:alert(1)", 5])
def test_worst_image_of_another_form_is_not_shown(image: Any) -> None:
    content = report(classes(["no", "yes"]))
    content["evaluation"]["worst"][0]["image"] = image
    assert not list(_images(content))


def _images(content: dict[str, Any]) -> Iterator[dict[str, str]]:
    yield from page(content).all("img")


def test_many_classes_have_few_curves() -> None:
    made = page(report(classes([f"c{number}" for number in range(12)], rows=900)))
    assert "Of 12 classes, the 8" in made.text
    assert len(figures(report(classes([f"c{number}" for number in range(12)], rows=900)))["roc"].split("<g>")) == 9


@pytest.mark.parametrize(
    "content",
    [
        {"evaluation": []},
        {"evaluation": {"outputs": [{"task": "number"}]}},
        {"evaluation": {"outputs": [{**classes(["a", "b"]), "confusion": [[1]]}]}},
        {"importance": {"method": "m", "features": [{"feature": "x", "importance": "high"}]}},
        {"compression": {"candidates": 5}},
        {"evaluation": {"worst": [{"row": 1}]}},
        {"baseline": {"features": [{}]}},
        {"evaluation": {"outputs": [{**numbers(), "residuals": HUGE}]}},
        {"evaluation": {"worst": [{"row": 1, "target": DEEP, "predicted": 1, "loss": 1}]}},
    ],
)
def test_malformed_report_raises_bundle_error(content: dict[str, Any]) -> None:
    with pytest.raises(BundleError, match="malformed"):
        render(content, name="digits")


REPEATED = {
    "long text": {"card": {"purpose": "l" * 3000}},
    "long class name": {"evaluation": {"outputs": [{**classes(["a", "b"]), "classes": ["l" * 3000, "b"]}]}},
    "points": {"evaluation": {"outputs": [{**numbers(), "residuals": {"predicted": [0.0] * 3000}}]}},
    "classes": {"evaluation": {"outputs": [{**classes(["a", "b"]), "classes": ["a"] * 60_000}]}},
    "candidates": {"compression": {"candidates": [{"name": "c"}] * 3000}},
    "slices": {"evaluation": {"slices": [{"column": "c", "values": []}] * 3000}},
    "mistakes": {"evaluation": {"worst": [{}] * 3000}},
    "images": {"evaluation": {"worst": [{"image": "data:image/png;base64," + "A" * 500_000}] * 80}},
    "large image": {"evaluation": {"worst": [{"image": "data:image/png;base64," + "A" * 600_000}]}},
    "features": {"importance": {"features": [{}] * 3000}},
    "names": {"evaluation": {"worst": [{"cells": {str(number): 0 for number in range(3000)}}]}},
    "values": {"baseline": {"features": [{"quantiles": [0] * 2000}] * 2000}},
    "not finite": {"importance": {"features": [{"feature": "a", "importance": float("inf")}]}},
}


@pytest.mark.parametrize("name", REPEATED)
def test_report_beyond_bounds_raises_bundle_error(name: str) -> None:
    for draw in (partial(render, name="digits"), figures):
        with pytest.raises(BundleError, match=r"report\.json is malformed: (a|it) "):
            draw(REPEATED[name])


def test_report_of_many_classes_and_layers_is_rendered() -> None:
    content = {
        "evaluation": {"outputs": [{**classes(["a", "b"]), "per_class": [{"class": "c", "support": 1}] * 21_000}]},
        "compression": {"chosen": "c", "candidates": [{"name": "c", "float_layers": ["layer"] * 5000}]},
    }
    assert "5000 layers" in render(content, name="digits")


def test_measurements_beyond_bounds_raise_bundle_error() -> None:
    with pytest.raises(BundleError, match="measurements"):
        render(BINARY, name="digits", measurements={"compiled": "l" * 3000})


def test_classes_with_many_metrics_have_bounded_table() -> None:
    per_class = [{"class": "a", "support": 1, f"metric {number}": 0.5} for number in range(500)]
    content = render({"evaluation": {"outputs": [{**classes(["a", "b"]), "per_class": per_class}]}}, name="digits")
    assert len(content) < 1_000_000


@pytest.mark.parametrize("predicted", [[0, 4.9e-323], [0, 5e-324], [1.0, 1.0000000000000002], [1e16, 1e16 + 2]])
def test_residuals_of_tiny_range_are_drawn(predicted: list[float]) -> None:
    histogram = {"edges": predicted, "counts": [2]}
    residuals = {"predicted": predicted, "residual": predicted, "histogram": histogram}
    content = {"evaluation": {"outputs": [{"output": "y", "task": "number", "rows": 2, "residuals": residuals}]}}
    assert "</svg>" in render(content, name="digits")
    assert {*figures(content)} == {"residuals", "residual-histogram"}


def test_figures_of_huge_range_raise_bundle_error() -> None:
    with pytest.raises(BundleError, match="malformed"):
        figures({"evaluation": {"outputs": [{**numbers(), "residuals": HUGE}]}})


def test_figures_have_names_for_files() -> None:
    charts = figures(BINARY, measurements=MEASUREMENTS)
    assert {*charts} == {"confusion", "roc", "pr", "calibration", "thresholds", "importance", "compression"}
    assert {"residuals-1", "residual-histogram-1", "roc-0"} <= {*figures(report(labels(), numbers()))}
    with pytest.raises(BundleError):
        figures({"evaluation": 5})


def test_render_is_deterministic_and_keeps_argument() -> None:
    before = json.dumps(BINARY)
    assert render(BINARY, name="digits") == render(json.loads(before), name="digits")
    assert json.dumps(BINARY) == before


def _per_class(count: int) -> list[dict[str, Any]]:
    return [{"class": f"c{at}", "support": 1, "f1": {"value": 1 - at / count}} for at in range(count)]


WIDE = {**classes(["a", "b"]), "classes": [f"c{at}" for at in range(400)], "confusion": [[1] * 400] * 400}
IMAGE = {"row": 1, "target": "a", "predicted": "b", "loss": 1.0, "image": "data:image/png;base64," + "A" * 400_000}
CELLS = [{"row": 1, "target": "a", "predicted": "b", "loss": 1.0, "cells": {"a": "<" * 1900}}] * 2000
LARGE = {
    "outputs": ({"evaluation": {"outputs": [classes(["a", "b"])] * 60}}, "50 more outputs"),
    "matrix": ({"evaluation": {"outputs": [WIDE]}}, "The matrix of 400 classes"),
    "classes": ({"evaluation": {"outputs": [{**WIDE, "per_class": _per_class(3000)}]}}, "Of 3,000 classes, the 100"),
    "slices": ({"evaluation": {"slices": [{"column": "c", "values": []}] * 2000}}, "1,980 more slices"),
    "images": ({"evaluation": {"worst": [IMAGE] * 60}}, "56 more images"),
    "rows": ({"evaluation": {"worst": CELLS}}, "1,800 more rows"),
    "features": (
        {"importance": {"method": "m", "features": [{"feature": "<" * 1900, "importance": 0.5}] * 2000}},
        "1,800 more rows",
    ),
    "notes": ({"evaluation": {"warnings": ["<" * 1900] * 2000, "data": {"name": "d", "rows": 1}}}, "larger than 5 MB"),
}


@pytest.mark.parametrize("name", LARGE)
def test_page_of_large_report_is_bounded_and_names_omissions(name: str) -> None:
    content, sentence = LARGE[name]
    written = render(content, name="digits", measurements=MEASUREMENTS)
    assert len(written.encode()) < 5_000_000
    assert sentence in Page(written).text
    assert Page(written).sections


def test_page_of_many_classes_shows_those_with_lowest_f1() -> None:
    content = {"evaluation": {"outputs": [{**classes(["a", "b"]), "per_class": _per_class(300)}]}}
    texts = page(content).texts
    assert "c299" in texts
    assert "c0" not in texts


def test_page_shows_warnings_of_data() -> None:
    assert HOSTILE.split("\u202e")[0] in page({"evaluation": {"warnings": [HOSTILE]}}).text


def test_figures_of_many_classes_have_no_matrix() -> None:
    assert "confusion" not in figures({"evaluation": {"outputs": [WIDE]}})
