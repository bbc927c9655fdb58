"""BentoML service of the compiled model: ``bentoml serve with_litert:Predictor``."""

import os

import bentoml
import numpy as np
from ai_edge_litert.interpreter import Interpreter


# The default access log would take a tenth of the time of a request. Lightship writes none, either.
@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Predictor:
    """Service with one interpreter.

    A call takes microseconds, so an async method, which needs no thread, is faster.
    """

    def __init__(self) -> None:
        self.interpreter = Interpreter(model_path=os.environ["MODEL"], num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    @bentoml.api
    async def predict(self, input: list[float]) -> list[list[float]]:
        """Predict for one row."""
        self.interpreter.set_tensor(self.input, np.array([input], dtype=np.float32))
        self.interpreter.invoke()
        output: list[list[float]] = self.interpreter.get_tensor(self.output).tolist()
        return output
