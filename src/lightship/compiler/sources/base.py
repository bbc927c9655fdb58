"""Interface of an importer, and of the original model that it loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from lightship.compiler.hints import Hint
from lightship.compiler.sources.additive import Additive
from lightship.preprocessing import Program
from lightship.tensors import Array, Signature

Batch = tuple[dict[str, Array], dict[str, Array]]  # inputs and outputs


class Reference(Protocol):
    """What recorded outputs come from: an original, or one with a user's transform."""

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See :meth:`Original.run`.

        Also raises :class:`lightship.compiler.verification.samples.TransformFailed`.
        """
        ...

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """See :meth:`Original.hints`."""
        ...


class Original(Protocol):
    """A model in its own framework: the reference for the compiled model.

    Attributes:
        source: the manifest's ``source``: format, SHA-256 and, where known, the framework's version.
        size: bytes of the model files.
        signatures: the model's functions, the default one first.
        subject: name of the call that :meth:`run` makes, such as "Keras model.predict".
        notes: warnings for the report, for example about a renamed tensor.
        preprocessing: by signature, programs from its inputs to those of :meth:`candidates`; empty where these are
            equal.
        additive: the sums that the default signature predicts from the outputs of its program; None for other models.
    """

    source: Mapping[str, str]
    size: int
    signatures: tuple[Signature, ...]
    subject: str
    notes: list[str]
    preprocessing: Mapping[str, Program]
    additive: Additive | None

    @property
    def random_operators(self) -> tuple[str, ...]:
        """Return the operators that draw random numbers on which outputs depend."""
        ...

    @property
    def stateful(self) -> bool:
        """Return whether a call changes variables or tables."""
        ...

    @property
    def reset(self) -> str:
        """Return the name of the signature that assigns the initial values.

        It is a signature of the SavedModels of :meth:`candidates`; empty where the model has no state to reset.
        """
        ...

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return outputs by name, computed from the model's initial state.

        Raises EngineError where the framework cannot run the input.
        """
        ...

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> Mapping[str, Callable[[], object]]:
        """Return functions that make the call in the original framework, by their names.

        The best known comes first.
        """
        ...

    def check_export(self, batches: Mapping[str, Sequence[Batch]]) -> tuple[Signature, ...]:
        """Compare the export with recorded batches; return its signatures.

        ``batches`` are inputs and outputs by signature. The returned signatures have fixed sizes where only such an
        export agrees; a note says so. Raises CompileError where no export agrees.
        """
        ...

    def hints(self, signature: Signature) -> Mapping[str, Hint]:
        """Return hints about the values of a signature's inputs, by input."""
        ...

    def candidates(self) -> Iterator[Path]:
        """Yield the models to convert to LiteRT, in the order of the attempts.

        Each is a SavedModel folder or a finished .tflite file.
        """
        ...

    def saved_model(self, folder: Path) -> bool:
        """Write a SavedModel for the TensorFlow engine into an empty folder.

        Returns False where the format has none.
        """
        ...


@runtime_checkable
class Compiled(Protocol):
    """An original that was compiled with a loss and metrics."""

    def compiled_metrics(self, inputs: Mapping[str, Array], targets: Array) -> Mapping[str, float]:
        """Return the framework's own loss and metrics by name.

        ``targets`` are classes or numbers of the first output. Empty where there are none.
        """
        ...


class Importer(Protocol):
    """One format of model files.

    ``name`` is the format's name in the manifest; ``accepts`` describes its files in an error message. ``work`` is a
    scratch folder of this compilation. ``check`` runs before any framework opens the file. ``matches`` also runs in the
    unconfined parent, so it parses nothing; the other methods run in the sandboxed child only.
    """

    name: str
    accepts: str

    def matches(self, path: Path) -> bool:
        """Return whether the name and first bytes of a path fit this format."""
        ...

    def owns(self, path: Path) -> bool:
        """Return whether a path that matches is of this format.

        Two formats are zip archives; their entries are read.
        """
        ...

    def check(self, path: Path, work: Path) -> tuple[str, ...]:
        """Return a phrase for each piece of code in the file; raises SourceRefused.

        The code is refused unless the user trusts it (:mod:`lightship.compiler.sources.trust`).
        """
        ...

    def load(self, path: Path, work: Path, *, trust: bool) -> Original:
        """Load a checked file.

        Raises SourceRefused where the framework cannot load it.
        """
        ...


ZIP = b"PK"
GZIP = b"\x1f\x8b"
HDF5 = b"\x89HDF\r\n\x1a\n"


def suffix(path: Path) -> str:
    """Return the suffix of a file's name in lower case, such as ``.keras``."""
    return path.suffix.lower()


def head(path: Path, count: int = 8) -> bytes:
    """Return the first bytes of a file; empty for a folder."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(count)
