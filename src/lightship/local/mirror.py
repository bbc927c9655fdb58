"""Models of a registry, copied into this machine's bucket under the numbers and labels that they have."""

from __future__ import annotations

from typing import Any

from lightship.errors import SettingError
from lightship.registry.registry import Registry


def mirror(registry: Registry, s3: Any, target: str) -> int:
    """Copy every version and every model's state to ``s3://bucket/prefix``, which holds none; the number of versions.

    Not by publishing, which would number them anew. Raises RegistryError where the source cannot be read.
    """
    bucket, prefix = place(target)
    copied = 0
    for name in registry.models():
        state = registry.state(name)
        for version in state.versions:
            folder = registry.path(name, version)
            for file in sorted(path for path in folder.rglob("*") if path.is_file()):
                s3.upload_file(str(file), bucket, f"{prefix}{name}/{version}/{file.relative_to(folder).as_posix()}")
            copied += 1
        s3.put_object(Bucket=bucket, Key=f"{prefix}{name}/state.json", Body=state.to_bytes())
    return copied


def place(uri: str) -> tuple[str, str]:
    """Bucket and prefix (with its slash) of ``s3://bucket/prefix``; raises SettingError for anything else."""
    scheme, _, rest = uri.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise SettingError(f"the template's API keeps its models in {uri!r}, which is no bucket: see its parameters")
    return bucket, f"{prefix.strip('/')}/" if prefix.strip("/") else ""
