"""Hostile model files in the bucket, refused through the queue's function.

The corpus files are those of the compiler's tests (``tests.compiler.sources``); the attacks are made here from the
example models.
"""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compiler import tflite_models
from tests.compiler.conftest import EXECUTED, sources
from tests.emulator import EXAMPLES, ROOT
from tests.handlers.brokers import Broker
from tests.handlers.workers import WARM

__all__ = ["sources"]  # the fixture of the compiler's tests

QUICKSTART = EXAMPLES / "quickstart" / "1" / "model.tflite"
KERAS = ROOT / "build" / "examples" / "quickstart.keras"

# Files and folders of tests.compiler.sources.
CORPUS = (
    "prose.keras", "prose.h5", "prose.tflite",
    "truncated_mlp.keras", "truncated_legacy.h5", "truncated_named.tflite",
    "lambda.keras", "lambda.h5", "custom.keras",
    "bomb.keras", "traversal.keras", "foreign.keras", "linked.h5", "weights.h5", "empty.zip", "flex.tflite",
    "unsigned", "python", "reader", "writer",
)  # fmt: skip


def keras_with(change: Callable[[dict[str, Any]], None]) -> bytes:
    """Return the example's .keras file with a changed config.json."""
    made = io.BytesIO()
    with zipfile.ZipFile(KERAS) as good, zipfile.ZipFile(made, "w") as bad:
        for name in good.namelist():
            data = good.read(name)
            if name == "config.json":
                record = json.loads(data)
                change(record)
                data = json.dumps(record).encode()
            bad.writestr(name, data)
    return made.getvalue()


def last_layer(record: dict[str, Any]) -> dict[str, Any]:
    layer: dict[str, Any] = record["config"]["layers"][-1]
    return layer


def replaced(module: str | None, name: str, config: dict[str, Any]) -> bytes:
    """Return the example with its last layer replaced by another class."""
    changes = {"module": module, "class_name": name, "registered_name": None, "config": config}
    return keras_with(lambda record: last_layer(record).update(changes))


def zipped(*entries: tuple[str, bytes], link: str | None = None) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
        if link:
            info = zipfile.ZipInfo("saved_model.pb")
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, link)
    return made.getvalue()


def tarred(name: str, *, target: str = "", size: int = 0) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as archive:
        info = tarfile.TarInfo(name)
        if target:
            info.type, info.linkname = tarfile.SYMTYPE, target
        else:
            info.size = size
        archive.addfile(info, io.BytesIO(bytes(size)))
    return made.getvalue()


def cut_tensor_vector() -> bytes:
    """Return the example with an offset of its first vector outside the file."""
    changed = bytearray(QUICKSTART.read_bytes())
    changed[0:4] = (2**31 - 1).to_bytes(4, "little")
    return bytes(changed)


SYSTEM = {"module": "builtins", "class_name": "function", "config": "system", "registered_name": "function"}

# Public attacks on Keras (by CVE), archives and .tflite, each as the bytes of one file.
ATTACKS: dict[str, Callable[[], bytes]] = {
    "cve-2024-3660.keras": lambda: replaced("keras.layers", "Lambda", {"function": {"class_name": "__lambda__"}}),
    "cve-2025-1550.keras": lambda: replaced("os", "system", {"command": f"touch {EXECUTED}"}),
    "cve-2025-8747.keras": lambda: replaced("keras.utils", "get_file", {"origin": "http://127.0.0.1/x"}),
    "cve-2025-9906.keras": lambda: replaced("keras.config", "enable_unsafe_deserialization", {}),
    "cve-2025-49655.keras": lambda: replaced("keras.layers", "TorchModuleWrapper", {"module": "gASVAAAAAAAAAAAu"}),
    "cve-2026-1462.keras": lambda: replaced("keras.layers", "TFSMLayer", {"filepath": "/tmp/evil"}),
    "activation.keras": lambda: keras_with(lambda record: last_layer(record)["config"].update(activation=SYSTEM)),
    "link.zip": lambda: zipped(link="/etc/passwd"),
    "outside.zip": lambda: zipped(("../../" + EXECUTED, b"x"), ("saved_model.pb", b"x")),
    "bomb.zip": lambda: zipped(("saved_model.pb", bytes(64 * 1024**2))),
    "link.tar.gz": lambda: tarred("saved_model.pb", target="/etc/passwd"),
    "outside.tar.gz": lambda: tarred("../" + EXECUTED),
    "bomb.tar.gz": lambda: tarred("saved_model.pb", size=64 * 1024**2),
    "offset.tflite": cut_tensor_vector,
    "empty.tflite": lambda: b"",
    "crash.tflite": tflite_models.remainder,
    "large.tflite": lambda: tflite_models.filled(250_000_000),
}


def drop(broker: Broker, key: str, body: bytes) -> list[str]:
    """Upload a file and handle its event with a warm worker.

    Returns the ids of the messages to redeliver.
    """
    return broker.invoke(broker.put(key, body), workers=broker.workers(WARM))


def check_refused(broker: Broker, key: str, caplog: pytest.LogCaptureFixture, *codes: str) -> None:
    """Check that report and event agree, and that nothing was published or raised."""
    report = broker.report(key)
    assert (report["state"], report["code"] in codes) == ("refused", True), report
    assert "\n" not in report["reason"]
    assert "Traceback" not in report["reason"]
    assert not [word for word in ("/tmp/", str(ROOT)) if word in report["reason"]]
    (announced,) = broker.cloud.receive_events()
    assert announced["detail-type"] == "Model Refused"
    assert announced["detail"]["reason"] == report["reason"]
    assert broker.registry.models() == []
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize("name", CORPUS)
def test_broker_hostile_corpus_file_is_refused(
    broker: Broker, sources: Path, name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = sources / name
    if path.is_dir():
        path = Path(shutil.make_archive(str(tmp_path / name), "zip", path))
    key = f"incoming/{path.name}"
    with caplog.at_level(logging.INFO):
        assert drop(broker, key, path.read_bytes()) == []
    check_refused(broker, key, caplog, "source_refused")
    assert not (sources / EXECUTED).exists()


@pytest.mark.parametrize("name", ATTACKS)
def test_broker_public_attack_is_refused(broker: Broker, name: str, caplog: pytest.LogCaptureFixture) -> None:
    key = f"incoming/{name}"
    with caplog.at_level(logging.INFO):
        assert drop(broker, key, ATTACKS[name]()) == []
    check_refused(broker, key, caplog, "source_refused", "compile_failed")
    assert not Path(EXECUTED).exists()


@pytest.mark.parametrize("count", [1, 7])
def test_broker_mutated_file_is_refused_or_published(broker: Broker, count: int) -> None:
    rng = np.random.default_rng(count)
    changed = bytearray(QUICKSTART.read_bytes())
    for index in rng.integers(0, len(changed), count):
        changed[int(index)] = 0xFF
    assert drop(broker, "incoming/mutant.tflite", bytes(changed)) == []
    assert broker.report("incoming/mutant.tflite")["state"] in {"refused", "published"}


def test_broker_valid_file_after_hostile_file_is_published(broker: Broker) -> None:
    assert drop(broker, "incoming/churn.tflite", cut_tensor_vector()) == []
    assert drop(broker, "incoming/churn.tflite", QUICKSTART.read_bytes()) == []
    assert broker.report("incoming/churn.tflite")["state"] == "published"
    assert os.environ["AWS_SECRET_ACCESS_KEY"] not in json.dumps(broker.report("incoming/churn.tflite"))
