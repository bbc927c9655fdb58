"""An engine behind the preprocessing of its bundle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lightship.bundle import Bundle
from lightship.engines.base import Engine
from lightship.errors import BundleError
from lightship.preprocessing import Program, read_programs
from lightship.preprocessing.program import BoundProgram
from lightship.tensors import Array


class PreprocessedEngine:
    """Engine that runs a program on the inputs before another engine."""

    def __init__(self, engine: Engine, programs: Mapping[str, BoundProgram]) -> None:
        self.stateful = engine.stateful
        self._engine = engine
        self._programs = programs

    def run(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """See :class:`lightship.engines.base.Engine`; also raises InvalidInput."""
        program = self._programs.get(signature)
        return self._engine.run(signature, program.run(inputs) if program else inputs)

    def clone(self) -> PreprocessedEngine:
        """See :class:`lightship.engines.base.Engine`."""
        return PreprocessedEngine(self._engine.clone(), self._programs)


def with_programs(engine: Engine, programs: Mapping[str, Program]) -> Engine:
    """Return an engine with programs by signature; itself where there are none."""
    bound = {signature: program.bind() for signature, program in programs.items()}
    return PreprocessedEngine(engine, bound) if bound else engine


def with_bundle(engine: Engine, bundle: Bundle) -> Engine:
    """Return an engine with the programs of its bundle; raises BundleError."""
    with _checked():
        return with_programs(engine, read_programs(bundle.path, bundle.manifest.preprocessing))


def programs_of(bundle: Bundle) -> dict[str, Program]:
    """Return the programs of a bundle by signature; raises BundleError."""
    with _checked():
        return read_programs(bundle.path, bundle.manifest.preprocessing)


@contextmanager
def _checked() -> Iterator[None]:
    """Raise BundleError where programs have another form."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, MemoryError, RecursionError) as error:
        message = "the bundle's preprocessing is invalid or needs a later version of Lightship"
        raise BundleError(message, detail=repr(error)) from None
