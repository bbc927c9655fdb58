"""LitServe server with the compiled model: ``python with_litert.py PORT``."""

import os
import sys
from typing import Any

import litserve
import numpy as np
from ai_edge_litert.interpreter import Interpreter


class Predictor(litserve.LitAPI):
    """API with one interpreter."""

    def setup(self, device: str) -> None:
        """Load the model."""
        self.interpreter = Interpreter(model_path=os.environ["MODEL"], num_threads=1)
        self.interpreter.allocate_tensors()
        self.input = self.interpreter.get_input_details()[0]["index"]
        self.output = self.interpreter.get_output_details()[0]["index"]

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        """Return the row as a batch."""
        return np.array([request["input"]], dtype=np.float32)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Run the model."""
        self.interpreter.set_tensor(self.input, x)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)

    def encode_response(self, output: np.ndarray) -> list[list[float]]:
        """Return nested lists."""
        return output.tolist()


if __name__ == "__main__":
    server = litserve.LitServer(Predictor(), accelerator="cpu", workers_per_device=1, fast_queue=True)
    # Without an access log, like Lightship.
    server.run(port=int(sys.argv[1]), host="127.0.0.1", log_level="warning", generate_client_file=False)
