"""Split Markdown, HTML and text files into passages with a title and a link.

A passage is a part of one section: paragraphs of up to :data:`LENGTH` words and signs, and blocks of code as a whole.
Markdown is rendered to HTML first, so that both have the same rules. Markup is dropped and nothing in it is run.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from markdown_it import MarkdownIt

LENGTH = 150  # words and signs of a passage: with its headings about 256 tokens, which is what the encoder reads
LARGEST = 2 * 1024 * 1024  # bytes of a document
SUFFIXES = {".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html", ".txt": "text"}
SKIPPED = {"footer", "nav", "noscript", "script", "style", "template", "title"}
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
BLOCKS = {
    *("address", "article", "blockquote", "body", "br", "caption", "dd", "details", "div", "dl", "dt", "figure", "hr"),
    *("li", "main", "ol", "p", "pre", "section", "summary", "table", "tr", "ul", *HEADINGS),
}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class UnusableDocument(Exception):
    """A document that is left out, with the reason as one sentence."""


class Passage(NamedTuple):
    """A part of one section.

    Attributes:
        source: path of the document in its folder.
        anchor: of the section in the document, empty if it has none.
        page: title of the document.
        section: headings above the passage, the title excluded.
        text: what clients read.
    """

    source: str
    anchor: str
    page: str
    section: str
    text: str

    @property
    def embedded(self) -> str:
        """Return the text that the encoder reads: headings first."""
        return "\n".join(filter(None, (self.page, self.section, self.text)))


class Block(NamedTuple):
    """A heading (level 1 to 6), paragraph (0) or block of code (-1)."""

    level: int
    text: str
    anchor: str = ""


def split_folder(folder: Path, *, report: Callable[[str], None] = print) -> list[Passage]:
    """Return the passages of all documents below a folder, ordered by path.

    A document that cannot be used is left out as a whole, and ``report`` receives one sentence about it.
    """
    passages: list[Passage] = []
    for path in paths(folder):
        source = path.relative_to(folder).as_posix()
        try:
            passages += split(source, read(path, folder))
        except UnusableDocument as error:
            report(f"left out {source!r}: {error}")
    return passages


def paths(folder: Path) -> list[Path]:
    """Return the paths of all documents below a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)


def digest(folder: Path) -> str:
    """Return the SHA-256 of all documents, which changes with any of them."""
    state = hashlib.sha256()
    for path in paths(folder):
        try:
            content = read(path, folder)
        except UnusableDocument as error:
            content = str(error)
        state.update(json.dumps([path.relative_to(folder).as_posix(), content]).encode())
    return state.hexdigest()


def read(path: Path, folder: Path) -> str:
    """Return the text of a document; raises UnusableDocument."""
    try:
        str(path).encode()  # names of other encodings have surrogates
    except UnicodeEncodeError:
        raise UnusableDocument("its name is not UTF-8: rename it") from None
    try:
        if path.resolve() != folder.resolve() / path.relative_to(folder):
            raise UnusableDocument("it is a link: only files in the folder itself are read")
        if not path.is_file():
            raise UnusableDocument("it is not a file")
        if (size := path.stat().st_size) > LARGEST:
            raise UnusableDocument(f"it has {size:,} bytes, {LARGEST:,} are the most: split it")
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableDocument(f"it is not text in UTF-8, first at byte {error.start}: convert it") from None
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        raise UnusableDocument(f"it cannot be read: {error}") from None
    if "\0" in text:
        raise UnusableDocument("it holds zero bytes, so it is not text")
    return text


