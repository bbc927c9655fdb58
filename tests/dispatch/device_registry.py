"""A registry with files for devices."""

from __future__ import annotations

from pathlib import Path

from lightship.bundle import Bundle, digests, write_manifest
from lightship.compiler.device.making import make
from lightship.registry.registry import Registry
from tests.bundles import Registries

ASSET = b"quick\nbrown\n"


def publish(registries: Registries, location: str) -> Bundle:
    """Publish ``pair`` with a file for devices, an asset, and a baseline; return it."""
    registry = Registry(location)
    with registry.staging() as folder:
        bundle = Registry(str(registries.small)).open("pair").copy(folder)
        (folder / "assets").mkdir()
        (folder / "assets" / "words.txt").write_bytes(ASSET)
        (folder / "assets" / "baseline.npz").write_bytes(b"values")
        device = make(bundle).to_json()
        manifest = bundle.manifest._replace(device=device, files=digests(folder))
        registry.publish("pair", write_manifest(folder, manifest))
    return registry.open("pair")


def publish_example(registries: Registries, folder: Path) -> Path:
    """Return a folder with a registry of :func:`publish`."""
    publish(registries, str(folder / "registry"))
    return folder / "registry"
