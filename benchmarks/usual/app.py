"""The usual way: FastAPI, the Keras model loaded at import, ``model.predict`` in a route, Mangum around it."""

import os

import keras
import numpy as np
from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel

model = keras.models.load_model(os.environ["MODEL"])
app = FastAPI()


class Body(BaseModel):
    """One row of features."""

    input: list[float]


@app.post("/predict")
def predict(body: Body) -> list[list[float]]:
    """Predict for one row."""
    rows = np.array([body.input], dtype=np.float32)
    answer: list[list[float]] = model.predict(rows).tolist()
    return answer


handler = Mangum(app)
