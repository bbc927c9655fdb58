"""README and docs: their pages, and the code blocks in them that tests run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.emulator import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*/README.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")), *EXAMPLES]
_FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """Commands of a page, and what the page shows as their output.

    ``kind`` is empty for commands that run against ``make run``, or against ``make example`` in a page of
    an example; else docker, aws or suite.
    """

    page: str
    kind: str
    script: str
    expected: str | None = None
    table: list[str] | None = None

    def __str__(self) -> str:
        return f"{self.page}: {self.script.splitlines()[0][:60]}"

    @property
    def needs_server(self) -> bool:
        """Return whether the commands are, or address, the server of ``make run``."""
        return bool(re.search(r"make run|localhost:|\.lightship\.env", self.script))


def blocks(page: Path) -> list[Block]:
    """Return a page's blocks of commands in order."""
    fences = [match.groups() for match in _FENCE.finditer(page.read_text())]
    following = [*fences[1:], ("", "", "")]
    return [
        Block(
            page.relative_to(ROOT).as_posix(),
            attributes.strip(),
            text,
            expected=then[2] if then[0] == "json" else None,
            table=then[2].splitlines() if then[0] == "csv" else None,
        )
        for (language, attributes, text), then in zip(fences, following, strict=False)
        if language in {"sh", "bash", "shell", "console"}
    ]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
