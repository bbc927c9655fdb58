"""YAML limited to JSON's types, without features that make parsing expensive.

Anchors, aliases, merge keys and deep nesting are refused. A document is checked as a stream of PyYAML events, which
builds no objects, before its values are constructed.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import yaml

LARGEST = 256 * 1024  # bytes
DEEPEST = 16
MOST_VALUES = 30_000
LONGEST = 10_000  # characters of one value


class YamlError(ValueError):
    """Invalid or refused document; the message has the problem and the line, if known."""


def load(data: bytes) -> Any:
    """Return a document's value, of JSON's types and finite; raises YamlError."""
    if len(data) > LARGEST:
        raise YamlError(f"it is larger than {LARGEST} bytes")
    try:
        _check(data)
        value = yaml.load(data, Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise YamlError(f"{line}{error.problem or 'it cannot be parsed'}"[:300]) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise YamlError("it holds bytes or characters that are not valid YAML") from None
    except (ValueError, RecursionError):
        raise YamlError("it holds a value that cannot be converted, such as a number of thousands of digits") from None
    _check_types(value)
    return value


def _check(data: bytes) -> None:
    """Raise MarkedYAMLError for the first refused event, before reading the rest."""
    depth = values = 0
    for event in yaml.parse(data, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        values += isinstance(event, yaml.NodeEvent)
        if fault := _fault(event, depth, values):
            raise yaml.MarkedYAMLError(problem=fault, problem_mark=event.start_mark)  # type: ignore[arg-type]


def _fault(event: yaml.Event, depth: int, values: int) -> str:
    """Return why an event is refused; "" if it is accepted."""
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        return "anchors (&) and aliases (*) are not accepted: write the values out"
    if depth > DEEPEST:
        return f"it is nested more than {DEEPEST} levels deep"
    if values > MOST_VALUES:
        return f"it holds more than {MOST_VALUES} values"
    if isinstance(event, yaml.ScalarEvent) and len(event.value) > LONGEST:
        return f"a value is longer than {LONGEST} characters"
    return ""


def _refuse_date(_: yaml.Loader, node: yaml.ScalarNode) -> Any:
    raise yaml.MarkedYAMLError(problem=f"put the date {node.value:.40} in quotes", problem_mark=node.start_mark)


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader for JSON's types; refuses merge keys and duplicate keys.

    It has its own table of constructors, because other packages in a process change those of ``yaml.SafeLoader``.
    """

    yaml_constructors = {  # noqa: RUF012 - PyYAML requires this name and form
        "tag:yaml.org,2002:null": yaml.constructor.SafeConstructor.construct_yaml_null,
        "tag:yaml.org,2002:bool": yaml.constructor.SafeConstructor.construct_yaml_bool,
        "tag:yaml.org,2002:int": yaml.constructor.SafeConstructor.construct_yaml_int,
        "tag:yaml.org,2002:float": yaml.constructor.SafeConstructor.construct_yaml_float,
        "tag:yaml.org,2002:str": yaml.constructor.SafeConstructor.construct_yaml_str,
        "tag:yaml.org,2002:seq": yaml.constructor.SafeConstructor.construct_yaml_seq,
        "tag:yaml.org,2002:map": yaml.constructor.SafeConstructor.construct_yaml_map,
        "tag:yaml.org,2002:timestamp": _refuse_date,
        None: yaml.constructor.SafeConstructor.construct_undefined,
    }
    yaml_multi_constructors = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping; raises MarkedYAMLError."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                raise yaml.MarkedYAMLError(problem="merge keys (<<) are not accepted", problem_mark=key.start_mark)
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the key '{key.value[:80]}' is duplicated"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep)


def _check_types(value: Any) -> None:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, dict):
            pending += [*item, *item.values()]
        elif isinstance(item, list):
            pending += item
        elif not isinstance(item, str | int | float | None) or (isinstance(item, float) and not math.isfinite(item)):
            raise YamlError(f"it holds {str(item)[:60]!r}, which is not a string, a finite number, true, false or null")
