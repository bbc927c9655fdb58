"""Number of reads of one bundle file in each step of a compile, as JSON.

``python -m tests.compiler.file_reads FOLDER SOURCE`` runs every step in this process, including those of the sandboxed
children. The file is one that only hashing and copying read. Opened files are counted by an audit hook, which cannot
be removed: therefore a separate process.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from lightship.bundle import Bundle
from lightship.compiler.build import build
from lightship.compiler.job import BuildJob
from lightship.compiler.sandbox import ignore_progress
from lightship.compiler.verification import child_output, trial
from lightship.registry.registry import Registry

EXTRA = "extra.bin"

READS: list[str] = []


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and str(arguments[0]).endswith(EXTRA) and "r" in str(arguments[1]):
        READS.append(str(arguments[0]))


def main(folder: Path, source: Path) -> dict[str, int]:
    bundle = folder / "bundle"
    bundle.mkdir()
    (bundle / EXTRA).write_bytes(b"listed in the manifest, not read by an engine")
    sys.addaudithook(watch)
    counts = {}

    def counted(step: str, result: Any) -> Any:
        counts[step] = len(READS)
        READS.clear()
        return result

    job = BuildJob(source, bundle, sandbox="none")
    counted("build", build(job.to_json(), ignore_progress))
    verified = counted("verify", child_output.verify(bundle, sandbox="none", largest=2**30))
    counted("trial", trial.build({"folder": str(bundle), "slow": False}, ignore_progress))
    first, second = (Registry(str(folder / name)) for name in ("first", "second"))
    with first.staging() as staged:
        copied = counted("copy", verified.copy(staged))
        counted("publish", first.publish("m", copied))
    opened: Bundle = counted("open", first.open("m"))
    with second.staging() as staged:
        counted("push", second.publish("m", opened.copy(staged)))
    return counts


if __name__ == "__main__":
    print(json.dumps(main(*map(Path, sys.argv[1:]))))
