"""Pages that are measured, and the moments of their loading that a script records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from benchmarks.web.browser import Tab


@dataclass(frozen=True)
class Shown:
    """A page of the application.

    Attributes:
        name: the name in the tables.
        fragment: its address after the server's.
        usable: selector of the first element that can be used.
        complete: selector of the answer, or of what the page shows last.
    """

    name: str
    fragment: str
    usable: str
    complete: str


PAGES = (
    Shown("models", "", ".cards a", ".cards a"),
    Shown("Try it, quickstart", "#/models/quickstart", ".columns input:enabled", ".best"),
    Shown("Try it, digits", "#/models/digits", ".picture button:enabled", ".best"),
)

# How long the page is watched after its answer, for tasks that would make it wait.
WATCHED_MS = 1000

# Runs before the page's own scripts. Times are milliseconds since the navigation started.
_RECORD = """
(() => {
  const seen = { tasks: [], usable: null, complete: null };
  globalThis.benchmark = seen;
  const ends = (list) => list.getEntries().map((task) => task.startTime + task.duration);
  const observer = new PerformanceObserver((list) => seen.tasks.push(...ends(list)));
  observer.observe({ type: "longtask", buffered: true });
  const look = () => {
    for (const [name, selector] of Object.entries(SELECTORS)) {
      if (seen[name] === null && document.querySelector(selector)) seen[name] = performance.now();
    }
  };
  new MutationObserver(look).observe(document, { attributes: true, childList: true, subtree: true });
})();
"""
_MOMENTS = """
(watched) => new Promise((resolve) => setTimeout(() => {
  const [navigation] = performance.getEntriesByType("navigation");
  const { tasks, usable, complete } = globalThis.benchmark;
  resolve({ loaded: navigation.domContentLoadedEventEnd, usable, task: Math.max(0, ...tasks), complete });
}, watched))
"""


def load(tab: Tab, shown: Shown) -> dict[str, Any]:
    """Open a page and return its moments in milliseconds since the navigation started.

    ``loaded`` is DOMContentLoaded, ``usable`` and ``complete`` are when their elements appeared, ``task`` is the end
    of the last task of more than 50 ms, or 0. ``interactive`` is the latest of the first two and the task.
    """
    selectors = json.dumps({"usable": shown.usable, "complete": shown.complete})
    tab.page.add_init_script(_RECORD.replace("SELECTORS", selectors))
    tab.open(shown.fragment)
    tab.page.wait_for_function("() => globalThis.benchmark?.complete")
    moments: dict[str, Any] = tab.page.evaluate(_MOMENTS, WATCHED_MS)
    return {**moments, "interactive": max(moments["loaded"], moments["usable"], moments["task"])}
