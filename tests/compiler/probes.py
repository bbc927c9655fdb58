"""Actions of malicious model code for tests of the sandbox, by ``job["probe"]``."""

from __future__ import annotations

import contextlib
import errno
import json
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

from lightship.compiler.sandbox import probe
from lightship.compiler.sandbox.targets import Targets
from lightship.errors import BundleError, ParityError


def build(job: Mapping[str, Any], progress: Callable[[str, float], None]) -> dict[str, Any]:
    progress("probing", 0.5)
    return dict(PROBES[job["probe"]](job) or {})


def look_around(job: Mapping[str, Any]) -> dict[str, Any]:
    limits = {name: resource.getrlimit(getattr(resource, name))[0] for name in ("RLIMIT_CPU", "RLIMIT_CORE")}
    return {
        "environ": dict(os.environ),
        "cwd": str(Path.cwd()),
        "stdin": sys.stdin.read(),
        "session": os.getsid(0) == os.getpid(),
        "limits": limits,
        "modules": sorted(sys.modules),
    }


def escape(job: Mapping[str, Any]) -> dict[str, Any]:
    """Run all attempts of the sandbox's own probe here and in a child process."""
    code = f"import json; from tests.compiler.probes import escape_here as f; print(json.dumps(f({job['targets']!r})))"
    child = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    return {"here": escape_here(job["targets"]), "grandchild": json.loads(child.stdout)}


def escape_here(targets: Mapping[str, Any]) -> dict[str, str]:
    return probe.findings(Targets(**targets))


def open_sockets(job: Mapping[str, Any]) -> dict[str, Any]:
    """Try to open a socket of every address family that this machine defines."""
    return {
        family.name: attempt(lambda family=family: socket.socket(family).close()) for family in socket.AddressFamily
    }


def read(job: Mapping[str, Any]) -> dict[str, Any]:
    return {path: attempt(Path(path).read_bytes) for path in job["paths"]}


def write(job: Mapping[str, Any]) -> dict[str, Any]:
    return {path: attempt(lambda path=path: Path(path).write_bytes(b"written")) for path in job["paths"]}


def leave_group(job: Mapping[str, Any]) -> dict[str, Any]:
    """Try to leave the session and the process group, to outlive the parent."""
    return {"setsid": attempt(os.setsid), "setpgid": attempt(lambda: os.setpgid(0, 0))}


def attempt(action: Callable[[], Any]) -> str:
    try:
        action()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "possible"


def list_descriptors(job: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the descriptor of the listing itself
            found[link.name] = str(link.readlink())
    return found


def spin(job: Mapping[str, Any]) -> None:
    while True:
        pass


def sleep(job: Mapping[str, Any]) -> None:
    child = subprocess.Popen(["sleep", "600"])
    Path(job["note"]).write_text(f"{os.getpid()} {child.pid}")
    time.sleep(600)


def close_pipe(job: Mapping[str, Any]) -> None:
    """Close every descriptor, as at an exit, and keep running."""
    os.closerange(0, 256)
    time.sleep(600)


def write_much(job: Mapping[str, Any]) -> dict[str, Any]:
    with contextlib.suppress(OSError), Path("much").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(1024**2))
    return {"size": Path("much").stat().st_size}


def take_memory(job: Mapping[str, Any]) -> dict[str, Any]:
    """Allocate memory in small steps, with ``job["grandchild"]`` in a child process."""
    if job.get("grandchild"):
        code = "from tests.compiler.probes import take_memory as f; f({})"
        return {"code": subprocess.run([sys.executable, "-c", code], check=False).returncode}
    taken = []
    while True:
        taken.append(b"." * 16 * 1024**2)
        time.sleep(0.01)


def take_addresses(job: Mapping[str, Any]) -> dict[str, Any]:
    return {"size": len(bytearray(1024**4))}


def kill_itself(job: Mapping[str, Any]) -> None:
    """Send SIGKILL to this process, as the kernel does when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def send(job: Mapping[str, Any]) -> None:
    """Write ``job["text"]``, an invalid event, to the event pipe."""
    pipe = max(int(link.name) for link in Path("/proc/self/fd").iterdir() if link.is_fifo())
    for _ in range(job.get("times", 1)):
        os.write(pipe, job["text"].encode())
    time.sleep(600)


def flood_output(job: Mapping[str, Any]) -> dict[str, Any]:
    """Write 256 MiB each to standard output and standard error."""
    for _ in range(256):
        os.write(1, bytes(1024**2))
        os.write(2, b"x" * 1024**2)
    return {"home": sum(path.stat().st_size for path in Path.cwd().iterdir())}


def start_many(job: Mapping[str, Any]) -> None:
    for _ in range(200):
        subprocess.Popen(["sleep", "600"])
    time.sleep(600)


def crash(job: Mapping[str, Any]) -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hang_after_log(job: Mapping[str, Any]) -> None:
    print("E0000 00:00:1795807160.689 17588 a.cc:1] an error of another call", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGALRM)


def fail_after_log(job: Mapping[str, Any]) -> None:
    lines = [
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "I0000 00:00:1795807160.689013   17588 port.cc:153] oneDNN custom operations are on.",
        "/lib/joblib/parallel.py:50: UserWarning: joblib will operate in serial mode",
        "  warnings.warn(message)",
        "Check failed: the cause",
        "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.",
    ]
    print("\n".join(lines), file=sys.stderr, flush=True)
    os._exit(3)


def fail(job: Mapping[str, Any]) -> None:
    print("a line on standard output")
    raise KeyError("text of the model")


def fail_parity(job: Mapping[str, Any]) -> None:
    raise ParityError("they differ")


def break_bundle(job: Mapping[str, Any]) -> None:
    raise BundleError("it is broken")


PROBES: dict[str, Callable[[Mapping[str, Any]], dict[str, Any] | None]] = {
    function.__name__: function  # type: ignore[attr-defined]
    for function in (
        look_around,
        hang_after_log,
        fail_after_log,
        escape,
        open_sockets,
        read,
        write,
        leave_group,
        list_descriptors,
        spin,
        sleep,
        close_pipe,
        write_much,
        take_memory,
        take_addresses,
        kill_itself,
        send,
        flood_output,
        start_many,
        crash,
        fail,
        fail_parity,
        break_bundle,
    )
}
