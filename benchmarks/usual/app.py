"""Usual way: FastAPI with ``model.predict`` in a route, wrapped in Mangum."""

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
    output: list[list[float]] = model.predict(rows).tolist()
    return output


handler = Mangum(app)
