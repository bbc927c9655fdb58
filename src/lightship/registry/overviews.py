"""Overviews of versions, read from a registry without loading a model.

The functions import bundles, which need numpy: small functions that import this package call none of them.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from lightship.errors import BundleError, NotFound

if TYPE_CHECKING:
    from lightship.bundle import Manifest
    from lightship.calls import Figures
    from lightship.overview import Overview
    from lightship.registry.registry import Registry


def read_overview(registry: Registry, name: str, version: int) -> Overview:
    """Return the overview of a version; raises NotFound, BundleError or RegistryError."""
    from lightship.overview import Overview

    manifest, digest = registry.manifest(name, version)
    figures = read_figures(registry, name, version, manifest)
    return Overview.of(version, manifest, digest=digest, size=figures.size, metrics=figures.metrics)


def read_figures(registry: Registry, name: str, version: int, manifest: Manifest) -> Figures:
    """Return a version's size and its report's most important metrics.

    A report that cannot be read has no metrics. Raises RegistryError.
    """
    from lightship.bundle import REPORT
    from lightship.bundle.headline import main_metrics
    from lightship.calls import Figures

    sizes, metrics = registry.sizes(name, version), {}
    if REPORT in manifest.files:
        with suppress(BundleError, NotFound):
            metrics = main_metrics(registry.report(name, version))
    return Figures(sum(sizes.get(file, 0) for file in manifest.needed), metrics)
