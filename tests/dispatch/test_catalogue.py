"""The catalogue: what is known of a model without loading it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from lightship.compiler.declarations.config import CARD_KEYS
from lightship.protocols.http import Request
from lightship.registry.registry import Registry
from lightship.registry.state import Routing
from lightship.serving.serving import Options
from tests.bundles import Registries, republish
from tests.emulator import ROOT
from tests.evaluation.report.published import with_report
from tests.evaluation.report.reports import classes, numbers, report
from tests.serve import Answers


def ask(answers: Answers, path: str) -> Any:
    response = answers.answer(Request("GET", path, caller="me"))
    assert response.status == 200
    return orjson.loads(response.body)


@pytest.fixture
def registry(registries: Registries, tmp_path: Path) -> Registry:
    registry = Registry(str(tmp_path / "models"))
    for name in ("modes", "modes", "pair"):
        republish(registry, registries.small / name / "1", name)
    return registry


@pytest.mark.parametrize("threads", [0, 2])
def test_catalogue_has_routing_size_and_kinds(registry: Registry, threads: int) -> None:
    routing = Routing({"production": 1}, {1: 100}, {2: 0.1})
    registry.change("modes", lambda state: state.reroute(routing))
    answers = Answers(registry, Options(default="pair"), threads=threads)
    modes, pair = ask(answers, "/models")["models"]
    assert (modes["labels"], modes["traffic"], modes["mirrored"]) == ({"production": 1}, {"1": 100}, {"2": 0.1})
    assert (pair["labels"], pair["traffic"], pair["mirrored"]) == ({}, {}, {})
    assert (modes["default"], pair["default"]) == (False, True)
    assert (modes["engine"], modes["kinds"], pair["kinds"]) == ("litert", ["tensor"], ["tensor", "tensor"])
    files = registry.manifest("modes", 1)[0].needed
    assert modes["bytes"] == sum((Path(registry.location) / "modes" / "1" / name).stat().st_size for name in files)
    details = ask(answers, "/models/modes")
    assert details.pop("signatures")
    assert details.pop("metrics") == {}
    assert details == modes
    assert answers.serving.loaded() == []
    answers.close()


def test_size_is_equal_before_and_after_loading(registry: Registry) -> None:
    before, after = Answers(registry), Answers(registry)
    after.serving.load("modes")
    assert ask(before, "/models/modes")["bytes"] == ask(after, "/models/modes")["bytes"]


def test_readiness_has_no_catalogue(registry: Registry) -> None:
    (modes, _) = ask(Answers(registry), "/health/ready")["models"]
    assert "bytes" not in modes
    assert "labels" not in modes


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize(
    ("task", "names"),
    [(classes(["no", "yes"]), {"accuracy", "log_loss"}), (numbers(), {"rmse", "mae", "r2"})],
    ids=["classes", "numbers"],
)
def test_metrics_are_main_ones_of_report(
    registries: Registries, tmp_path: Path, loaded: bool, task: Any, names: set[str]
) -> None:
    content = report(task)
    answers = Answers(Registry(str(with_report(registries.small, tmp_path, content=content))))
    if loaded:
        answers.serving.load("pair")
    (pair,) = ask(answers, "/models")["models"]
    values = content["evaluation"]["outputs"][0]["metrics"]
    assert names <= pair["metrics"].keys()
    assert pair["metrics"] == {name: values[name]["value"] for name in pair["metrics"]}
    assert ask(answers, "/models/pair")["metrics"] == pair["metrics"]


def test_details_of_each_example_have_complete_card(registries: Registries) -> None:
    seen = set()
    folders = (registries.examples, registries.examples.with_name("sklearn"), registries.transformed)
    for folder in (*folders, registries.applications):
        answers = Answers(Registry(str(folder)))
        for model in ask(answers, "/models")["models"]:
            card = ask(answers, f"/models/{model['name']}")["card"]
            assert card.keys() == set(CARD_KEYS)
            assert model["purpose"] == card["purpose"]
            seen.add(model["name"])
    assert seen == {page.parent.name for page in (ROOT / "examples").glob("*/train.py")}


def test_catalogue_with_missing_report_file_states_report_of_manifest(registries: Registries, tmp_path: Path) -> None:
    with_report(registries.small, tmp_path, content=report(numbers()))
    republish(Registry(str(tmp_path)), registries.small / "modes" / "1", "modes")
    (tmp_path / "pair" / "1" / "report.json").unlink()
    answers = Answers(Registry(str(tmp_path)))
    assert [model["report"] for model in ask(answers, "/models")["models"]] == [False, True]
    assert ask(answers, "/models/pair")["report"] is True
    assert ask(answers, "/models/modes")["report"] is False


@pytest.mark.parametrize("loaded", [False, True])
@pytest.mark.parametrize(
    "content", ["{", "[]", '{"evaluation": 5}', '{"evaluation": {"outputs": [{"task": "number"}]}}']
)
def test_malformed_report_has_no_metrics(registries: Registries, tmp_path: Path, content: str, loaded: bool) -> None:
    answers = Answers(Registry(str(with_report(registries.small, tmp_path, content=content))))
    if loaded:
        answers.serving.load("pair")
    (pair,) = ask(answers, "/models")["models"]
    assert pair["bytes"] > 0
    assert "metrics" not in pair


def test_version_in_s3_has_size(registries: Registries, s3_registry: str) -> None:
    registry = Registry(s3_registry)
    republish(registry, registries.small / "modes" / "1", "modes")
    local = ask(Answers(Registry(str(registries.small))), "/models/modes")
    assert ask(Answers(registry), "/models/modes")["bytes"] == local["bytes"]
