from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lightship.compiler.sources.keras.allowed import names as keras_names
from lightship.compiler.sources.keras.allowed.config import code_in, loadable_code, parse
from lightship.errors import SourceRefused

DENSE = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None}


def model(*layers: Any, **more: Any) -> dict[str, Any]:
    return {"module": "keras", "class_name": "Sequential", "config": {"layers": list(layers)}, **more}


def nested(value: Any) -> dict[str, Any]:
    return model({**DENSE, "config": {"deep": [{"deeper": value}]}})


def function(name: Any, module: str = "builtins") -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": "function"}


@pytest.mark.parametrize(
    ("value", "phrase"),
    [
        ({"module": "keras.layers", "class_name": "Lambda", "config": {"name": "l"}}, "a Lambda layer 'l'"),
        ({"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}, "a Lambda layer"),
        ({"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}, "a Python lambda"),
        ({"module": "keras.layers", "class_name": "TFSMLayer", "config": {"name": "t"}}, "a TFSMLayer 't'"),
        ({"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {}}, "a TorchModuleWrapper"),
        ({"class_name": "__typespec__", "config": []}, "a type specification"),
        ({"module": "os", "class_name": "system", "config": {}}, "the custom object 'os.system'"),
        ({"module": "keras.utils", "class_name": "get_file", "config": {}}, "the custom object 'keras.utils.get_file'"),
        ({"module": "keras.layers", "class_name": "Mine", "config": {}}, "the custom object 'keras.layers.Mine'"),
        (
            {"module": "keras.models", "class_name": "load_model", "config": {}},
            "the custom object 'keras.models.load_model'",
        ),
        ({**DENSE, "registered_name": "mine>Dense"}, "the custom object 'mine>Dense'"),
        ({"module": None, "class_name": "Mine", "config": {}, "registered_name": "Mine"}, "the custom object 'Mine'"),
        ({"module": ["os"], "class_name": "Dense", "config": {}}, "the custom object 'Dense'"),
        ({"class_name": ["Dense"], "config": {}}, "the custom object '['Dense']'"),
        (function("system", "os"), "the function 'os.system'"),
        (function("get_file"), "the function 'builtins.get_file'"),
        (function("clone_model", "keras.models"), "the function 'keras.models.clone_model'"),
        (function({"class_name": "x"}), "the function 'builtins."),
        (
            {"module": "keras.src.ops.core", "class_name": "Map", "config": {}},
            "the custom object 'keras.src.ops.core.Map'",
        ),
        (
            {"module": "keras.layers", "class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
            "a vocabulary that is read from the file '/etc/passwd'",
        ),
        ({**DENSE, "compile_config": {"loss": {"class_name": "Mine", "config": {}}}}, "the custom object 'Mine'"),
    ],
)
def test_code_in_nested_config_is_found(value: Any, phrase: str) -> None:
    found, *_ = code_in(nested(value))
    assert found.startswith(phrase)


@pytest.mark.parametrize(
    "value",
    [
        DENSE,
        {"class_name": "Dense", "config": {"kernel_initializer": {"class_name": "VarianceScaling", "config": {}}}},
        {"module": "keras.src.ops.numpy", "class_name": "GetItem", "config": {}},
        {
            "module": "keras.src.models.functional",
            "class_name": "Functional",
            "config": {},
            "registered_name": "Functional",
        },
        {"module": "keras.optimizers.schedules", "class_name": "CosineDecay", "config": {}},
        {"class_name": "__keras_tensor__", "config": {"shape": [None, 3]}},
        function("relu"),
        function("gelu", "keras.activations"),
    ],
)
def test_code_in_builtin_objects_passes(value: Any) -> None:
    assert code_in(nested(value)) == ()


def test_code_in_top_level_compile_config_is_ignored() -> None:
    assert code_in(model(DENSE, compile_config={"loss": {"class_name": "Mine", "config": {}}})) == ()


def test_loadable_code_layer_of_later_keras_names_version() -> None:
    later = {"module": "keras.layers", "class_name": "Later", "config": {}, "registered_name": None}
    with pytest.raises(SourceRefused, match=r"'keras\.layers\.Later'.*version"):
        loadable_code("m.keras", model(later))


def test_code_in_deeply_nested_config_is_found() -> None:
    value: Any = {"class_name": "Lambda", "config": {}}
    for _ in range(100_000):
        value = [value]
    assert code_in(model(value)) == ("a Lambda layer",)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"class_name": 1}', b"[" * 200_000, b"\xff\xfe\x00"])
def test_parse_json_without_model_is_refused(data: bytes) -> None:
    with pytest.raises(SourceRefused):
        parse("model.keras", data)


def test_allowlist_contains_every_public_keras_class(sources: Path) -> None:
    """Compare the lists with Keras; a new class needs a review before it is added."""
    api = json.loads((sources / "keras_api.json").read_text())
    for area, names in api.items():
        unlisted = set(names) - keras_names.AREAS[area] - keras_names.CODE_CLASSES.keys() - {"InputSpec"}
        assert not unlisted, area
        assert not keras_names.AREAS[area] & keras_names.CODE_CLASSES.keys()
