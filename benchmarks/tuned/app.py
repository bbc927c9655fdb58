"""Tuned usual way: no progress bar in ``predict``, no lifespan in Mangum."""

import numpy as np
from fastapi import FastAPI
from mangum import Mangum
from usual.app import Body, model

app = FastAPI()


@app.post("/predict")
def predict(body: Body) -> list[list[float]]:
    """Predict for one row."""
    rows = np.array([body.input], dtype=np.float32)
    output: list[list[float]] = model.predict(rows, verbose=0).tolist()
    return output


handler = Mangum(app, lifespan="off")
