"""Object keys below ``incoming/``: model files, model.yaml files and reports.

``incoming/churn.keras`` is a file for the model churn; ``incoming/churn.yaml`` is its model.yaml, to be uploaded first;
the outcome is written to ``incoming/churn.keras.report.json``.
"""

from __future__ import annotations

from lightship.errors import RegistryError, SourceRefused
from lightship.registry.registry import check_name

PREFIX = "incoming/"
SUFFIXES = (".keras", ".h5", ".hdf5", ".skops", ".ubj", ".json", ".txt", ".tflite", ".zip", ".tar.gz", ".tgz")
CONFIG = ".yaml"
REPORT = ".report.json"


def is_incoming_file(key: str) -> bool:
    """Return whether an object is to be compiled.

    model.yaml files, reports and the empty objects that consoles create for folders are not.
    """
    return key.startswith(PREFIX) and not key.endswith(("/", CONFIG, REPORT))


def split(key: str) -> tuple[str, str]:
    """Return the model's name and the suffix of a key.

    Raises SourceRefused for an object in a subfolder or with another suffix.
    """
    name = key.removeprefix(PREFIX)
    if "/" in name:
        raise SourceRefused(f"{name[:200]!r} is in a subfolder: put model files directly below {PREFIX}")
    for suffix in SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix), suffix
    raise SourceRefused(f"{name[:200]!r} is not a model file: its name must end with one of {', '.join(SUFFIXES)}")


def config_key(key: str) -> str:
    """Return the key of a model file's model.yaml."""
    return f"{PREFIX}{split(key)[0]}{CONFIG}"


def report_key(key: str) -> str:
    """Return the key of a model file's report."""
    return f"{key}{REPORT}"


def model_name(key: str, given: str | None) -> str:
    """Return the model's name, which is the file's; ``given`` is that of model.yaml.

    Raises SourceRefused if the name is invalid or model.yaml names another model.
    """
    name, suffix = split(key)
    try:
        check_name(name)
    except RegistryError as error:
        raise SourceRefused(f"{error.message}; rename the file") from None
    if given not in {None, name}:
        other = str(given)[:80]
        raise SourceRefused(
            f"{PREFIX}{name}{CONFIG} names the model '{other}', but the file's name is the model's name: remove "
            f"'name', or upload both files as {other}{suffix} and {other}{CONFIG}"
        )
    return name
