"""A worker under control of a hostile model file.

It compiles nothing and uploads the forged answer that the file's name selects.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

from lightship.bundle import Manifest, digests
from lightship.handlers.compiling.archive import Archive
from lightship.handlers.compiling.job import Job
from lightship.handlers.compiling.transfers import send


def handler(event, context):
    job = Job.from_json(event)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "bundle")
        shutil.copytree(os.environ["LIGHTSHIP_FORGER_BUNDLE"], folder)
        case = job.key.removeprefix("incoming/").removesuffix(".keras")
        archive = CASES[case](folder)
        blocks, size = ([archive], len(archive)) if isinstance(archive, bytes) else (archive, archive.size)
        send(job.upload, blocks, size)
    return {"uploaded": "forged", "errorType": "Unavailable"}


def changed(folder, **fields):
    """Change fields of the bundle's manifest."""
    path = folder / "manifest.json"
    manifest = Manifest.from_bytes(path.read_bytes())._replace(sandbox="kernel")
    path.write_bytes(manifest._replace(**fields).to_bytes())


def answer(folder, **fields):
    record = json.loads((folder / "manifest.json").read_bytes())
    return {
        "engine": record["engine"],
        "reasons": [],
        "signatures": record["signatures"],
        "sizes": {"before": 1, "after": 1},
        "parity": [],
        "latency": {"subject": "nothing", "before": 0, "after": 0},
        "cost": {"seconds": 0, "bytes": 0},
        "warnings": [],
        "rewrites": [],
        "trusted": [],
        **fields,
    }


def packed(folder, **fields):
    return Archive(json.dumps({"compiled": answer(folder, **fields)}).encode(), folder)


def honest(folder):
    changed(folder)
    return packed(folder)


def other_source(folder):
    changed(folder, source={"format": "keras", "digest": "0" * 64})
    return packed(folder)


def swapped_model(folder):
    changed(folder)
    (folder / "model.tflite").write_bytes(b"another model")
    return packed(folder)


def unlisted_file(folder):
    changed(folder)
    (folder / "saved_model").mkdir()
    (folder / "saved_model" / "saved_model.pb").write_bytes(b"graph")
    return packed(folder)


def foreign_file(folder):
    (folder / ".claim").write_bytes(b"mine")
    changed(folder, files=digests(folder))
    return packed(folder)


def no_manifest(folder):
    forged = packed(folder)
    (folder / "manifest.json").unlink()
    return forged


def not_json(folder):
    (folder / "manifest.json").write_bytes(b"[" * 100_000)
    return Archive(b"{", folder)


def other_engine(folder):
    changed(folder)
    return packed(folder, engine="tensorflow")


def other_signatures(folder):
    changed(folder)
    signatures = answer(folder)["signatures"]
    signatures[0]["name"] = "another"
    return packed(folder, signatures=signatures)


def trusted(folder):
    changed(folder, trusted=("everything",))
    return packed(folder)


def no_sandbox(folder):
    changed(folder, sandbox="none")
    return packed(folder)


def slow(folder):
    changed(folder, slow=True)
    return packed(folder)


def garbage(folder):
    return os.urandom(5000)


def too_large(folder):
    return bytes(200_000)


CASES = {
    function.__name__.replace("_", "-"): function
    for function in (
        honest,
        other_source,
        swapped_model,
        unlisted_file,
        foreign_file,
        no_manifest,
        not_json,
        other_engine,
        other_signatures,
        trusted,
        no_sandbox,
        slow,
        garbage,
        too_large,
    )
}
