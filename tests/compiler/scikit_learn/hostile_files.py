"""Hostile .skops files, and what each of them would do if it were opened."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.linear_model import LogisticRegression

Node = dict[str, Any]
Files = dict[str, bytes]


class Payload:
    """Object whose unpickling writes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


@cache
def _model() -> Files:
    """Return the entries of a good file."""
    rows = np.arange(12.0).reshape(6, 2)
    data = skops.io.dumps(LogisticRegression().fit(rows, [0, 1, 0, 1, 0, 1]))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _node(loader: str, module: str, name: str, **others: Any) -> Node:
    return {"__loader__": loader, "__module__": module, "__class__": name, "__id__": 7, **others}


def _text(value: Any) -> Node:
    return _node("JsonNode", "builtins", "str", content=json.dumps(value), is_json=True) | {"__id__": 8}


def _tuple(*items: Node) -> Node:
    return _node("TupleNode", "builtins", "tuple", content=list(items)) | {"__id__": 9}


def _list(*items: Node) -> Node:
    return _node("ListNode", "builtins", "list", content=list(items)) | {"__id__": 10}


def _dict(types: Node, content: Mapping[str, Any]) -> Node:
    return _node("DictNode", "builtins", "dict", key_types=types, content=dict(content)) | {"__id__": 11}


def _with_attribute(change: Callable[[Node], None]) -> Files:
    """Return a good file whose schema is changed in place."""
    files = _model()
    schema = json.loads(files["schema.json"])
    change(schema)
    return files | {"schema.json": json.dumps(schema).encode()}


def _replaced(node: Node) -> Files:
    """Return a good file with a node in place of the parameter C."""
    return _with_attribute(lambda schema: schema["content"]["content"].update(C=node))


def _root(node: Node) -> Files:
    return {"schema.json": json.dumps(node | {"protocol": 2, "_skops_version": "0.16.0"}).encode()}


def _shape_bomb() -> bytes:
    return _header("(1000000000000,)") + bytes(8)


def _header(shape: str) -> bytes:
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header


def _array(name: str, data: bytes) -> Files:
    return _replaced(_node("NdArrayNode", "numpy", "ndarray", type="numpy", file=name)) | {name: data}


def _nested(depth: int) -> bytes:
    opened = '{"__loader__": "ListNode", "__module__": "builtins", "__class__": "list", "protocol": 2, "content": ['
    return (opened * depth + "]}" * depth).encode()


