"""Translation of engines' and frameworks' error texts into known causes.

A model chooses much of such a text: messages of its assertions, names, constants. So a client, a report and an event
get only a known cause with a fixed text, which contains at most numbers from the original. The original text is the
error's ``detail``, for the log and for the terminal of the publisher who runs a command. Imported only after a failure.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

from lightship.errors import LightshipError

E = TypeVar("E", bound=LightshipError)

DETAIL_LENGTH = 600  # characters: LiteRT names the operator at the end of a long sentence

_NUMBER = r"(-?\d{1,20})"
_SHAPE = r"(\[[\d, ?]{0,80}\])"

# A cause that depends on the sizes of an input only: TensorFlow finds it before it computes.
_SIZES = "the sizes {0} and {1} do not fit together"

# A cause that does not depend on the input.
GPU_ONLY = "a layer has data_format='channels_first', which TensorFlow has on GPUs only: use channels_last"

# Patterns and causes; {0}, {1} are the groups, which can match numbers only.
_CAUSES = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (rf"= {_NUMBER} is not in \[0, {_NUMBER}\)", "an index is {0}, it must be at least 0 and below {1}"),
        (rf"Dimensions must be equal, but are {_NUMBER} and {_NUMBER}", _SIZES),
        (r"(?i)gather(?:_nd)? index out of bounds", "an index is outside the table that it selects from"),
        (r"(?i)ind(?:ex|exes|ices) (?:is |are )?out of (?:bounds|range)", "an index is out of range"),
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
         "its variables are missing, copy the whole folder with all of its files"),
        (r"OOM when allocating|bad_alloc|(?i:out of memory)|(?i:failed to allocate)", "there is not enough memory"),
        (r"(?i)invalid utf-?8", "a string is not UTF-8"),
        (r"(?i)(?:expected|got|unknown) image|decode_(?:image|jpeg|png)|Invalid (?:PNG|JPEG|GIF|BMP)",
         "an encoded image cannot be read"),
    )
)  # fmt: skip


def translated(kind: type[E], message: str, error: object, *, path: str = "") -> E:
    """Return an error with a message, the known cause if any, and the detail.

    ``path`` is a path that must not be in the detail: only its last part is kept.
    """
    text = detail(error)
    if path:
        text = text.replace(path, path.rstrip("/").rpartition("/")[2])
    cause = cause_of(text_of(error))
    return kind(f"{message}: {cause}" if cause else message, detail=text)


def cause_of(text: str) -> str:
    """Return the known cause that matches a text; "" if there is none."""
    for pattern, cause in _CAUSES:
        if found := pattern.search(text[:10_000]):
            return cause.format(*found.groups())
    return ""


def depends_on_sizes(message: str) -> bool:
    """Return whether a message has a cause that no values of an input change."""
    return bool(re.search(_SIZES.format(_NUMBER, _NUMBER), message))


def detail(error: object) -> str:
    """Return the line with the cause, printable, of at most 600 characters."""
    text = text_of(error).strip().partition("\n\t [[")[0]
    lines = text.splitlines() or [type(error).__name__]
    line = lines[-1 if lines[0] == "Graph execution error:" else 0]
    line = re.sub(r"(?<=[^\s:;])Node number", ": node number", line)  # LiteRT joins two sentences without a space
    return "".join(character if character.isprintable() else " " for character in line)[:DETAIL_LENGTH]


def text_of(error: Any) -> str:
    """Return an error's text, without the graph's internals of TensorFlow's errors."""
    return str(getattr(error, "message", error))
