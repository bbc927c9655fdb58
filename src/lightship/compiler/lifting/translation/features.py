"""Rules of operators from values to indices, and of ragged and sparse tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightship.compiler.lifting.translation.base import Translate, Translated, plain, require, with_axis


def _hash_fast(operation: Any) -> Translated:
    return Translated("hashing.fast", {"buckets": operation.get_attr("num_buckets")})


def _hash_strong(operation: Any) -> Translated:
    return Translated(
        "hashing.strong", {"buckets": operation.get_attr("num_buckets"), "key": list(operation.get_attr("key"))}
    )


def _cross(operation: Any) -> Translated:
    dense = [tensor.dtype.name for tensor in operation.inputs]
    require(operation, operation.get_attr("N") == 0 and not operation.get_attr("sparse_types"))
    require(operation, bool(operation.get_attr("hashed_output")) and set(dense) <= {"string", "int64"})
    options = {"buckets": operation.get_attr("num_buckets"), "key": operation.get_attr("hash_key")}
    return Translated("hashing.cross", options)


def _find(operation: Any) -> Translated:
    require(operation, operation.inputs[2].shape.rank == 0)
    return Translated("lookup.find")


def _bucketize(operation: Any) -> Translated:
    return Translated("lookup.bucketize", {"boundaries": list(operation.get_attr("boundaries"))})


def _ragged(operation: Any) -> Translated:
    types = [name.decode() for name in operation.get_attr("row_partition_types")]
    by_splits = set(types) == {"ROW_SPLITS"}
    by_rows = types[0] == "FIRST_DIM_SIZE" and set(types[1:]) == {"VALUE_ROWIDS"}
    require(operation, (by_splits or by_rows) and operation.inputs[2].shape.rank == 0)
    return Translated("ragged.to_dense", {"types": types})


def _count(operator: str) -> Translate:
    return lambda operation: Translated(operator, {"binary": bool(operation.get_attr("binary_output"))})


RULES: Mapping[str, Translate] = {
    "StringToHashBucketFast": _hash_fast,
    "StringToHashBucketStrong": _hash_strong,
    "SparseCross": _cross,
    "LookupTableFindV2": _find,
    "Bucketize": _bucketize,
    "RaggedTensorToTensor": _ragged,
    "RaggedBincount": _count("ragged.count_ragged"),
    "DenseBincount": _count("ragged.count_dense"),
    "SparseToDense": plain("ragged.dense_of_sparse"),
    "OneHot": with_axis("shapes.one_hot"),
}
