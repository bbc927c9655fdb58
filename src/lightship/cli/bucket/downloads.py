"""Downloads of job results.

All parts are downloaded before the first byte of the result is written.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from lightship.errors import InvalidInput
from lightship.jobs.cloud import Cloud

_CONCURRENCY = 8


def in_parts(output: Path, *, parquet: bool) -> bool:
    """Return whether a result is written in parts: as Parquet, or into a folder.

    Raises InvalidInput where it cannot be written to ``output``.
    """
    folder = output.is_dir()
    if not folder and not output.parent.is_dir():
        raise InvalidInput(f"there is no folder {output.parent} to write {output.name} into")
    if folder and any(output.iterdir()):
        raise InvalidInput(f"the folder {output} is not empty: name a file in it, or an empty folder for the parts")
    if parquet and output.exists() and not folder:
        raise InvalidInput(f"a Parquet result has several parts: --output must be a folder, and {output} is a file")
    if not os.access(output if folder else output.parent, os.W_OK):
        raise InvalidInput(f"{output} cannot be written: permission denied")
    return parquet or folder


def check_file(target: Path) -> None:
    """Raise InvalidInput, before the job starts, where a file cannot be written."""
    folder = target.parent
    if not folder.is_dir():
        raise InvalidInput(f"there is no folder {folder} to write {target.name} into")
    if not os.access(target if target.exists() else folder, os.W_OK):
        raise InvalidInput(f"{target} cannot be written: permission denied")


def save(cloud: Cloud, receipt: Mapping[str, Any], output: Path) -> None:
    """Download a receipt's parts: a single file to ``output``, several into it.

    Raises InvalidInput.
    """
    keys = [str(part["key"]) for part in receipt["parts"]]
    folder = not receipt["options"]["single"]
    try:
        if folder:
            output.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".lightship-", dir=output if folder else output.parent) as staging:
            files = [Path(staging, key.rpartition("/")[2]) for key in keys]
            with ThreadPoolExecutor(_CONCURRENCY) as pool:
                list(pool.map(lambda key, file: cloud.s3.download_file(cloud.bucket, key, str(file)), keys, files))
            for file in files:
                file.replace(output / file.name if folder else output)
    except OSError as error:
        stays = f": the result stays at s3://{cloud.bucket}/{keys[0].rpartition('/')[0]}/" if keys else ""
        raise InvalidInput(f"{output} cannot be written ({error.strerror}){stays}") from None


def save_rejected(cloud: Cloud, receipt: Mapping[str, Any], target: Path) -> None:
    """Write a receipt's rejected rows to a JSON Lines file, in their order.

    The file is empty where no row was rejected, and not changed where a download fails. Raises InvalidInput.
    """
    try:
        with tempfile.TemporaryFile() as downloaded:
            for part in receipt["errors"]:
                shutil.copyfileobj(cloud.s3.get_object(Bucket=cloud.bucket, Key=str(part["key"]))["Body"], downloaded)
            downloaded.seek(0)
            with target.open("wb") as file:  # it may be a device, which cannot be replaced
                shutil.copyfileobj(downloaded, file)
    except OSError as error:
        raise InvalidInput(f"{target} cannot be written: {error.strerror}") from None
