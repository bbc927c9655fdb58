"""Things that code in a model file might do, for the tests of the sandbox. ``job["probe"]`` names one."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lightship.errors import BundleError, ParityError


def build(job: Mapping[str, Any], progress: Callable[[str, float], None]) -> dict[str, Any]:
    progress("probing", 0.5)
    return dict(PROBES[job["probe"]](job) or {})


def look_around(job: Mapping[str, Any]) -> dict[str, Any]:
    limits = {
        name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CPU", "RLIMIT_CORE", "RLIMIT_AS")
    }
    return {
        "environ": dict(os.environ),
        "cwd": str(Path.cwd()),
        "stdin": sys.stdin.read(),
        "session": os.getsid(0) == os.getpid(),
        "limits": limits,
        "modules": sorted(sys.modules),
    }


def read_parent(job: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return {"read": Path(f"/proc/{os.getppid()}/environ").read_bytes().decode(errors="replace")}
    except OSError as error:
        return {"refused": type(error).__name__, "owner": Path(f"/proc/{os.getppid()}/environ").stat().st_uid}


def connect(job: Mapping[str, Any]) -> dict[str, Any]:
    """Every family of addresses that this machine knows, and a connection to a port that answers."""
    refused = {}
    for family in socket.AddressFamily:
        try:
            socket.socket(family, socket.SOCK_STREAM).close()
            refused[family.name] = "opened"
        except OSError as error:
            refused[family.name] = type(error).__name__
    code = f"import socket; socket.create_connection(('127.0.0.1', {job['port']}))"
    child = subprocess.run([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, check=False)
    return {"refused": refused, "grandchild": child.stderr.strip().splitlines()[-1]}


def list_descriptors(job: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            found[link.name] = str(link.readlink())
    return found


def spin(job: Mapping[str, Any]) -> None:
    while True:
        pass


def sleep(job: Mapping[str, Any]) -> None:
    child = subprocess.Popen(["sleep", "600"])
    Path(job["note"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)


def write_much(job: Mapping[str, Any]) -> dict[str, Any]:
    with contextlib.suppress(OSError), Path("much").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024**2))
    return {"size": Path("much").stat().st_size}


def take_memory(job: Mapping[str, Any]) -> dict[str, Any]:
    return {"size": len(bytearray(64 * 1024**3))}


def crash(job: Mapping[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(job: Mapping[str, Any]) -> None:
    print("a line that nobody wants to see")
    raise KeyError("of our own")


def disagree(job: Mapping[str, Any]) -> None:
    raise ParityError("they differ")


def break_bundle(job: Mapping[str, Any]) -> None:
    raise BundleError("it is broken")


PROBES: dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]] = {
    function.__name__: function  # type: ignore[attr-defined]
    for function in (
        look_around,
        read_parent,
        connect,
        list_descriptors,
        spin,
        sleep,
        write_much,
        take_memory,
        crash,
        fail,
        disagree,
        break_bundle,
    )
}
