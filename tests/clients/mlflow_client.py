"""MLflow's scoring client against the default model "modes".

Run by its own Python: ``python mlflow_client.py HOST PORT``.
"""

from __future__ import annotations

import json
import sys

import numpy as np
import pandas as pd
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

EXPECTED = np.array([[2.0, 8.0], [4.0, 6.0]])


def main(host: str, port: str) -> None:
    client = ScoringServerClient(host, port)
    client.ping()
    client.wait_server_ready(timeout=5)
    assert client.get_version()[:1].isdigit()
    rows = [[1.0, 4.0], [2.0, 3.0]]
    frame = pd.DataFrame(rows, columns=["p", "q"])
    texts = [
        json.dumps({"dataframe_records": frame.to_dict(orient="records")}),
        json.dumps({"instances": rows}),
        json.dumps({"inputs": {"x": rows}}),
    ]
    for data in (frame, pd.DataFrame(rows), frame.astype("int64"), np.array(rows), rows, *texts):
        answer = client.invoke(data)
        assert np.array_equal(answer.get_predictions("ndarray"), EXPECTED), answer
        assert answer.get_predictions().shape == (2, 2)
    assert client.invoke(frame, params={"temperature": 0.5}) == {"predictions": EXPECTED.tolist()}
    missing = client.invoke(pd.DataFrame([[np.nan, 4.0], [np.inf, 3.0]])).get_predictions("ndarray", dtype="float32")
    assert np.array_equal(missing, np.array([[np.nan, 8.0], [np.inf, 6.0]], np.float32), equal_nan=True)
    try:
        client.invoke(pd.DataFrame([[1.0]]))
    except Exception as error:  # the client raises a bare Exception
        assert "error code 400" in str(error)
        assert "BAD_REQUEST" in str(error)
    else:
        raise AssertionError("the server should have refused")


if __name__ == "__main__":
    main(*sys.argv[1:])
