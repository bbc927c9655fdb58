"""BentoML, the compiled model inside: ``bentoml serve with_litert:Predictor``."""

import os

import bentoml
import numpy as np
from ai_edge_litert.interpreter import Interpreter


# An access log for every request, as is the default, would take a tenth of its time; neither does Lightship write one.
@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Predictor:
    """One interpreter. Its call takes microseconds, so an async method, which needs no thread, is the quicker one."""

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
        answer: list[list[float]] = self.interpreter.get_tensor(self.output).tolist()
        return answer
