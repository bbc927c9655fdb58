"""Check of a Keras configuration for code, before Keras reads it.

Keras builds objects from JSON by module and class name; crafted files made it import and call other objects
(CVE-2025-1550, -8747, -9906). This check does not use Keras: every object in the configuration must be on the lists of
:mod:`lightship.compiler.sources.keras.allowed.names` (Keras 3) and ``keras2_names``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from lightship.compiler.sources.keras.allowed import keras2_config, optimization
from lightship.compiler.sources.keras.allowed import names as keras_names
from lightship.errors import SourceRefused


def parse(label: str, data: bytes | str) -> dict[str, Any]:
    """Return a model's configuration from its JSON; raises SourceRefused."""
    try:
        config = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceRefused(f"{label} is broken: its configuration is not JSON ({type(error).__name__})") from None
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise SourceRefused(f"{label} does not contain a Keras model: its configuration names no class")
    return config


class Code(NamedTuple):
    """Code in a configuration.

    ``phrase`` describes it. ``remedy`` says what to do where Keras cannot load it even if it is trusted.
    """

    phrase: str
    remedy: str = ""


_EXPORT = "export a SavedModel (model.export) from the program that defines it"
_MISSING = f"the file does not hold its code: {_EXPORT}"
_NEWER = "this Keras has no such layer: export a SavedModel (model.export) with the version that wrote the file"
_NO_LAMBDA = f"Keras cannot read it back: use a named activation, or {_EXPORT}"
_VOCABULARY = "no other file is opened: give the layer a list of words and save the model again"
_EXTERNAL = f"it needs files or packages that are not here: {_EXPORT}"
# Marker of a constant that tf_keras decodes from nested JSON into types that it looks up by name.
_COMPOSITE = ("_TYPE", "COMPOSITE")
# Arguments that may be a name. tf_keras looks some of them up among all functions and classes of a module.
_NAMED_ARGUMENTS = ("initializer", "regularizer", "constraint")
_EXTERNAL_LAYERS = frozenset({"TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"})


def loadable_code(label: str, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the phrases of :func:`code_in`, if ``--trust`` can load all of the code.

    Otherwise raises SourceRefused with the remedy.
    """
    for code in _codes(config):
        if code.remedy:
            raise SourceRefused(
                f"{label} is refused: it holds {code.phrase}. {code.remedy[0].upper()}{code.remedy[1:]}"
            )
    return code_in(config)


def code_in(config: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a phrase for each piece of code in a configuration, in file order.

    Code is everything that would run and is not part of Keras. The top level's ``compile_config`` is skipped: loading
    with ``compile=False`` drops it, so custom losses and metrics do no harm there. Inside nested models Keras reads it.
    """
    return tuple(dict.fromkeys(code.phrase for code in _codes(config)))


def _codes(config: Mapping[str, Any]) -> Iterator[Code]:
    top = {key: value for key, value in config.items() if key != "compile_config"}
    return (code for node in _dicts(top) for code in _code(node))


def _dicts(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every dictionary inside nested JSON, outermost first.

    Uses a stack, because files may nest deeper than Python's recursion limit.
    """
    pending = [config]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield node
            if not _code_class(node):  # the content of a code object is not checked separately
                pending.extend(reversed(node.values()))
        elif isinstance(node, list):
            pending.extend(reversed(node))


def _code(node: dict[str, Any]) -> Iterator[Code]:
    if isinstance(vocabulary := node.get("vocabulary"), str):
        yield Code(f"a vocabulary that is read from the file '{vocabulary:.100}'", _VOCABULARY)
    for key, value in node.items():
        if (key, value) == _COMPOSITE:
            yield Code("a constant of a composite type")
        if key.endswith("activation"):
            yield from _activation(value, node)
        elif key.endswith(_NAMED_ARGUMENTS) and isinstance(value, str) and not keras_names.allowed(value, None):
            yield Code(f"the {key.rpartition('_')[2]} '{value:.100}'", _MISSING)
    if "class_name" in node:
        name, module, registered = node["class_name"], node.get("module"), node.get("registered_name")
        if named := _code_class(node):
            yield Code(named + _instance_name(node), _EXTERNAL if name in _EXTERNAL_LAYERS else "")
        elif name == "function":
            yield from _function(node)
        elif not _is_builtin(name, module, registered):
            remedy = _NEWER if module == "keras.layers" and not registered else optimization.remedy(name) or _MISSING
            yield Code(f"the custom object '{_address(name, module, registered)}'", remedy)
        else:
            yield from map(Code, keras2_config.phrases(name, node.get("config")))


def _activation(value: Any, node: dict[str, Any]) -> Iterator[Code]:
    """Yield the code in an activation, which is a name or an object.

    Keras 2 stores the bytecode of a lambda without a marker.
    """
    if isinstance(value, str) and not keras_names.activation(value):
        yield Code(f"the function '{value:.100}'", _MISSING)
    elif isinstance(value, list) or (isinstance(value, dict) and "class_name" not in value):
        layer = f" of layer '{node['name']:.100}'" if isinstance(node.get("name"), str) else ""
        yield Code(f"a Python lambda as an activation{layer}", _NO_LAMBDA)


def _code_class(node: dict[str, Any]) -> str | None:
    name = node.get("class_name")
    return keras_names.CODE_CLASSES.get(name) if isinstance(name, str) else None


def _is_builtin(name: Any, module: Any, registered: Any) -> bool:
    if not isinstance(name, str) or not isinstance(module, str | None):
        return False
    name = keras_names.canonical(name)
    if registered not in (None, "", name) and not (
        isinstance(registered, str) and keras_names.canonical(registered) == name
    ):
        return False
    return name in keras_names.VALUES or keras_names.allowed(name, module)


def _function(node: dict[str, Any]) -> Iterator[Code]:
    """Yield the code in a serialised function.

    Its form is ``{"class_name": "function", "module": "builtins", "config": "relu"}``.
    """
    name, module = node.get("config"), node.get("module")
    keras = module in (None, "builtins") or str(module).partition(".")[0] in keras_names.PACKAGES
    plain = node.get("registered_name") in (None, "", "function", name)  # Keras 2 looks up functions by this name
    if not keras or not plain or not isinstance(name, str) or name not in keras_names.FUNCTIONS:
        yield Code(f"the function '{_address(name, module, None if plain else node['registered_name'])}'", _MISSING)


def _instance_name(node: dict[str, Any]) -> str:
    config = node.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return f" '{name:.100}'" if isinstance(name, str) else ""


def _address(name: Any, module: Any, registered: Any) -> str:
    if isinstance(registered, str) and registered not in ("", name):
        return registered[:100]
    return f"{module}.{name}"[:100] if isinstance(module, str) else str(name)[:100]
