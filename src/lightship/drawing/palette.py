"""Colours by tone, for light and dark surfaces.

Text has a contrast of at least 4.5 to 1 on the surface and on ``shade``, lines and areas of at least 3 to 1 (WCAG 2.2).
The hues are distinguishable with the frequent kinds of colour blindness (after Okabe and Ito).
"""

from __future__ import annotations

LIGHT = {
    "surface": "#ffffff",
    "ink": "#1a1d21",
    "muted": "#565e68",
    "grid": "#d8dce1",
    "shade": "#7db2e8",
    "blue": "#0b62b0",
    "orange": "#b85400",
    "green": "#00795a",
    "purple": "#8a3fa0",
    "red": "#b3261e",
    "olive": "#706400",
}
DARK = {
    "surface": "#15181c",
    "ink": "#eceef1",
    "muted": "#a9b1bb",
    "grid": "#3a4149",
    "shade": "#24588f",
    "blue": "#6fb4ff",
    "orange": "#ff9d4d",
    "green": "#3ecf9f",
    "purple": "#d79bea",
    "red": "#ff8a80",
    "olive": "#d3c24a",
}
# The tones of several lines, in order.
SERIES = ("blue", "orange", "green", "purple", "red", "olive")
# The tones of signed values.
POSITIVE = "blue"
NEGATIVE = "orange"


def variables(colours: dict[str, str]) -> str:
    """Return the colours as CSS variables, ``--blue:#0b62b0;…``."""
    return "".join(f"--{tone}:{colour};" for tone, colour in colours.items())


def rules() -> str:
    """Return CSS rules for the classes of themed SVG, which use the variables."""
    return "".join(f".f-{tone}{{fill:var(--{tone})}}.s-{tone}{{stroke:var(--{tone})}}" for tone in LIGHT)
