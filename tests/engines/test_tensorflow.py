"""Warm-up of a TensorFlow bundle: loading runs each signature once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.emulator import ROOT

# Two signatures that print to stderr when they run. The recorded call of "fails" is then replaced by a failing call.
LOADED = """
import json, sys
from pathlib import Path
import numpy as np
import tensorflow as tf
from lightship.bundle import GOLDEN, Manifest, digests, write_manifest
from lightship.calls import Call
from lightship.bundle.golden import read_golden, write_golden
from lightship.model import Model
from lightship.registry.registry import Registry
from lightship.tensors import TensorSpec
from tests.bundles import Function, publish

def function(name):
    def run(index):
        tf.print("ran", name, tf.shape(index), output_stream=sys.stderr)
        return {"found": tf.gather([10.0, 20.0], index)}

    index, found = TensorSpec("index", "int32", (None,)), TensorSpec("found", "float32", (None,))
    return Function(run, (index,), (found,), {"index": np.int32([0, 1])}, name=name)

registry = Registry(sys.argv[1])
publish(tf, registry, "warmed", (function("first"), function("fails")), "tensorflow")
path = registry.path("warmed", 1)
golden = read_golden(path / GOLDEN)
golden["fails"][0]["index"] = np.int32([7])
write_golden(path / GOLDEN, golden)
before = Manifest.from_bytes((path / "manifest.json").read_bytes())
signatures = (before.signatures[0]._replace(independent_rows=True), before.signatures[1])
write_manifest(path, before._replace(signatures=signatures, files=digests(path), trusted=("it prints",)))
print("loading", file=sys.stderr, flush=True)
model = Model.open(path)
print("loaded", file=sys.stderr, flush=True)
print(json.dumps(model.predict(Call({"index": np.int32([1])}, "fails")).outputs["found"].tolist()))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    folder = tmp_path_factory.mktemp("registry")
    environ = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    command = [sys.executable, "-c", LOADED, str(folder)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stderr
    return done


def printed_while_loading(loaded: Any) -> str:
    return str(loaded.stderr.partition("loading\n")[2].partition("loaded\n")[0])


def test_load_runs_each_signature_once_on_recorded_call(loaded: Any) -> None:
    assert printed_while_loading(loaded).splitlines()[:2] == ["ran first [1]", "ran fails [1]"]


def test_load_with_failing_recorded_call_serves_requests(loaded: Any) -> None:
    assert json.loads(loaded.stdout) == [20.0]
