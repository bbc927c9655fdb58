"""Models that return their input, one for each integer dtype, and a hash model.

The hash model takes 64-bit hashes modulo 1000. Made by ``python -m tests.integers.models FOLDER`` in a separate
process, so that the test process never imports TensorFlow.
"""

from __future__ import annotations

import sys

import numpy as np

from lightship.registry.registry import Registry
from lightship.tensors import TensorSpec
from tests.bundles import Function, publish

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def main(folder: str) -> None:
    import tensorflow as tf

    registry = Registry(folder)
    for dtype in INTEGERS:
        n, m = TensorSpec("n", dtype, (None, 3)), TensorSpec("m", dtype, (None, 3))
        echo = Function(lambda n: {"m": tf.identity(n)}, (n,), (m,), {"n": np.array([[1, 2, 3]], dtype)})
        publish(tf, registry, f"echo-{dtype}", (echo,), "litert")
        n, m = TensorSpec("n", dtype, (None,)), TensorSpec("m", dtype, (None,))
        one = Function(lambda n: {"m": tf.identity(n)}, (n,), (m,), {"n": np.array([1], dtype)})
        publish(tf, registry, f"one-{dtype}", (one,), "litert")

    ids, bucket = TensorSpec("ids", "uint64", (None, 2)), TensorSpec("bucket", "uint64", (None, 2))
    example = {"ids": np.array([[1, 2]], np.uint64)}
    hashed = Function(lambda ids: {"bucket": ids % tf.constant(1000, tf.uint64)}, (ids,), (bucket,), example)
    publish(tf, registry, "hashed", (hashed,), "tensorflow")


if __name__ == "__main__":
    main(sys.argv[1])
