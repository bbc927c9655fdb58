"""Translate what engines and frameworks say of a failure into sentences of our own.

A model chooses much of such a text: messages of its assertions, names, constants. So a caller, a report and an event
get a known cause in our own words, with numbers from the text at most; the text itself is the error's ``detail``, for
the log and for the terminal of the person who runs a command. Imported when something has failed, not before.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from lightship.errors import LightshipError

E = TypeVar("E", bound=LightshipError)

DETAIL_LENGTH = 600  # characters: LiteRT names the operator at the end of a long sentence

_NUMBER = r"(-?\d{1,20})"
_SHAPE = r"(\[[\d, ?]{0,80}\])"

# A cause that no input changes.
GPU_ONLY = "a layer has data_format='channels_first', which TensorFlow has on GPUs only: use channels_last"

# What a text is searched for, and the cause; {0}, {1} are the groups, which can hold numbers only.
_CAUSES = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (rf"= {_NUMBER} is not in \[0, {_NUMBER}\)", "an index is {0}, it must be at least 0 and below {1}"),
        (r"(?i)gather(?:_nd)? index out of bounds", "an index is outside the table that it selects from"),
        (r"(?i)index(?:es|ices)? (?:is |are )?out of (?:bounds|range)", "an index is out of range"),
        (rf"Incompatible shapes: {_SHAPE} vs\. {_SHAPE}", "the shapes {0} and {1} do not fit together"),
        (
            rf"Input to reshape is a tensor with {_NUMBER} values, but the requested shape has {_NUMBER}",
            "it cannot be reshaped: there are {0} values where {1} are needed",
        ),
        (r"num_input_elements != num_output_elements", "it cannot be reshaped: the number of values does not fit"),
        (r"Could not parse example|Error parsing Example|Invalid protocol", "a serialised tf.Example cannot be read"),
        (r"Feature: .{1,100}\(data type: \w+\) is required", "a serialised tf.Example lacks a feature"),
        (r"Key: .{1,100}\. {1,2}(?:Data types don't match|Can't parse|Number of \w+ values)",
         "a feature of a serialised tf.Example has another dtype or another number of values"),
        (r"only supports? (?:NHWC|NDHWC)", GPU_ONLY),
        (r"(?i)table not initialized", "a lookup table has no content"),
        (r"(?i)assertion failed", "an assertion of the model failed"),
        (r"sstable|Read less bytes than requested|Checksum does not match|(?i:checkpoint is truncated)",
         "its variables are broken or truncated, copy the whole folder again"),
        (r"TensorSliceReader constructor: Failed to find any matching files",
         "its variables are missing, copy the whole folder with all that is in it"),
        (r"OOM when allocating|bad_alloc|(?i:out of memory)|(?i:failed to allocate)", "there is not enough memory"),
        (r"(?i)invalid utf-?8", "a text is not UTF-8"),
        (r"(?i)(?:expected|got|unknown) image|decode_(?:image|jpeg|png)|Invalid (?:PNG|JPEG|GIF|BMP)",
         "an encoded image cannot be read"),
    )
)  # fmt: skip


def translated(kind: type[E], what: str, error: object, *, place: str = "") -> E:
    """Return an error of a kind that says ``what``, with the cause where one is known, and the text as its detail.

    ``place`` is a path that must not be in the detail: only its last part is left there.
    """
    said = detail(error)
    if place:
        said = said.replace(place, place.rstrip("/").rpartition("/")[2])
    cause = known_cause(text_of(error))
    return kind(f"{what}: {cause}" if cause else what, detail=said)


def known_cause(text: str) -> str:
    """Return the cause that a text is known to mean, in our own words; empty where it is not known."""
    for pattern, cause in _CAUSES:
        if found := pattern.search(text[:10_000]):
            return cause.format(*found.groups())
    return ""


def detail(error: object) -> str:
    """Return the line of an error's text that says what is wrong, printable, at most 600 characters long."""
    text = text_of(error).strip().partition("\n\t [[")[0]
    lines = text.splitlines() or [type(error).__name__]
    line = lines[-1 if lines[0] == "Graph execution error:" else 0]
    line = re.sub(r"(?<=[^\s:;])Node number", ": node number", line)  # LiteRT joins two sentences without a space
    return "".join(character if character.isprintable() else " " for character in line)[:DETAIL_LENGTH]


def text_of(error: Any) -> str:
    """Return an error's text; TensorFlow's errors keep it apart from the graph's internals."""
    return str(getattr(error, "message", error))
