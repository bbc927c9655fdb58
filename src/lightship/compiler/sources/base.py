"""What an importer offers, and the original model it yields."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lightship.compiler.hints import Hint
from lightship.tensors import Array, Signature

Batch = tuple[dict[str, Array], dict[str, Array]]  # inputs and outputs


class Original(Protocol):
    """A model in the framework that made it: the truth that the compiled one is compared with.

    Attributes:
        source: the manifest's ``source``: format, SHA-256 and, where known, the framework's version.
        size: bytes of the model files.
        signatures: the model's functions, the default one first.
        subject: the call that :meth:`run` makes, in words.
        notes: sentences for the report's warnings, e.g. about a tensor that had to be renamed.
    """

    source: Mapping[str, str]
    size: int
    signatures: tuple[Signature, ...]
    subject: str
    notes: list[str]

    @property
    def random_operators(self) -> tuple[str, ...]:
        """Names of operators that draw random numbers which outputs depend on."""
        ...

    @property
    def stateful(self) -> bool:
        """Whether a call changes variables or tables."""
        ...

    @property
    def reset(self) -> str:
        """The signature of :meth:`candidates`' SavedModels that assigns the initial values; empty without one."""
        ...

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs by name, as the original framework computes them from the model's initial state.

        Raises EngineError where it takes no such input.
        """
        ...

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> Mapping[str, Callable[[], object]]:
        """Return the ways to make a call in the original framework, in words; the one that users know comes first."""
        ...

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Compare what is exported with recorded inputs and outputs by signature, and return the exports' signatures.

        They have fixed sizes where only such an export agrees; a note says so. Raises CompileError where none does.
        """
        ...

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return what is known about the values of a signature's inputs, by input."""
        ...

    def candidates(self) -> Iterator[Path]:
        """What LiteRT's converter may try, in this order: SavedModel folders, or a finished .tflite file."""
        ...

    def saved_model(self, folder: Path) -> bool:
        """Write what the TensorFlow engine can run into an empty folder; False where there is no such thing."""
        ...


class Importer(Protocol):
    """One format of model files.

    ``work`` is a scratch folder of this compile. ``check`` runs before any framework opens the file. ``matches`` runs
    in the unconfined parent too and parses nothing; all else runs in the sandboxed child only.
    """

    name: str
    accepts: str

    def matches(self, path: Path) -> bool:
        """Whether a file or folder may be of this format, by its name and its first bytes alone."""
        ...

    def owns(self, path: Path) -> bool:
        """Whether a file that matches is of this format: two formats are zip archives, and their entries tell."""
        ...

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """What in the file is code, one phrase each, for the user to trust or not. Raises SourceRefused."""
        ...

    def load(self, path: Path, work: Path, *, trust: bool) -> Original:
        """Open a checked file. Raises SourceRefused where the framework cannot."""
        ...


ZIP = b"PK"
GZIP = b"\x1f\x8b"
HDF5 = b"\x89HDF\r\n\x1a\n"


def head(path: Path, count: int = 8) -> bytes:
    """The first bytes of a file; empty for a folder."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(count)
