"""Lower bound: a handler of orjson, numpy and LiteRT, without routes or checks."""

import os
from typing import Any

import numpy as np
import orjson
from ai_edge_litert.interpreter import Interpreter

interpreter = Interpreter(model_path=os.environ["MODEL"], num_threads=1)
interpreter.allocate_tensors()
INPUT = interpreter.get_input_details()[0]["index"]
OUTPUT = interpreter.get_output_details()[0]["index"]
HEADERS = {"content-type": "application/json"}


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Predict for one row."""
    row = orjson.loads(event["body"])["input"]
    interpreter.set_tensor(INPUT, np.array([row], dtype=np.float32))
    interpreter.invoke()
    body = orjson.dumps(interpreter.get_tensor(OUTPUT), option=orjson.OPT_SERIALIZE_NUMPY)
    return {"statusCode": 200, "headers": HEADERS, "body": body.decode()}
