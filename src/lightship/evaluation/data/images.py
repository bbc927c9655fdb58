"""Folders of images by class: ``FOLDER/CLASS/*.png`` or ``.jpg``.

Everything else in the folder is a row that is rejected, so that nothing is left out without a word. Names that start
with a point are hidden, and ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from lightship.errors import InvalidInput, LightshipError, TooLarge
from lightship.formats.images import SUFFIXES
from lightship.inputs import kind_of
from lightship.inputs.datafiles.rows import Batch, Prepared, Reject, merged
from lightship.tensors import Array, Signature, TensorSpec

# The most bytes of an image file.
LARGEST = 32 * 1024 * 1024

_CLASS, _FILE = "class", "file"
_ENDINGS = ", ".join(SUFFIXES)
_ROWS = 128
_UNSIZED_ROWS = 8  # of a model of images of any size: each may have many megapixels
_THREADS = 4


class ImageFolder:
    """Folder of images; see :class:`lightship.evaluation.data.base.Data`."""

    columns: Collection[str] = (_CLASS, _FILE)
    target: str | None = _CLASS
    has_names: bool = True

    def __init__(self, path: Path, signature: Signature) -> None:
        self.name = path.resolve().name
        self._spec = _image_input(signature)
        self._path = path
        self._paths = [file for entry in _visible(path) for file in (_visible(entry) if entry.is_dir() else [entry])]
        if all(_misplaced(path, file) for file in self._paths):
            found = f", not '{self._paths[0].name[:80]}'" if self._paths else ""
            raise InvalidInput(f"no images by class: expected FOLDER/CLASS/IMAGE with the endings {_ENDINGS}{found}")

    def files(self) -> Iterator[Path]:
        """See :class:`lightship.evaluation.data.base.Data`."""
        yield from (file for file in self._paths if not _misplaced(self._path, file))

    def blocks(self, targets: Collection[str] = ()) -> Iterator[ImageBlock]:
        """See :class:`lightship.evaluation.data.base.Data`."""
        total, step = len(self._paths), _UNSIZED_ROWS if None in self._spec.row_shape else _ROWS
        for start in range(0, total, step):
            paths = self._paths[start : start + step]
            yield ImageBlock(self._path, paths, self._spec, first=start + 1, done=(start + len(paths)) / total)


class ImageBlock:
    """Images of a folder; see :class:`lightship.evaluation.data.base.Block`."""

    def __init__(self, folder: Path, paths: Sequence[Path], spec: TensorSpec, *, first: int, done: float) -> None:
        self.first = first
        self.rows = len(paths)
        self.done = done
        self._folder = folder
        self._paths = paths
        self._spec = spec

    def prepare(self) -> Prepared:
        """See :class:`lightship.evaluation.data.base.Block`."""
        with ThreadPoolExecutor(_THREADS) as pool:
            found = list(pool.map(self._pixels, self._paths))
        rejects = {at: Reject.of(entry) for at, entry in enumerate(found) if isinstance(entry, LightshipError)}
        batches = [
            Batch(np.array([at]), {self._spec.name: entry})
            for at, entry in enumerate(found)
            if not isinstance(entry, LightshipError)
        ]
        return Prepared(len(found), list(merged(batches)), rejects)

    def cells(self, column: str) -> Sequence[Any]:
        """See :class:`lightship.evaluation.data.base.Block`."""
        if column == _CLASS:
            return [path.parent.name for path in self._paths]
        return [self.file(position) if column == _FILE else None for position in range(self.rows)]

    def place(self, position: int) -> str:
        """See :class:`lightship.evaluation.data.base.Block`."""
        return self.file(position)

    def file(self, position: int) -> str:
        """Return the name of an image's file, with that of its class."""
        return self._paths[position].relative_to(self._folder).as_posix()

    def _pixels(self, path: Path) -> Array | LightshipError:
        """Return an image's array [1, …], or the error that rejects it."""
        if reason := _misplaced(self._folder, path):
            return InvalidInput(reason)
        try:
            if (size := path.stat().st_size) > LARGEST:
                return TooLarge(f"the image has {size} bytes: the maximum is {LARGEST}")
            return kind_of(self._spec).decode_body(path.read_bytes(), self._spec)
        except LightshipError as error:
            return error
        except OSError as error:
            return InvalidInput(f"cannot be read: {error.strerror}")


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def _misplaced(folder: Path, path: Path) -> str:
    """Return why something in the folder is not the image of a class; empty if it is."""
    if path.is_dir():
        return "a folder in the folder of a class: its files are not read"
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return f"not an image: its name must end with {_ENDINGS}"
    return "not in the folder of a class" if path.parent == folder else ""


def _image_input(signature: Signature) -> TensorSpec:
    """Return the only input; raises InvalidInput unless it is an image."""
    if len(signature.inputs) != 1 or "image/png" not in kind_of(signature.inputs[0]).media_types:
        raise InvalidInput(
            "the model takes no images: a folder of images requires a model whose only input is an image (inputs: "
            "{NAME: {kind: image}} in model.yaml)"
        )
    return signature.inputs[0]
