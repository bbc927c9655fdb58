from __future__ import annotations

import subprocess
import sys
import time

import pytest

from lightship.compiler.declarations import plain_yaml
from lightship.compiler.declarations.plain_yaml import YamlError

# A few hundred bytes with merge keys that took PyYAML over a minute.
MERGED = b"a0: &a0 {x: 1}\n" + b"".join(
    b"a%d: &a%d {<<: [%s]}\n" % (level, level, b", ".join([b"*a%d" % (level - 1)] * 9)) for level in range(1, 12)
)


def test_load_plain_document_returns_json_values() -> None:
    text = b"name: churn\ninputs: {x: {columns: [a, 'b']}}\nmetrics: {auc: 0.5, n: 3, ok: true, why: null}\n"
    assert plain_yaml.load(text) == {
        "name": "churn",
        "inputs": {"x": {"columns": ["a", "b"]}},
        "metrics": {"auc": 0.5, "n": 3, "ok": True, "why": None},
    }


@pytest.mark.parametrize(
    "text",
    [
        MERGED,
        b"{<<: {a: 1}}",
        b"a: &x 1",
        b"a: 1\na: 2",
        b"[" * plain_yaml.LARGEST,
        b"- " * 100_000,
        b"? " * 100_000,
        b":" * plain_yaml.LARGEST,
        b"[" + b"1," * plain_yaml.MOST_VALUES + b"]",
        b"#" * (plain_yaml.LARGEST + 1),
        b"a: 2001-01-01",
        b"a: !!set {x}",
        b"a: !!binary aGk=",
        b"a: .nan",
        b"a: " + b"1" * 9_000,
        b"? [a]\n: 1",
        b"a: \x00",
        b"\xff",
        b"--- 1\n--- 2",
    ],
    ids=lambda text: repr(text[:12]),
)
def test_load_document_with_unsupported_syntax_raises_quickly(text: bytes) -> None:
    start = time.process_time()
    with pytest.raises(YamlError):
        plain_yaml.load(text)
    assert time.process_time() - start < 10  # seconds; PyYAML took over 60 for the merge keys


def test_load_with_modified_safe_loader_keeps_rules() -> None:
    changed = """
import yaml
yaml.SafeLoader.add_constructor("tag:yaml.org,2002:map", lambda loader, node: dict(loader.construct_pairs(node)))
yaml.SafeLoader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: node.value)
from lightship.compiler.declarations import plain_yaml
for text in (b"{<<: {a: 1}}", b"a: 1\\na: 2", b"a: 2001-01-01", b"? [a]\\n: 1"):
    try:
        print(plain_yaml.load(text))
    except plain_yaml.YamlError:
        print("refused")
"""
    done = subprocess.run([sys.executable, "-c", changed], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused"] * 4
