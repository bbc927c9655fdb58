"""Copy of a registry's models to the local bucket, with versions and labels."""

from __future__ import annotations

from typing import Any

from lightship.bundle import MANIFEST
from lightship.errors import SettingError
from lightship.registry.registry import Registry


def mirror(registry: Registry, s3: Any, target: str) -> int:
    """Copy a registry to ``s3://bucket/prefix``; return the number of versions.

    Models' states are copied too. The target must hold no models. Files are copied, because publishing would assign new
    version numbers. Raises BundleError or RegistryError if the source cannot be read.
    """
    bucket, prefix = split_uri(target)
    copied = 0
    for name in registry.models():
        state = registry.state(name)
        for version in state.versions:
            bundle = registry.bundle(name, version)
            for file in bundle.manifest.files:
                s3.upload_file(str(bundle.file(file)), bucket, f"{prefix}{name}/{version}/{file}")
            s3.upload_file(str(bundle.path / MANIFEST), bucket, f"{prefix}{name}/{version}/{MANIFEST}")
            copied += 1
        s3.put_object(Bucket=bucket, Key=f"{prefix}{name}/state.json", Body=state.to_bytes())
    return copied


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and prefix (with its slash) of ``s3://bucket/prefix``.

    Raises SettingError for anything else.
    """
    scheme, _, rest = uri.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise SettingError(
            f"the template's API has its models in {uri!r}, not in a bucket: see the template's parameters"
        )
    return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""
