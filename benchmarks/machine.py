"""Description of the machine and the package versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lightship.version import __version__

_PACKAGES = (
    "ai-edge-litert",
    "awslambdaric",
    "boto3",
    "fastapi",
    "granian",
    "httptools",
    "keras",
    "lightgbm",
    "mangum",
    "moto",
    "numpy",
    "obstore",
    "orjson",
    "pyarrow",
    "scikit-learn",
    "tensorflow-cpu",
    "uvicorn",
    "uvloop",
    "xgboost-cpu",
)


def describe() -> dict[str, Any]:
    """Return processor, cores, system, load average before the run, and versions."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_average_before": load_average(),
        "versions": {
            "python": platform.python_version(),
            "lightship": __version__,
            **{package: _version(package) for package in _PACKAGES},
        },
    }


def load_average() -> float:
    """Return the load average of the last minute."""
    return round(os.getloadavg()[0], 2)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
