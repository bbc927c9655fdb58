"""LitServe server with the SavedModel: ``python with_tensorflow.py PORT``."""

import os
import sys
from typing import Any

import litserve
import numpy as np


class Predictor(litserve.LitAPI):
    """API with the function that Keras exports; only the worker imports TensorFlow."""

    def setup(self, device: str) -> None:
        """Load the model."""
        import tensorflow as tf

        self.model = tf.saved_model.load(os.environ["MODEL"])

    def decode_request(self, request: dict[str, Any]) -> np.ndarray:
        """Return the row as a batch."""
        return np.array([request["input"]], dtype=np.float32)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Run the model."""
        return self.model.serve(x).numpy()

    def encode_response(self, output: np.ndarray) -> list[list[float]]:
        """Return nested lists."""
        return output.tolist()


if __name__ == "__main__":
    server = litserve.LitServer(Predictor(), accelerator="cpu", workers_per_device=1, fast_queue=True)
    # Without an access log, like Lightship.
    server.run(port=int(sys.argv[1]), host="127.0.0.1", log_level="warning", generate_client_file=False)
