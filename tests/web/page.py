"""The web application in a tab, by the names that people and screen readers know.

Every method waits until its element is there, at most 20 seconds. ``tab`` is Playwright's page, for all else.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, expect
from playwright.sync_api import Page as Tab

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

_CLICKED = ("button", "link", "tab", "checkbox", "radio", "option")
_FIELDS = ("textbox", "combobox", "spinbutton", "slider", "searchbox", "listbox", "checkbox", "switch")

# How long a state of the page may take to appear, in milliseconds.
PATIENCE = 20_000


class Page:
    """A tab with the page of a server; ``errors`` are those on the console."""

    def __init__(self, tab: Tab, address: str) -> None:
        self.tab = tab
        self.address = address
        self.errors: list[str] = []
        tab.on("console", self._log)
        tab.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, fragment: str = "", *, width: int = 1280, scheme: str = "light") -> None:
        """Load a page, such as ``#/models/digits``, and wait for its heading."""
        self.tab.set_viewport_size({"width": width, "height": 900})
        self.tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        self.tab.goto("about:blank")  # a change of the fragment alone would load nothing
        self.tab.goto(self.address + fragment)
        self.tab.get_by_role("heading", level=1).first.wait_for()

    def click(self, name: str, *, role: str = "") -> None:
        """Click the button, link, tab or check box of this name.

        ``role`` selects one where several have the name.
        """
        self.named(name, role=role).click()

    def named(self, name: str, *, role: str = "") -> Locator:
        """Return the first element to click of this name."""
        return self._of_roles((role,) if role else _CLICKED, name).first

    def fill(self, label: str, value: str) -> None:
        """Replace the text of the field of this label."""
        self.field(label).fill(value)

    def draw(self, points: Sequence[tuple[float, float]]) -> None:
        """Draw lines between points on the drawing pad, whose sides are 0 to 1."""
        pad = self.tab.locator(".pad canvas")
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
        self.tab.mouse.move(*at[0])
        self.tab.mouse.down()
        for point in at[1:]:
            self.tab.mouse.move(*point, steps=8)
        self.tab.mouse.up()

    def choose(self, label: str, option: str) -> None:
        """Select an option of the list of this label."""
        self.field(label).select_option(label=option)

    def field(self, label: str) -> Locator:
        """Return the first field of this label.

        Fields of passwords and files have no role.
        """
        return self._of_roles(_FIELDS, label).or_(self.tab.get_by_label(label, exact=True)).first

    def _of_roles(self, roles: Sequence[str], name: str) -> Locator:
        found = [self.tab.get_by_role(role, name=name, exact=True) for role in roles]  # type: ignore[arg-type]
        return reduce(Locator.or_, found)

    def text(self) -> str:
        """Return the visible text of the page."""
        return self.tab.locator("body").inner_text()

    def wait_for(self, text: str) -> None:
        """Wait until a text is visible."""
        expect(self.tab.get_by_text(text).first).to_be_visible(timeout=PATIENCE)

    def wait_until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        self.tab.wait_for_function(f"() => ({condition})", timeout=PATIENCE)

    def screenshot(self, path: Path) -> None:
        """Write the whole page as PNG."""
        self.tab.screenshot(path=path, full_page=True)

    def overflow(self) -> int:
        """Return the pixels by which the page is wider than its window."""
        width: int = self.tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width

    def findings(self) -> list[str]:
        """Return axe's serious and critical findings."""
        self.tab.evaluate(AXE.read_text())  # through the debugging protocol: the policy permits no such script
        found = self.tab.evaluate("axe.run().then(result => result.violations)")
        return [
            f"{each['id']}: {node['html'][:200]}"
            for each in found
            if each["impact"] in {"serious", "critical"}
            for node in each["nodes"]
        ]

    def expect_error(self, part: str) -> None:
        """Remove an error that the test causes from ``errors``, where it must be."""
        expected = [error for error in self.errors if part in error]
        assert expected, self.errors
        self.errors.remove(expected[0])

    def _log(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.text} {message.location.get('url', '')}".strip())
