"""A transform of one model: between a client's tensors and the model's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lightship.errors import InvalidInput, TransformError, TransformTimeout, Unavailable
from lightship.tensors import Array, Signature, TensorSpec
from lightship.transforms.checks import WrongReturn, checked, read_only, rows_of
from lightship.transforms.failures import sentence, summary
from lightship.transforms.limited import MOST_ABANDONED, Limited, Raised, TimedOut, TooManyAbandoned
from lightship.transforms.loading import Function, Transform


class BoundTransform:
    """A transform with the signatures on both of its sides; thread-safe.

    Args:
        transform: the functions.
        client: the signatures that clients see.
        model: the signatures of the model itself, in any order.
        seconds: the longest time for one call of a function.

    Attributes:
        transform: the functions.
        client: the signatures that clients see.
        model: the signatures of the model itself, of the same names.
    """

    def __init__(
        self, transform: Transform, *, client: Sequence[Signature], model: Sequence[Signature], seconds: float
    ) -> None:
        self.transform = transform
        self.client = {signature.name: signature for signature in client}
        self.model = {signature.name: signature for signature in model}
        self._limited = Limited(seconds)

    def preprocess(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the model's inputs for a client's.

        Raises InvalidInput, TransformError or Unavailable.
        """
        client, model = self.client[signature].inputs, self.model[signature].inputs
        return self._run("preprocess", self.transform.preprocess, inputs, client, model)

    def postprocess(self, signature: str, outputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return a client's outputs for the model's.

        Raises InvalidInput, TransformError or Unavailable.
        """
        client, model = self.client[signature].outputs, self.model[signature].outputs
        return self._run("postprocess", self.transform.postprocess, outputs, model, client)

    def _run(
        self,
        part: str,
        function: Function | None,
        arrays: Mapping[str, Array],
        given: Sequence[TensorSpec],
        wanted: Sequence[TensorSpec],
    ) -> dict[str, Array]:
        try:
            returned = arrays if function is None else self._limited.call(function, read_only(arrays))
            return checked(returned, wanted, rows_of(arrays, given))
        except Raised as raised:
            error = raised.error
            if isinstance(error, InvalidInput):
                raise _refusal(error) from error
            message = f"the transform '{self.transform.name}' raised {type(error).__name__} in {part}"
            raise TransformError(message, detail=summary(error)) from error
        except WrongReturn as wrong:
            raise TransformError(f"{self._failed(part)}: {wrong}") from None
        except TimedOut:
            message = f"{self._failed(part)}: it did not return within {self._limited.seconds:g} s"
            raise TransformTimeout(message) from None
        except TooManyAbandoned:
            message = f"{self._failed(part)}: {MOST_ABANDONED} earlier calls have not returned yet"
            raise Unavailable(message) from None

    def _failed(self, part: str) -> str:
        return f"the transform '{self.transform.name}' failed in {part}"


def _refusal(error: InvalidInput) -> InvalidInput:
    """Return a user's error with texts that JSON can carry."""
    return InvalidInput(
        sentence(error.reason), input=sentence(error.input), row=error.row, column=sentence(error.column)
    )
