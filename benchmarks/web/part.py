"""Part ``web``: the application of ``lightship serve`` over loopback, in Chromium.

The server has one core, and Chromium may use all of them. Every load is one of a new browser context: nothing is
cached.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import servers
from benchmarks.examples import Example
from benchmarks.figures import spread
from benchmarks.goals import page_limits
from benchmarks.stacks import lightship
from benchmarks.table import Row, Table, shown
from benchmarks.web import device, reported, weight
from benchmarks.web.browser import CONDITIONS, Condition, chromium, fresh_tab, missing
from benchmarks.web.pages import PAGES, load

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# The moments that are kept, of those of benchmarks.web.pages.load.
_MOMENTS = ("loaded", "usable", "task", "interactive", "complete")


@dataclass(frozen=True)
class Plan:
    """Number of loads of each page and of LiteRT.js, and of predictions of a model."""

    rounds: int
    litert_rounds: int
    predictions: int
    conditions: tuple[Condition, ...] = CONDITIONS


FULL = Plan(rounds=15, litert_rounds=5, predictions=500)
QUICK = Plan(rounds=2, litert_rounds=1, predictions=10)


def measure(
    registry: Path, keras_model: Path, examples: Sequence[Example], plan: Plan, step: Callable[[str], None]
) -> dict[str, Any]:
    """Return figures of a registry's models; ``keras_model`` is the quickstart's file.

    Returns ``{"not_measured": reason}`` without Chromium, Playwright or the built page. Raises RuntimeError if a server
    does not start, AssertionError where the page and the server answer differently.
    """
    if reason := missing():
        return {"not_measured": reason}
    with chromium() as browser:
        step("web: a report with charts")
        with tempfile.TemporaryDirectory() as folder:
            charts = _charts(browser, reported.publish(keras_model, Path(folder)), examples)
        step("starting lightship")
        with servers.running(lightship(registry), examples) as port:
            measured = _measured(browser, f"http://127.0.0.1:{port}/", plan, step)
        measured["weight"]["later"] = {"charts": charts, **measured["weight"]["later"]}
        return {"rounds": plan.rounds, "chromium": browser.version, **measured}


def steps(plan: Plan) -> int:
    """Return the number of calls of ``step``."""
    return 2 + len(PAGES) + plan.rounds + len(plan.conditions) + len(device.MODELS)


def tables(results: Mapping[str, Any]) -> list[Table]:
    """Return the tables of goals, weight, moments and predictions."""
    part = results["web"]
    if "not_measured" in part:
        return [Table("The web application", ("", "figure"), ((f"not measured here: {part['not_measured']}", ""),))]
    goals = tuple((limit.figure, shown(limit.value, limit.unit), limit.verdict) for limit in page_limits(part))
    heads = ("", "DOMContentLoaded", "usable", "last long task", "interactive", "interactive, worst", "complete")
    title = f"Until a page is interactive: cold cache, median of {part['rounds']} loads, Chromium {part['chromium']}"
    rows = tuple(
        _row(f"{page}: {condition}", figures)
        for condition, pages in part["moments_ms"].items()
        for page, figures in pages.items()
    )
    moments = Table(title, heads, rows)
    web = Table("The web application: goals", ("", "lightship", "goal"), goals)
    return [web, *weight.tables(part), moments, *device.tables(part)]


def _charts(browser: Browser, registry: Path, examples: Sequence[Example]) -> weight.Files:
    with servers.running(lightship(registry), examples) as port:
        return weight.of_charts(browser, f"http://127.0.0.1:{port}/")


def _measured(browser: Browser, address: str, plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    pages = {}
    for page in PAGES:
        step(f"weight: {page.name}")
        pages[page.name] = weight.first_load(browser, address, page)
    moments = _moments(browser, address, plan, step)
    loading = {}
    for condition in plan.conditions:
        step(f"LiteRT.js: {condition.name}")
        loads = [device.loaded(browser, address, condition) for _ in range(plan.litert_rounds)]
        loading[condition.name] = spread([time for time, _ in loads])
    models = {}
    for model in device.MODELS:
        step(f"predictions in the page: {model}")
        models[model] = device.beside_server(browser, address, model, plan.predictions)
    return {
        "weight": {"pages": pages, "later": {"LiteRT.js": loads[0][1]}},
        "moments_ms": moments,
        "device": {"models": models, "loading_ms": loading},
    }


def _moments(browser: Browser, address: str, plan: Plan, step: Callable[[str], None]) -> dict[str, Any]:
    """Return moments by condition and page; rounds alternate between them."""
    seen: dict[str, dict[str, list[dict[str, Any]]]] = {
        condition.name: {page.name: [] for page in PAGES} for condition in plan.conditions
    }
    for number in range(plan.rounds):
        step(f"loads of each page: {number + 1} of {plan.rounds}")
        for condition in plan.conditions:
            for page in PAGES:
                with fresh_tab(browser, address, condition) as tab:
                    seen[condition.name][page.name].append(load(tab, page))
    return {
        condition: {
            page: {key: spread([each[key] for each in loads]) for key in _MOMENTS} for page, loads in pages.items()
        }
        for condition, pages in seen.items()
    }


def _row(name: str, figures: Mapping[str, Any]) -> Row:
    medians = {key: shown(figures[key]["median"], "ms") for key in _MOMENTS}
    task = medians["task"] if figures["task"]["median"] else "none"
    worst = shown(figures["interactive"]["max"], "ms")
    return (name, medians["loaded"], medians["usable"], task, medians["interactive"], worst, medians["complete"])
