"""Files of a bundle that devices may download."""

from __future__ import annotations

from lightship.bundle import ASSETS, BASELINE, DEVICE, EXACT, MODEL, Manifest
from lightship.bundle.device import DeviceModel
from lightship.errors import NotFound

# Assets for explanations and reports, which hold values of the training data.
_PRIVATE = frozenset({BASELINE, EXACT})


def is_served(file: str) -> bool:
    """Return whether devices may download a file of a bundle: a model, or an asset."""
    return file in {MODEL, DEVICE} or (file.startswith(f"{ASSETS}/") and file not in _PRIVATE)


def device_digest(manifest: Manifest, file: str, *, subject: str) -> str:
    """Return the SHA-256 of a file of a bundle that devices may download.

    ``subject`` names the version in the message. Raises NotFound for any other file.
    """
    digest = manifest.files.get(file) if is_served(file) else None
    if digest is None:
        raise NotFound(f"{subject} has no {file[:120]}{_reason(manifest, file)}")
    return digest


def _reason(manifest: Manifest, file: str) -> str:
    if file == MODEL:
        return ": it needs TensorFlow"
    if file != DEVICE:
        return " for devices"
    device = DeviceModel.from_json(manifest.device)
    return f": {device.reason[:300]}" if device.reason else f": devices run {device.file[:40]}"
