"""Predictions in the page, by LiteRT.js, beside the server's over loopback.

Both are those of the tab *On your device*, one after the other, as the page itself times them: from the request's body
to the answer, without drawing it. The browser's clock has steps of 0.1 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from benchmarks.examples import TOLERANCE
from benchmarks.figures import percentile, significant
from benchmarks.table import Row, Table, shown
from benchmarks.web.browser import Condition, Tab, fresh_tab
from benchmarks.web.weight import Files, transfers

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MODELS = ("quickstart", "digits", "logistic")

_BUTTON = ".device button.primary"
# Predicts several times; returns the milliseconds of both sides as shown, the difference, and the first one's wait.
_PREDICT = """
async ([button, count]) => {
  const [here, there] = document.querySelectorAll(".sides > section");
  const shows = (side, selector) => new Promise((resolve) => {
    const look = () => side.querySelector(selector) && (observer.disconnect(), resolve());
    const observer = new MutationObserver(look);
    observer.observe(side, { attributes: true, childList: true, subtree: true });
    look();
  });
  const read = (side) => {
    const failure = side.querySelector(".failure");
    if (failure) throw new Error(failure.textContent);
    return Number(side.querySelector(".latency").textContent.replace(/[^0-9.]/g, ""));
  };
  const found = { here: [], there: [], difference: 0 };
  for (let index = 0; index < count; index++) {
    const begun = performance.now();
    document.querySelector(button).click();
    if (index === 0) shows(here, ".latency, .failure").then(() => (found.first = performance.now() - begun));
    await shows(there, ".loading");
    await shows(there, ".latency, .failure");
    await shows(document, `${button}:enabled`);
    found.here.push(read(here));
    found.there.push(read(there));
    const [difference] = document.querySelector(".sides > p").textContent.match(/[0-9.]+(E-?[0-9]+)?/);
    found.difference = Math.max(found.difference, Number(difference));
  }
  return found;
}
"""


def loaded(browser: Browser, address: str, condition: Condition) -> tuple[float, Files]:
    """Return the milliseconds until the first answer in the page, and the bytes.

    The time starts with the click, before the model and LiteRT.js are downloaded.
    """
    with fresh_tab(browser, address, condition) as tab:
        _open(tab, MODELS[0])
        with transfers(tab) as files:
            return _predict(tab, 1)["first"], {name: size for name, size in files.items() if name.startswith("app/")}


def beside_server(browser: Browser, address: str, model: str, calls: int) -> dict[str, Any]:
    """Return figures of both sides, or why the page does not run the model.

    Raises AssertionError where the answers differ.
    """
    with fresh_tab(browser, address) as tab:
        if reason := _open(tab, model):
            return {"not_in_page": reason}
        _predict(tab, 2)  # loads LiteRT.js
        found = _predict(tab, calls)
    assert found["difference"] <= TOLERANCE, f"{model} in the page and on the server: {found['difference']}"
    sides = {side: _percentiles(found[side]) for side in ("here", "there")}
    return {**sides, "predictions": calls, "difference": significant(found["difference"], 2)}


def tables(part: Mapping[str, Any]) -> list[Table]:
    """Return the tables of predictions and of loading LiteRT.js."""
    models, loading = part["device"]["models"], part["device"]["loading_ms"]
    heads = ("", "LiteRT.js, p50", "LiteRT.js, p99", "server, p50", "server, p99", "predictions", "difference")
    rows = tuple(_row(model, figures) for model, figures in models.items())
    waits = tuple((name, *(shown(times[key], "ms") for key in ("median", "max"))) for name, times in loading.items())
    return [
        Table("One prediction in the browser, beside the server's over loopback", heads, rows),
        Table("LiteRT.js, cold cache: from the click to the first prediction", ("", "median", "worst"), waits),
    ]


def _open(tab: Tab, model: str) -> str:
    """Open a model's tab; return why the page does not run it, or nothing."""
    tab.open(f"#/models/{model}/device")
    tab.page.locator(f"{_BUTTON}:enabled, .empty").first.wait_for()
    return "" if tab.page.locator(_BUTTON).count() else tab.page.locator(".empty").first.inner_text()


def _predict(tab: Tab, calls: int) -> dict[str, Any]:
    found: dict[str, Any] = tab.page.evaluate(_PREDICT, [_BUTTON, calls])
    return found


def _percentiles(samples: list[float]) -> dict[str, float]:
    return {f"p{percent}_ms": percentile(samples, percent) for percent in (50, 99)}


def _row(model: str, figures: Mapping[str, Any]) -> Row:
    if "not_in_page" in figures:
        return (model, "not in the page", *[""] * 5)
    times = (shown(figures[side][key], "ms") for side in ("here", "there") for key in ("p50_ms", "p99_ms"))
    return (model, *times, f"{figures['predictions']:,}", f"{figures['difference']:.1g}")