def nodes(executed: Path) -> dict[str, Files]:
    """Return files by name, of which each is refused for a node or an array."""
    command = f"touch {executed}"
    pickled = io.BytesIO()
    np.save(pickled, np.array([Payload(executed)], dtype=object), allow_pickle=True)
    function = _node("FunctionNode", "os", "system")
    chi2 = _node("FunctionNode", "sklearn.feature_selection._univariate_selection", "chi2") | {"__id__": 12}
    text_type = _node("TypeNode", "builtins", "str") | {"__id__": 13}
    reduced = {"args": _tuple(_text(command))}
    return {
        "function": _replaced(function),
        "sklearn_function": _replaced(_node("FunctionNode", "sklearn.utils", "check_array")),
        "old_function": _with_attribute(lambda schema: schema.update(protocol=0)),
        "method": _replaced(_node("MethodNode", "builtins", "str", content={"func": "format", "obj": _text("x")})),
        "partial": _replaced(
            _node("PartialNode", "functools", "partial", content={"func": function, "args": _tuple(_text(command))})
        ),
        "operator": _replaced(_node("OperatorFuncNode", "operator", "methodcaller", attrs=_tuple(_text("system")))),
        "constructor": _root(
            _node("ConstructorFromReduceNode", "subprocess", "Popen", content=_tuple(_text(["touch", str(executed)])))
        ),
        "factory": _root(
            _node(
                "DefaultDictNode", "collections", "defaultdict", content={"main": _list(), "default_factory": function}
            )
        ),
        "reduce": _root(_node("LossNode", "os", "system", __reduce__=reduced, content=_tuple())),
        "tree": _root(_node("TreeNode", "subprocess", "Popen", __reduce__=reduced, content=_tuple())),
        "type": _replaced(_node("TypeNode", "os", "system")),
        "key_type": _root(_dict(_list(_node("TypeNode", "os", "system")), {command: _text(1)})),
        "key_type_of_other_loader": _root(_dict(_list(function), {command: _text(1)})),
        "object": _replaced(_node("ObjectNode", "subprocess", "Popen", content=None)),
        "object_by_other_module": _replaced(_node("ObjectNode", "sklearn.linear_model", "LogisticRegression")),
        "list_class": _replaced(_node("ListNode", "subprocess", "Popen", content=[_text("touch")])),
        "dict_class": _root({**_dict(_list(), {}), "__module__": "os", "__class__": "_Environ"}),
        "array_class": _array("1.npy", _saved(np.ones(2))) | _renamed_array(),
        "json_array_of_code": _replaced(
            _node("NdArrayNode", "numpy", "ndarray", type="json", shape=_tuple(_text(1)), content=[function])
        ),
        "random_generator": _replaced(
            _node("RandomGeneratorNode", "numpy.random", "Generator", content={"bit_generator": {}, "seed_seq": {}})
        ),
        "sparse": _replaced(_node("SparseMatrixNode", "scipy.sparse", "csr_matrix", type="scipy", file="1.npz")),
        "quantile_forest": _replaced(_node("QuantileForestNode", "quantile_forest", "Forest")),
        "one_id_of_two_classes": _with_attribute(_share_id),
        "one_id_of_two_values": _with_attribute(_share_value),
        "one_id_of_two_lists": _root(_tuple(_list(chi2), _dict(_list(text_type), {command: _text(1)}))),
        "no_integer_id": _replaced(_text(1.0) | {"__id__": "8"}),
        "no_class": _replaced({"__loader__": "JsonNode", "content": "1"}),
        "no_content": _replaced(_node("ListNode", "builtins", "list")),
        "content_of_other_type": _replaced(_node("JsonNode", "builtins", "str", content=["1"])),
        "pickled_array": _array("1.npy", pickled.getvalue()),
        "shape_bomb": _array("1.npy", _shape_bomb()),
        "zero_shape_bomb": _array("1.npy", _header("(0, 1048576, 1048576)")),
        "short_array": _array("1.npy", _saved(np.ones(50))[:-8]),
        "no_array": _array("1.npy", b""),
        "missing_array": _replaced(_node("NdArrayNode", "numpy", "ndarray", type="numpy", file="2.npy")),
        "array_outside": _replaced(_node("NdArrayNode", "numpy", "ndarray", type="numpy", file="../../etc/passwd")),
        "deep": {"schema.json": _nested(300)},
        "very_deep": {"schema.json": _nested(200_000)},
        "not_json": {"schema.json": b"\x80\x04K\x01."},
        "no_object": {"schema.json": b"[]"},
        "no_schema": {"model.pkl": pickle.dumps(Payload(executed))},
        "pickle_entry": _model() | {"folder/model.pkl": pickle.dumps(Payload(executed))},
        "traversal": _model() | {"../outside.npy": b"x"},
    }


def _saved(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def _renamed_array() -> Files:
    return _replaced(_node("NdArrayNode", "os", "system", type="numpy", file="1.npy"))


def _share_id(schema: Node) -> None:
    """Give a parameter the id of the model."""
    schema["content"]["content"]["C"] = _text(1.0) | {"__id__": schema["__id__"]}


def _share_value(schema: Node) -> None:
    """Give two parameters with other values one id, of which skops reads the first."""
    schema["content"]["content"].update(C=_text(1.0), tol=_text(10**9))


def write(folder: Path, executed: Path) -> list[Path]:
    """Write all files."""
    written = []
    for name, files in nodes(executed).items():
        written.append(folder / f"{name}.skops")
        with zipfile.ZipFile(written[-1], "w") as archive:
            for entry, data in files.items():
                archive.writestr(entry, data)
    return [*written, *_archives(folder)]


def _archives(folder: Path) -> list[Path]:
    """Write files that are refused as archives."""
    good = _model()
    with zipfile.ZipFile(folder / "bomb.skops", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", bytes(64 * 1024**2))
    with zipfile.ZipFile(folder / "twice.skops", "w") as archive:
        for name, data in [*good.items(), *good.items()]:
            archive.writestr(name, data)
    with zipfile.ZipFile(folder / "whole.zip", "w") as archive:
        for name, data in good.items():
            archive.writestr(name, data)
    whole = (folder / "whole.zip").read_bytes()
    for share in range(1, 10):
        (folder / f"cut_{share}.skops").write_bytes(whole[: len(whole) * share // 10])
    (folder / "whole.zip").unlink()
    (folder / "random.skops").write_bytes(bytes(range(256)) * 9)
    (folder / "empty.skops").write_bytes(b"")
    return sorted(
        path for path in folder.iterdir() if path.name.startswith(("bomb", "twice", "cut", "random", "empty"))
    )
