"""A transform of one model: between a client's tensors and the model's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lightship.errors import InvalidInput, TransformError, TransformTimeout, Unavailable
from lightship.tensors import Array, Signature, TensorSpec
from lightship.transforms.checks import WrongReturn, checked, read_only, rows_of
from lightship.transforms.failures import sentence, summary
from lightship.transforms.limited import MOST_ABANDONED, Limited, Raised, TimedOut, TooManyAbandoned
from lightship.transforms.loading import Transform


class BoundTransform:
    """A transform with the signatures on both of its sides; thread-safe.

    Args:
        transform: the functions.
        client: the signatures that clients see.
        model: the signatures of the model itself, in any order. One whose inputs and outputs hold one row is called
            for each row, if clients send and get any number of rows.
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
        self._rows = {each.name: _of_rows(each) for each in model if _is_repeated(each, self.client.get(each.name))}
        self._limited = Limited(seconds)

    def preprocess(self, signature: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the model's inputs for a client's.

        Raises InvalidInput, TransformError or Unavailable.
        """
        client, model = self.client[signature].inputs, self._seen(signature).inputs
        return self._run("preprocess", self.transform.preprocess, (inputs,), client, model)

    def calls(self, signature: str, inputs: Mapping[str, Array]) -> list[Mapping[str, Array]]:
        """Return the inputs of each call of the model, for those of :meth:`preprocess`.

        There is one call, or one for each row where the model takes one row.
        """
        if signature not in self._rows:
            return [inputs]
        rows = len(next(iter(inputs.values())))
        return [{name: array[row : row + 1] for name, array in inputs.items()} for row in range(rows)]

    def postprocess(
        self, signature: str, outputs: Sequence[Mapping[str, Array]], inputs: Mapping[str, Array]
    ) -> dict[str, Array]:
        """Return a client's outputs for the model's and the client's inputs.

        ``outputs`` are those of each of :meth:`calls`. Raises InvalidInput, TransformError or Unavailable.
        """
        client, model = self.client[signature].outputs, self._seen(signature).outputs
        own = outputs[0] if len(outputs) == 1 else _joined(outputs)
        arguments = (own, inputs) if self.transform.takes_inputs else (own,)
        return self._run("postprocess", self.transform.postprocess, arguments, model, client)

    def _seen(self, signature: str) -> Signature:
        """Return the model's signature as the transform sees it."""
        return self._rows.get(signature) or self.model[signature]

    def _run(
        self,
        part: str,
        function: Callable[..., Any] | None,
        arguments: Sequence[Mapping[str, Array]],
        given: Sequence[TensorSpec],
        wanted: Sequence[TensorSpec],
    ) -> dict[str, Array]:
        try:
            arrays = arguments[0]
            returned = arrays if function is None else self._limited.call(function, *map(read_only, arguments))
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


def _is_repeated(model: Signature, client: Signature | None) -> bool:
    """Return whether a model of one row has clients that send any number of rows."""
    one = all(spec.shape[:1] == (1,) for spec in (*model.inputs, *model.outputs))
    return one and client is not None and all(spec.batched for spec in (*client.inputs, *client.outputs))


def _of_rows(signature: Signature) -> Signature:
    """Return a signature of one row with any number of rows."""
    sides = (signature.inputs, signature.outputs)
    inputs, outputs = (tuple(replace(spec, shape=(None, *spec.shape[1:])) for spec in side) for side in sides)
    return signature._replace(inputs=inputs, outputs=outputs)


def _joined(parts: Sequence[Mapping[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _refusal(error: InvalidInput) -> InvalidInput:
    """Return a user's error with texts that JSON can carry."""
    return InvalidInput(
        sentence(error.reason), input=sentence(error.input), row=error.row, column=sentence(error.column)
    )
