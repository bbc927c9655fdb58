"""BentoML service of the SavedModel: ``bentoml serve with_tensorflow:Predictor``."""

import os

import bentoml
import tensorflow as tf


# Without an access log and with an async method, as in with_litert.py.
@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Predictor:
    """Service with the function that Keras exports for serving."""

    def __init__(self) -> None:
        self.model = tf.saved_model.load(os.environ["MODEL"])

    @bentoml.api
    async def predict(self, input: list[float]) -> list[list[float]]:
        """Predict for one row."""
        output: list[list[float]] = self.model.serve(tf.constant([input], tf.float32)).numpy().tolist()
        return output
