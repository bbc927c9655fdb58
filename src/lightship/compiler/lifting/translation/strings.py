"""Rules of operators on strings, and between strings and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightship.compiler.lifting.translation.base import (
    NotLiftable,
    Translate,
    Translated,
    constant_of,
    plain,
    require,
    text_of,
)
from lightship.preprocessing import patterns
from lightship.tensors import DTYPES


def _ascii(operator: str) -> Translate:
    def rule(operation: Any) -> Translated:
        require(operation, operation.get_attr("encoding") == b"")
        return Translated(operator)

    return rule


def _length(operation: Any) -> Translated:
    return Translated("strings.length", {"characters": operation.get_attr("unit") == b"UTF8_CHAR"})


def _static_replace(operation: Any) -> Translated:
    return _replace(operation, operation.get_attr("pattern"), operation.get_attr("rewrite"))


def _dynamic_replace(operation: Any) -> Translated:
    return _replace(operation, constant_of(operation, 1).item(), constant_of(operation, 2).item())


def _replace(operation: Any, pattern: bytes, rewrite: bytes) -> Translated:
    try:
        found = patterns.translate(pattern)
        parts = patterns.translate_rewrite(rewrite, found.groups)
    except patterns.Untranslatable:
        raise NotLiftable(operation.type) from None
    require(operation, found.shortest > 0)
    options = {"pattern": pattern.decode(), "parts": parts, "every": bool(operation.get_attr("replace_global"))}
    return Translated("strings.replace", options, (0,))


def _static_match(operation: Any) -> Translated:
    return _match(operation, operation.get_attr("pattern"))


def _dynamic_match(operation: Any) -> Translated:
    return _match(operation, constant_of(operation, 1).item())


def _match(operation: Any, pattern: bytes) -> Translated:
    try:
        patterns.translate(pattern)
    except patterns.Untranslatable:
        raise NotLiftable(operation.type) from None
    return Translated("strings.matches", {"pattern": pattern.decode()}, (0,))


def _join(operation: Any) -> Translated:
    require(operation, len(operation.inputs) > 0)
    return Translated("strings.join", {"separator": text_of(operation, "separator")})


def _split(operation: Any) -> Translated:
    most = operation.get_attr("maxsplit")
    return Translated("splitting.split", {"most": most if most > 0 else -1})


def _ngrams(operation: Any) -> Translated:
    padding = [text_of(operation, "left_pad"), text_of(operation, "right_pad"), operation.get_attr("pad_width")]
    options = {
        "widths": list(operation.get_attr("ngram_widths")),
        "separator": text_of(operation, "separator"),
        "padding": padding,
        "keep_short": bool(operation.get_attr("preserve_short_sequences")),
    }
    return Translated("splitting.ngrams", options)


def _decode(operation: Any) -> Translated:
    require(operation, operation.get_attr("input_encoding") in (b"UTF-8", b"UTF8"))
    return Translated("unicode.decode", {"errors": _errors(operation)})


def _transcode(operation: Any) -> Translated:
    utf8 = (b"UTF-8", b"UTF8")
    require(operation, operation.get_attr("input_encoding") in utf8 and operation.get_attr("output_encoding") in utf8)
    return Translated("unicode.transcode", {"errors": _errors(operation)})


def _errors(operation: Any) -> str:
    errors = text_of(operation, "errors")
    require(operation, not operation.get_attr("replace_control_characters"))
    require(operation, errors != "replace" or operation.get_attr("replacement_char") == 0xFFFD)
    return errors


def _encode(operation: Any) -> Translated:
    require(operation, operation.get_attr("output_encoding") in (b"UTF-8", b"UTF8"))
    require(operation, operation.get_attr("errors") == b"replace")
    require(operation, operation.get_attr("replacement_char") == 0xFFFD)
    return Translated("unicode.encode")


def _as_string(operation: Any) -> Translated:
    kind = DTYPES[operation.inputs[0].dtype.name].kind
    require(operation, kind in "iufb" and operation.get_attr("width") == -1 and operation.get_attr("fill") == b"")
    if kind != "f":
        return Translated("literals.from_numbers")
    letter = "e" if operation.get_attr("scientific") else "f"
    require(operation, not operation.get_attr("shortest"))
    precision = operation.get_attr("precision")
    require(operation, precision < 100)
    return Translated("literals.from_numbers", {"format": f"%{'' if precision < 0 else f'.{precision}'}{letter}"})


def _to_number(operation: Any) -> Translated:
    return Translated(
        "literals.to_numbers", {"dtype": operation.get_attr("out_type").name, "source": _source(operation)}
    )


def _source(operation: Any) -> str:
    """Return the name of the only placeholder that an operation depends on, or ""."""
    found, waiting = set[str](), [operation]
    while waiting:
        for tensor in waiting.pop().inputs:
            waiting.append(tensor.op)
            if tensor.op.type == "Placeholder":
                found.add(tensor.op.name)
    return found.pop() if len(found) == 1 else ""


RULES: Mapping[str, Translate] = {
    "StringLower": _ascii("strings.lower"),
    "StringUpper": _ascii("strings.upper"),
    "StringStrip": plain("strings.strip"),
    "StringLength": _length,
    "StringJoin": _join,
    "StaticRegexReplace": _static_replace,
    "RegexReplace": _dynamic_replace,
    "StaticRegexFullMatch": _static_match,
    "RegexFullMatch": _dynamic_match,
    "StringSplitV2": _split,
    "StringNGrams": _ngrams,
    "UnicodeDecode": _decode,
    "UnicodeEncode": _encode,
    "UnicodeTranscode": _transcode,
    "AsString": _as_string,
    "StringToNumber": _to_number,
}
