"""Evaluation of a template's parameters, conditions and intrinsic functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from lightship.errors import SettingError

NO_VALUE = object()

_VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")

# Looks up a resource: (logical name, attribute; None for Ref) → value; None if unknown.
Lookup = Callable[[str, str | None], str | None]

_LIMITS = (("MinValue", "-inf"), ("MaxValue", "inf"))


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # libyaml's if available
    """YAML with CloudFormation's short tags, converted to their long forms."""


def _tagged(loader: Any, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _tagged)


def load(path: Path) -> dict[str, Any]:
    """Return a template's document, unresolved; raises SettingError if invalid."""
    try:
        document = yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - a subclass of a safe loader
    except OSError as error:
        raise SettingError(f"cannot read the template {path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise SettingError(f"the template {path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise SettingError(f"the template {path} has no Resources")
    return document


class Scope:
    """Names and values of one deployment of a template.

    Args:
        document: the template, as :func:`load` returns it.
        overrides: values of parameters instead of their defaults; raises SettingError for an undeclared one.
        pseudo: AWS::Region and the other pseudo parameters.
        lookup: returns resources' names and attributes.
    """

    def __init__(
        self, document: Mapping[str, Any], overrides: Mapping[str, str], pseudo: Mapping[str, str], lookup: Lookup
    ) -> None:
        self._document = document
        self._names: dict[str, Any] = {**pseudo, "AWS::NoValue": NO_VALUE, **_parameters(document, overrides)}
        self._lookup = lookup

    def resolve(self, value: Any, where: str) -> Any:
        """Return a value with intrinsic functions evaluated and AWS::NoValue removed.

        Raises SettingError that names ``where``, the resource of the value, if it cannot be evaluated.
        """
        if isinstance(value, list):
            items = (self.resolve(item, where) for item in value)
            return [item for item in items if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or str(name).startswith("Fn::"):
                return self._call(name, argument, where)
        pairs = ((key, self.resolve(item, where)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not NO_VALUE}

    def holds(self, condition: str, where: str) -> bool:
        """Return whether a named condition is true."""
        try:
            definition = self._document["Conditions"][condition]
        except KeyError:
            raise _cannot(where, f"there is no condition {condition!r}") from None
        return self._truth(definition, where)

    def _call(self, name: str, argument: Any, where: str) -> Any:
        function = _FUNCTIONS.get(name)
        if function is None:
            raise _cannot(where, f"{name} is not supported locally")
        try:
            return function(self, argument, where)
        except (TypeError, ValueError, IndexError, KeyError):
            raise _cannot(where, f"{name} of {argument!r} is invalid") from None

    def _ref(self, name: str, where: str) -> Any:
        if name in self._names:
            return self._names[name]
        return self._of_resource(name, None, where)

    def _get_att(self, argument: Any, where: str) -> str:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._of_resource(name, str(self.resolve(attribute, where)), where)

    def _of_resource(self, name: str, attribute: str | None, where: str) -> str:
        found = self._lookup(name, attribute)
        if found is None:
            raise _cannot(where, f"it refers to {name}.{attribute}" if attribute else f"it refers to {name}")
        return found

    def _sub(self, argument: Any, where: str) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument
        variables = {key: self.resolve(value, where) for key, value in given.items()}

        def value_of(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name in variables:
                return _text(variables[name])
            if "." in name and name not in self._names:
                return self._get_att(name, where)
            return _text(self._ref(name, where))

        return _VARIABLE.sub(value_of, text).replace("${!", "${")

    def _if(self, argument: Any, where: str) -> Any:
        condition, if_true, if_false = argument
        return self.resolve(if_true if self.holds(condition, where) else if_false, where)

    def _join(self, argument: Any, where: str) -> str:
        separator, items = argument
        return str(separator).join(_text(item) for item in self.resolve(items, where))

    def _select(self, argument: Any, where: str) -> Any:
        index, items = argument
        return self.resolve(items, where)[int(self.resolve(index, where))]

    def _split(self, argument: Any, where: str) -> list[str]:
        separator, text = argument
        return str(self.resolve(text, where)).split(separator)

    def _find_in_map(self, argument: Any, where: str) -> Any:
        name, first, second = (self.resolve(part, where) for part in argument)
        return self.resolve(self._document["Mappings"][name][_text(first)][_text(second)], where)

    def _equals(self, argument: Any, where: str) -> bool:
        left, right = (_text(self.resolve(side, where)) for side in argument)
        return left == right

    def _truth(self, value: Any, where: str) -> bool:
        if isinstance(value, dict) and set(value) == {"Condition"}:
            return self.holds(value["Condition"], where)
        result = self.resolve(value, where)
        if not isinstance(result, bool):
            raise _cannot(where, f"{value!r} is not a condition")
        return result

    def _not(self, argument: Any, where: str) -> bool:
        (condition,) = argument
        return not self._truth(condition, where)

    def _and(self, argument: Any, where: str) -> bool:
        return all(self._truth(condition, where) for condition in argument)

    def _or(self, argument: Any, where: str) -> bool:
        return any(self._truth(condition, where) for condition in argument)


_FUNCTIONS: dict[str, Callable[[Scope, Any, str], Any]] = {
    "Ref": Scope._ref,
    "Fn::GetAtt": Scope._get_att,
    "Fn::Sub": Scope._sub,
    "Fn::If": Scope._if,
    "Fn::Join": Scope._join,
    "Fn::Select": Scope._select,
    "Fn::Split": Scope._split,
    "Fn::FindInMap": Scope._find_in_map,
    "Fn::Equals": Scope._equals,
    "Fn::Not": Scope._not,
    "Fn::And": Scope._and,
    "Fn::Or": Scope._or,
}


def _parameters(document: Mapping[str, Any], overrides: Mapping[str, str]) -> dict[str, Any]:
    declared = document.get("Parameters") or {}
    for name in overrides:
        if name not in declared:
            raise SettingError(f"the template has no parameter {name!r}: it has {', '.join(declared) or 'none'}")
    values = {}
    for name, parameter in declared.items():
        value = overrides.get(name, parameter.get("Default"))
        if value is None:
            raise SettingError(f"the template's parameter {name} has no default: give it a value")
        items = [item.strip() for item in str(value).split(",")]
        is_list = parameter.get("Type") == "CommaDelimitedList"
        for item in items if is_list else [str(value)]:
            _check(name, item, parameter)
        values[name] = items if is_list else value
    return values


def _check(name: str, value: str, parameter: Mapping[str, Any]) -> None:
    """Raise SettingError for a value that a deployment would refuse."""
    if allowed := parameter.get("AllowedValues"):
        expected, valid = f"one of {', '.join(map(str, allowed))}", value in map(str, allowed)
    elif parameter.get("Type") == "Number":
        least, most = (float(parameter.get(limit, fallback)) for limit, fallback in _LIMITS)
        expected, valid = f"a number from {least:g} to {most:g}", _is_between(value, least, most)
    else:
        pattern = parameter.get("AllowedPattern", ".*")
        expected = parameter.get("ConstraintDescription", f"a match of {pattern}")
        valid = re.fullmatch(pattern, value, re.DOTALL) is not None
    if not valid:
        raise SettingError(f"the template's parameter {name} cannot be {value[:80]!r}: it must be {expected}")


def _is_between(text: str, least: float, most: float) -> bool:
    try:
        return least <= float(text) <= most
    except ValueError:
        return False


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cannot(where: str, reason: str) -> SettingError:
    return SettingError(f"the template's {where} cannot run locally: {reason}")
