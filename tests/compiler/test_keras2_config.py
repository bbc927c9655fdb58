"""Configurations written by tf_keras: its layers pass, executable code is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from lightship.compiler import sources
from lightship.compiler.sources.keras.allowed import keras2_names
from lightship.compiler.sources.keras.allowed.config import code_in
from lightship.errors import SourceRefused
from tests.model_files import write

GOOD = ("good_dense", "good_local", "good_ragged", "good_recurrent", "good_slices", "good_words", "operators")
HOSTILE = {
    "bytecode": "a Lambda layer 'evil'",
    "function": "a Lambda layer 'evil'",
    "nested": "a Lambda layer 'evil'",
}
# Code that is not in the file, which --trust could not load.
MISSING = {
    "custom": "'mine>Mine'",
    "named_activation": "double",
    "activation": "lambda",
}
EDITED = {
    "reads": "the function 'tf.io.read_file'",
    "raw": "the function 'tf.raw_ops.WriteFile'",
    "calls_python": "the function 'tf.py_function'",
    "loads": "the function 'tf.load_op_library'",
    "node": "operators that end or delay the process: Abort",
    "calls": "a TensorFlowOpLayer of the operator PartitionedCall",
    "handles": "a TensorFlowOpLayer of the operator ParseTensor",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keras2")
    write("tests.compiler.keras2_files", folder)
    return folder


def check(path: Path, work: Path) -> tuple[str, ...]:
    return sources.find(path).check(path, work)


@pytest.mark.parametrize("suffix", ["h5", "keras"])
@pytest.mark.parametrize("name", GOOD)
def test_check_keras2_builtin_layers_pass(files: Path, tmp_path: Path, name: str, suffix: str) -> None:
    assert check(files / f"{name}.{suffix}", tmp_path) == ()


@pytest.mark.parametrize("suffix", ["h5", "keras"])
@pytest.mark.parametrize("name", HOSTILE)
def test_check_keras2_code_is_named(files: Path, tmp_path: Path, name: str, suffix: str) -> None:
    found = check(files / f"{name}.{suffix}", tmp_path)
    assert found and found[0].startswith(HOSTILE[name])


@pytest.mark.parametrize("suffix", ["h5", "keras"])
@pytest.mark.parametrize("name", MISSING)
def test_check_keras2_code_missing_in_file_is_refused(files: Path, tmp_path: Path, name: str, suffix: str) -> None:
    with pytest.raises(SourceRefused, match=MISSING[name]):
        check(files / f"{name}.{suffix}", tmp_path)


@pytest.mark.parametrize("name", EDITED)
def test_check_keras2_layer_calling_tensorflow_by_name_is_named(files: Path, tmp_path: Path, name: str) -> None:
    assert check(files / f"{name}.h5", tmp_path) == (EDITED[name],)


def test_check_keras2_node_with_allowed_operator_passes(files: Path, tmp_path: Path) -> None:
    assert check(files / "good_node.h5", tmp_path) == ()


@pytest.mark.parametrize(
    ("layer", "phrase"),
    [
        ({"class_name": "ClassMethod", "config": {"cls_symbol": "io.gfile.GFile", "method_name": "from_tensor"}},
         "the function 'tf.io.gfile.GFile.from_tensor'"),
        ({"class_name": "ClassMethod", "config": {"cls_symbol": [], "method_name": {}}}, "the function 'tf.[].{}'"),
        ({"class_name": "InstanceMethod", "config": {"attr_name": "__reduce__"}}, "the attribute '__reduce__'"),
        ({"class_name": "InstanceProperty", "config": {"attr_name": "graph"}}, "the attribute 'graph'"),
        ({"class_name": "SlicingOpLambda", "config": {"function": "io.write_file"}}, "the function 'tf.io.write_file'"),
        ({"class_name": "TFOpLambda", "config": None}, "the function 'tf.None'"),
        ({"class_name": "TensorFlowOpLayer", "config": {"node_def": "\n\x01n"}}, "a TensorFlowOpLayer"),
        ({"class_name": "ResidualWrapper", "config": {}}, "the custom object 'ResidualWrapper'"),
        ({"class_name": "DenseFeatures", "config": {}}, "the custom object 'DenseFeatures'"),
        ({"class_name": "function", "module": "keras.activations", "config": "relu", "registered_name": "get_file"},
         "the function 'get_file'"),
        ({"class_name": "Dense", "config": {"activation": "<lambda>"}}, "the function '<lambda>'"),
        ({"class_name": "Dense", "config": {"activity_regularizer": "deserialize"}}, "the regularizer 'deserialize'"),
        ({"class_name": "Dense", "config": {"kernel_constraint": "backend"}}, "the constraint 'backend'"),
        ({"class_name": "Dense", "config": {"bias_initializer": "mine>ones"}}, "the initializer 'mine>ones'"),
        ({"class_name": "TypeSpec", "type_spec": "tf.TensorSpec", "serialized": []}, "the custom object 'TypeSpec'"),
        ({"class_name": "CompositeTensor", "spec": {}, "tensors": []}, "the custom object 'CompositeTensor'"),
        ({"class_name": "Dense", "registered_name": "Custom>CustomScaleLayer"},
         "the custom object 'Custom>CustomScaleLayer'"),
        ({"class_name": "Custom>Dense", "config": {}}, "the custom object 'Custom>Dense'"),
        ({"class_name": "deserialize", "module": "tf_keras.regularizers", "config": {}},
         "the custom object 'tf_keras.regularizers.deserialize'"),
        ({"class_name": "__tuple__", "items": [{"_TYPE": "COMPOSITE"}, '{"class_name": "TypeSpec"}']},
         "a constant of a composite type"),
        ({"class_name": "__tuple__", "items": [{"class_name": "Lambda", "config": {}}]}, "a Lambda layer"),
        ({"class_name": "StringLookup", "module": "tf_keras.src.layers", "config": {"vocabulary": "/etc/passwd"}},
         "a vocabulary that is read from the file '/etc/passwd'"),
    ],
)  # fmt: skip
def test_code_in_keras2_executable_code_is_named(layer: dict[str, object], phrase: str) -> None:
    assert code_in({"class_name": "Sequential", "config": {"layers": [layer]}}) == (phrase,)


@pytest.mark.parametrize(
    "layer",
    [
        {"class_name": "Dense", "config": {"kernel_initializer": "glorot_uniform", "kernel_constraint": "maxnorm"}},
        {"class_name": "Dense", "config": {"kernel_initializer": {"class_name": "GlorotUniformV2", "config": {}}}},
        {"class_name": "Custom>CustomScaleLayer", "config": {}},
        {"class_name": "CustomScaleLayer", "module": "tf_keras.src.applications.inception_resnet_v2",
         "registered_name": "Custom>CustomScaleLayer", "config": {}},
        {"class_name": "LayerScale", "module": "tf_keras.src.applications.convnext", "registered_name": "LayerScale"},
    ],
)  # fmt: skip
def test_code_in_keras2_builtin_names_pass(layer: dict[str, object]) -> None:
    assert code_in({"class_name": "Sequential", "config": {"layers": [layer]}}) == ()


@pytest.mark.parametrize("symbol", ["math.add", "compat.v1.transpose", "__operators__.getitem", "cast", "image.resize"])
def test_pure_allowed_function_is_accepted(symbol: str) -> None:
    assert keras2_names.pure(symbol)


@pytest.mark.parametrize(
    "symbol",
    ["io.read_file", "raw_ops.ReadFile", "map_fn", "print", "numpy_function", "compat.v1.py_func", "math", "",
     "nn.fixed_unigram_candidate_sampler", "lookup.TextFileInitializer", "add.math", "compat.v1.compat.v1.add"],
)  # fmt: skip
def test_pure_other_name_is_refused(symbol: str) -> None:
    assert not keras2_names.pure(symbol)
