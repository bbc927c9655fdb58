"""TFLiteConverter: a SavedModel as a .tflite file of builtin operators.

Where that fails, the error names the operators that prevent it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from lightship.engines.litert import LiteRTEngine
from lightship.engines.litert_state import keeps_state
from lightship.errors import BundleError

_NAME = r"([A-Za-z_][A-Za-z0-9_]{0,63})"
_MISSING = re.compile(rf"'tf\.{_NAME}' op")
_LISTED = re.compile(r"(?:Custom|TF Select|Flex) ops: ([A-Za-z0-9_, ]{1,1000})")
_FUSED = re.compile(rf'error: loc\((?:callsite\()?fused\["{_NAME}:"')
_UNRESOLVED = re.compile(rf"unresolved custom op: (?:Flex)?{_NAME}|\(Flex{_NAME}\) failed")


class Unconvertible(Exception):
    """LiteRT cannot run this graph.

    ``reasons`` are the names of the unsupported operators, otherwise messages.
    """

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(dict.fromkeys(reasons))
        super().__init__(", ".join(self.reasons))


def convert(
    candidate: Path, signatures: list[str], target: Path, *, stateful: bool = False, reset: str = ""
) -> LiteRTEngine:
    """Convert a SavedModel folder and load the result; raises Unconvertible.

    A finished .tflite file is copied. ``stateful`` and ``reset`` are the original's
    (:class:`lightship.compiler.sources.base.Original`).
    """
    if candidate.is_dir():
        target.write_bytes(_converted(candidate, [*signatures, *filter(None, [reset])]))
    else:
        shutil.copyfile(candidate, target)
    try:
        return LiteRTEngine(target, stateful=stateful or keeps_state(target), reset=reset)
    except BundleError as error:
        raise Unconvertible(operators(error.detail) or [error.message]) from None


def operators(text: str) -> list[str]:
    """Return the operators that an error message names, in its order.

    ``text`` is a message of the converter or the interpreter.
    """
    named = _MISSING.findall(text)
    for group in _LISTED.findall(text):
        named.extend(name.strip() for name in group.split(","))
    named.extend("".join(pair) for pair in _UNRESOLVED.findall(text))
    return list(dict.fromkeys(filter(None, named or _FUSED.findall(text))))


def _converted(folder: Path, signatures: list[str]) -> bytes:
    import tensorflow as tf

    try:
        converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=signatures)
        return bytes(converter.convert())
    except Exception as error:  # ConverterError, or any exception of a converter pass
        text = str(error)
        raise Unconvertible(operators(text) or [f"TFLiteConverter failed ({type(error).__name__})"]) from None
