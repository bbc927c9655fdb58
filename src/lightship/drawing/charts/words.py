"""A text whose words have values: stronger colours for larger ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lightship.drawing.canvas import TEXT, WIDTH, Box, Canvas, Point, Size, shortened, text_width
from lightship.drawing.palette import NEGATIVE, POSITIVE

_LINE = 24
_MARGIN = 8
_PADDING = 2
_SPACE = 4
_STRONGEST = 0.45  # opacity of the largest value's colour: the text stays readable on it


@dataclass(frozen=True)
class Words:
    """The words of a text in order, each with its value."""

    title: str
    words: Sequence[tuple[str, float]]

    @property
    def size(self) -> Size:
        """Return the size of the canvas that the chart needs."""
        lines = max((line for _, line, _ in self._placed()), default=0) + 1
        return Size(WIDTH, lines * _LINE + 2 * _MARGIN)

    def draw(self, canvas: Canvas) -> None:
        """Draw the words, wrapped at the width of the chart."""
        largest = max((abs(value) for _, value in self.words), default=0.0) or 1.0
        for (word, value), (x, line, width) in zip(self.words, self._placed(), strict=True):
            top = _MARGIN + line * _LINE
            with canvas.group(f"{word}: {value:.3g}"):
                box = Box(x, top + _PADDING, width, _LINE - 2 * _PADDING)
                canvas.rectangle(box, POSITIVE if value >= 0 else NEGATIVE, shade=_STRONGEST * abs(value) / largest)
                canvas.text(Point(x + _PADDING, top + _LINE / 2 + 4), shortened(word, width - 2 * _PADDING))

    def _placed(self) -> Iterator[tuple[float, int, float]]:
        """Yield the left edge, the line and the width of each word, in pixels."""
        x, line = float(_MARGIN), 0
        for word, _ in self.words:
            width = min(text_width(word, TEXT) + 2 * _PADDING, WIDTH - 2 * _MARGIN)
            if x > _MARGIN and x + width > WIDTH - _MARGIN:
                x, line = float(_MARGIN), line + 1
            yield x, line, width
            x += width + _SPACE
