"""Translation of Keras exceptions: the layer and the cause.

The configuration that Keras prints is removed.
"""

from __future__ import annotations

import re
from typing import TypeVar

from lightship.engines.causes import cause_of, detail, text_of
from lightship.errors import LightshipError

E = TypeVar("E", bound=LightshipError)

_TERMINAL = re.compile(r"\x1b\[[0-9;]*m")
_CALLED = re.compile(r"Exception encountered when calling (?:layer '(?P<name>[^']{1,100})' \(type \w{1,60}\)|"
                     r"(?P<kind>\w{1,60})\.call\(\))\.?\s*(?P<cause>.*)", re.DOTALL)  # fmt: skip
_BUILT = "Exception encountered: "
_DESERIALISED = re.compile(
    r"when deserializing class '(\w{1,60})' using config=\{(?:.{0,200}?'name': '([^']{1,100})')?"
)
_CONFIG = re.compile(r"(?:using )?config\s?=\s?\{.*", re.DOTALL)
_LAMBDA_SHAPE = "could not automatically infer the shape of the Lambda"
_UNDEFINED = re.compile(r"name '(\w{1,60})' is not defined")
_SCOPE = re.compile(r"'([^']{1,100})' is not a valid scope name")

_UNKNOWN_ARGUMENT = re.compile(
    r"Keyword argument not understood:', '(\w{1,60})'|unexpected keyword argument '(\w{1,60})'"
    r"|[Uu]nrecognized keyword arguments(?: passed to \w{1,60})?: \{'(\w{1,60})'"
)
_LAYERS = re.compile(r"Model expected (\d{1,6}) layers, found (\d{1,6}) saved layers")
_VALUES = re.compile(
    r"variable '\s?([^']{1,200}?)(?::0)?'.{0,30}variable shape (\([\d, ]{0,60}\)).{0,40}value shape (\([\d, ]{0,60}\))"
)


def translated(kind: type[E], message: str, error: object) -> E:
    """Return an error with a message and, if known, the layer and the cause.

    Its detail is the line of Keras's message that states the cause.
    """
    layer, cause = layer_and_cause(text_of(error))
    where = f": layer '{layer}'" if layer else ""
    reason = _specific_reason(cause) or cause_of(cause)
    return kind(f"{message}{where}{f': {reason}' if reason else ''}", detail=detail(cause) if cause else detail(error))


def layer_and_cause(text: str) -> tuple[str, str]:
    """Return the layer's name or class, and the message without configurations.

    The first is empty where Keras names no layer.
    """
    text = _TERMINAL.sub("", text)
    layer = ""
    if _BUILT in text:
        before, _, text = text.rpartition(_BUILT)
        found = _DESERIALISED.findall(before)
        layer = (found[-1][1] or found[-1][0]) if found else ""
    if called := _CALLED.search(text):
        layer = called["name"] or (called["kind"] if called["kind"] not in ("Functional", "Sequential") else layer)
        text = called["cause"].partition("\n\nArguments received")[0].partition("\n\nCall arguments received")[0]
    return layer, _CONFIG.sub("…", text).strip()


def _specific_reason(cause: str) -> str:
    if undefined := _UNDEFINED.search(cause):
        return (
            f"its code needs '{undefined[1]}', which the file does not hold: export a SavedModel (model.export) from "
            "the program that defines it"
        )
    if _LAMBDA_SHAPE in cause:
        return (
            "the Lambda layer's code fails, most likely because the file lacks an import or definition: "
            "export a SavedModel (model.export) from that program"
        )
    if scope := _SCOPE.search(cause):
        return (
            f"TensorFlow cannot use the layer name '{scope[1]}': rename it with A to Z, digits and "
            "underscores, and save the model again"
        )
    if argument := _UNKNOWN_ARGUMENT.search(cause):
        name = next(filter(None, argument.groups()))
        return f"this version does not support the argument '{name}': the file was edited, or a later version wrote it"
    return _weights(cause)


def _weights(cause: str) -> str:
    """Return why the weights do not fit the configuration; empty if unknown."""
    if layers := _LAYERS.search(cause):
        if layers[1] == "0":
            return "its input shape is not known: call the model once, then save it"
        return f"its configuration has {layers[1]} layers with weights, and the file holds the weights of {layers[2]}"
    if values := _VALUES.search(cause):
        return f"the weights '{values[1]}' have the shape {values[3]}, and the configuration needs {values[2]}"
    return ""
