"""``lightship draw``: pictures of trees and coefficients, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from lightship.bundle import write_manifest
from lightship.cli import lightship
from lightship.registry.registry import Registry
from tests.bundles import Registries
from tests.explain.exact.bundles import bundle_of, shop

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    registry = Registry(str(tmp_path_factory.mktemp("models")))
    for name, estimator in (("tree", DecisionTreeClassifier(max_depth=3)), ("linear", LogisticRegression())):
        with registry.staging() as folder:
            registry.publish(name, bundle_of(shop(estimator), folder)[0])
    return registry


@pytest.fixture
def draw(models: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(*words: str, registry: str = str(models.location)) -> Result:
        return CliRunner(mix_stderr=False).invoke(lightship, ["draw", *words, "--registry", registry])

    return run


@pytest.mark.parametrize("model", ["tree", "linear@1"])
def test_draw_model_writes_svg_of_same_name(draw: Run, model: str) -> None:
    name = model.partition("@")[0]
    result = draw(model)
    assert result.exit_code == 0, result.stderr
    assert f"{name}.svg" in result.stdout
    texts = [element.text for element in ElementTree.parse(f"{name}.svg").iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert any(text and text.startswith("town is ") for text in texts)


def test_draw_output_png_writes_png(draw: Run) -> None:
    result = draw("linear", "--target", "buys", "--output", "chart.png")
    assert result.exit_code == 0, result.stderr
    assert Path("chart.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("tree", "--output", "chart.pdf"), "chart.pdf"),
        (("tree", "--tree", "1"), "tree 1"),
        (("linear", "--target", "rents"), "rents"),
        (("nothing",), "nothing"),
        (("tree", "--output", "no/folder/chart.svg"), "no/folder"),
    ],
)
def test_draw_mistake_exits_with_2(draw: Run, words: tuple[str, ...], named: str) -> None:
    result = draw(*words)
    assert result.exit_code == 2
    assert named in result.stderr
    assert not list(Path().iterdir())


def test_draw_other_model_exits_with_2(draw: Run, registries: Registries) -> None:
    result = draw("quickstart", registry=str(registries.examples))
    assert result.exit_code == 2
    assert "quickstart version 1" in result.stderr
    assert "decision tree or linear model" in result.stderr


def test_draw_model_with_lifted_input_names_model(draw: Run, tmp_path: Path) -> None:
    registry = Registry(str(tmp_path / "registry"))
    with registry.staging() as folder:
        made = bundle_of(shop(LogisticRegression()), folder)[0]
        reason = {"reason": "its input 'lifted_0' is int64: only floating-point numbers change smoothly"}
        registry.publish("mood", write_manifest(folder, made.manifest._replace(explain=reason)))
    result = draw("mood", registry=str(registry.location))
    assert result.exit_code == 2
    assert "lifted_0" not in result.stderr
    assert "mood version 1" in result.stderr
