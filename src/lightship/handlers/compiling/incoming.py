"""Names below ``incoming/``: what of it is a model file, and what lies beside one.

``incoming/churn.keras`` is a file for the model churn, ``incoming/churn.yaml`` its model.yaml, to be there first, and
``incoming/churn.keras.report.json`` is where the outcome is written.
"""

from __future__ import annotations

from lightship.errors import RegistryError, SourceRefused
from lightship.registry.registry import check_name

PREFIX = "incoming/"
SUFFIXES = (".keras", ".h5", ".hdf5", ".tflite", ".zip", ".tar.gz", ".tgz")
CONFIG = ".yaml"
REPORT = ".report.json"


def is_drop(key: str) -> bool:
    """Whether an object asks for something: model.yaml, reports and the consoles' folder marks do not."""
    return key.startswith(PREFIX) and not key.endswith(("/", CONFIG, REPORT))


def split(key: str) -> tuple[str, str]:
    """The file's name without prefix, and its suffix; raises SourceRefused where a model file cannot be there."""
    name = key.removeprefix(PREFIX)
    if "/" in name:
        raise SourceRefused(f"{name[:200]!r} is in a folder of its own: a model file belongs right below {PREFIX}")
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix), suffix
    raise SourceRefused(f"{name[:200]!r} is no model file: its name must end with one of {', '.join(SUFFIXES)}")


def config_key(key: str) -> str:
    """Where a model file's model.yaml is."""
    return f"{PREFIX}{split(key)[0]}{CONFIG}"


def report_key(key: str) -> str:
    """Where a model file's report is."""
    return f"{key}{REPORT}"


def model_name(key: str, given: str | None) -> str:
    """The model's name: the file's, which its model.yaml may repeat; raises SourceRefused for any other."""
    name, suffix = split(key)
    try:
        check_name(name)
    except RegistryError as error:
        raise SourceRefused(f"{error.message}; rename the file") from None
    if given not in {None, name}:
        other = str(given)[:80]
        raise SourceRefused(
            f"{PREFIX}{name}{CONFIG} names the model '{other}', and a dropped file's own name is its model's: leave "
            f"the name out, or drop both files as {other}{suffix} and {other}{CONFIG}"
        )
    return name