def split(source: str, text: str) -> list[Passage]:
    """Return the passages of one document; raises UnusableDocument where it has none."""
    kind = SUFFIXES[Path(source).suffix.lower()]
    passages = list(_passages(source, list(_BLOCKS_OF[kind](text))))
    if not passages:
        raise UnusableDocument("it is empty: it has no paragraph of text")
    return passages


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the start and end of each sentence, or line of a table or list.

    Lines that end with a colon introduce others, and are returned only where there are no others.
    """
    ends = [match.end() for match in re.finditer(r"[.!?][)\"']?(?=\s+[A-Z0-9\"'(`])|\n", text)] + [len(text)]
    spans = []
    for start, end in zip([0, *ends], ends, strict=False):
        part = text[start:end]
        if part.strip():
            spans.append((start + len(part) - len(part.lstrip()), start + len(part.rstrip())))
    return [span for span in spans if text[span[1] - 1] != ":"] or spans


def _passages(source: str, blocks: list[Block]) -> Iterator[Passage]:
    page = next((block.text for block in blocks if block.level > 0), "") or Path(source).stem
    above: dict[int, str] = {}
    anchor, anchors, open_blocks = "", Counter[str](), list[str]()

    def close() -> Iterator[Passage]:
        section = " > ".join(heading for heading in above.values() if heading != page)
        yield from (Passage(source, anchor, page, section, text) for text in _packed(open_blocks))
        open_blocks.clear()

    for block in blocks:
        if block.level < 1:
            open_blocks += [block.text] if block.level < 0 else _parts(block.text)
            continue
        yield from close()
        above = {level: text for level, text in above.items() if level < block.level} | {block.level: block.text}
        anchor = block.anchor or _slug(block.text)
        anchors[anchor] += 1
        anchor += f"-{anchors[anchor] - 1}" * (anchors[anchor] > 1)
    yield from close()


def _packed(texts: Iterable[str]) -> Iterator[str]:
    """Join blocks while they are no longer than a passage."""
    joined = list[str]()
    for text in texts:
        if joined and _length(joined) + _length([text]) > LENGTH:
            yield "\n".join(joined)
            joined = []
        joined.append(text)
    if joined:
        yield "\n".join(joined)


def _length(texts: Iterable[str]) -> int:
    """Return the number of words and signs."""
    return sum(len(re.findall(r"\w+|[^\w\s]", text)) for text in texts)


def _parts(text: str) -> list[str]:
    """Return a paragraph, or its sentences where it is longer than a passage."""
    if _length([text]) <= LENGTH:
        return [text]
    words = [text[start:end].split() for start, end in sentences(text)]
    return [" ".join(part[n : n + LENGTH]) for part in words for n in range(0, len(part), LENGTH)]


def _slug(heading: str) -> str:
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def _html_blocks(text: str) -> list[Block]:
    parser = _Parser()
    try:
        parser.feed(_closed(text))
        parser.close()
    except AssertionError as error:  # a section such as <![name
        raise UnusableDocument(f"its HTML cannot be read: {error}") from None
    parser.end_block()
    return parser.blocks


def _closed(text: str) -> str:
    """Return a page without a comment or tag that is not closed.

    The parser would search the rest of the page for the end of each of them.
    """
    last = text.rfind("-->")
    comment = text.find("<!--", last + 3 if last >= 0 else 0)
    text = text if comment < 0 else text[:comment]
    tag = re.compile(r"<[a-zA-Z/!?]").search(text, text.rfind(">") + 1)
    return text[: tag.start()] if tag else text


def _markdown_blocks(text: str) -> list[Block]:
    return _html_blocks(MarkdownIt("commonmark").enable("table").render(text))


def _text_blocks(text: str) -> list[Block]:
    return [Block(0, " ".join(part.split())) for part in re.split(r"\n\s*\n", text) if part.strip()]


_BLOCKS_OF: dict[str, Callable[[str], list[Block]]] = {
    "html": _html_blocks,
    "markdown": _markdown_blocks,
    "text": _text_blocks,
}


class _Parser(HTMLParser):
    """Collects the blocks of a page.

    Navigation, scripts and styles are skipped, and blocks that are only a link, as in a table of contents.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._parts: list[str] = []
        self._linked: list[str] = []  # the parts inside of links
        self._open: list[str] = []
        self._counts = Counter[str]()  # of the open tags
        self._skipped_at = 0  # number of open tags where skipping began
        self._anchor = ""
        self._header = False  # whether the row of a table has the names of its columns

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See :class:`HTMLParser`."""
        attributes = dict(attrs)
        if tag in BLOCKS and not self._counts["pre"]:
            self.end_block()
        elif tag in {"td", "th"} and "".join(self._parts).strip():
            self._parts.append(" | ")
        if not self._skipped_at:
            self._anchor = attributes.get("id") or (tag == "a" and attributes.get("name")) or self._anchor
        self._header |= tag == "th"
        if tag not in VOID:
            self._open.append(tag)
            self._counts[tag] += 1
            skipped = tag in SKIPPED or attributes.get("role") == "navigation"
            if not self._skipped_at and (skipped or "headerlink" in (attributes.get("class") or "").split()):
                self._skipped_at = len(self._open)

    def handle_endtag(self, tag: str) -> None:
        """See :class:`HTMLParser`."""
        if not self._counts[tag]:
            return
        if tag in BLOCKS:
            self.end_block()
        while True:
            closed = self._open.pop()
            self._counts[closed] -= 1
            if closed == tag:
                break
        if len(self._open) < self._skipped_at:
            self._skipped_at = 0

    def handle_data(self, data: str) -> None:
        """See :class:`HTMLParser`."""
        if not self._skipped_at:
            self._parts.append(data)
            if self._counts["a"] and data.strip():
                self._linked.append(data)

    def end_block(self) -> None:
        """Add the text since the last block as a block."""
        code = self._counts["pre"] > 0
        raw = "".join(self._parts)
        text = raw.strip("\n").rstrip() if code else " ".join(raw.split())
        level = next((level for tag, level in HEADINGS.items() if self._counts[tag]), -1 if code else 0)
        link_only = level == 0 and "".join(self._linked).split() == raw.split()
        text += ":" * (self._header and bool(text))
        self._header = False
        self._parts.clear()
        self._linked.clear()
        if text.strip() and not link_only:
            self.blocks.append(Block(level, text, self._anchor))
            self._anchor = ""
