"""KServe's InferenceRESTClient.

Run by its own Python: ``python kserve_client.py URL [TOKEN]``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.errors import UnsupportedProtocol
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput

ROW = np.array([[1, 4]], np.float32)


def row(array: object = ROW, datatype: str = "FP32", *, binary: bool) -> InferInput:
    entry = InferInput("x", list(np.shape(array)), datatype)
    entry.set_data_from_numpy(array, binary_data=binary)
    return entry


async def refused(call: Awaitable[Any], status: int, named: str = "") -> None:
    try:
        await call
    except httpx.HTTPStatusError as error:
        assert error.response.status_code == status
        assert "{" not in str(error), error
        assert named in str(error)
    else:
        raise AssertionError("the server should have refused")


async def open_inference(url: str) -> None:
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, "modes")
        assert not await client.is_model_ready(url, "missing")
        for binary in (True, False):
            request = InferRequest("modes", [row(binary=binary)], request_id="7")
            response = await client.infer(url, request, model_name="modes")
            assert response.id == "7"
            assert response.outputs[0].as_numpy().tolist() == [[2, 8]]
            asked = RequestedOutput("y", parameters={"binary_data": binary})
            request = InferRequest("modes", [row(binary=True)], request_outputs=[asked])
            response = await client.infer(url, request, model_name="modes")
            assert response.outputs[0].as_numpy().tolist() == [[2, 8]]
        plain = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 2], "data": [[1, 4]]}]}
        response = await client.infer(url, plain, model_name="modes")
        assert response.outputs[0].data == [2, 8]
        many = InferRequest("modes", [row(np.zeros((1000, 2), np.float32), binary=True)])  # the answer is compressed
        assert (await client.infer(url, many, model_name="modes")).outputs[0].as_numpy().shape == (1000, 2)
        wrong = InferRequest("modes", [row(ROW.astype(np.float64), "FP64", binary=True)])
        await refused(client.infer(url, wrong, model_name="modes"), 400)
        await refused(client.infer(url, plain, model_name="missing"), 404)


async def tensorflow_serving(url: str) -> None:
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        answer = await client.infer(url, {"instances": [[1, 4], [2, 3]]}, model_name="modes")
        assert answer == {"predictions": [[2, 8], [4, 6]]}
        assert await client.is_model_ready(url, "modes")
        await refused(client.is_model_ready(url, "missing"), 404, "'missing'")
        answer = await client.explain(url, "modes", {"instances": [[1, 4]]})
        assert answer["predictions"] == [[2, 8]]
        assert answer["explanations"][0]["prediction"] == 8
        httpx.post(f"{url}/v2/repository/models/counts/unload").raise_for_status()
        assert not await client.is_model_ready(url, "counts")
        httpx.post(f"{url}/v2/repository/models/counts/load").raise_for_status()
        assert await client.is_model_ready(url, "counts")
        assert await client.is_server_live(url)  # requests GET /
        try:
            await client.is_server_ready(url)
        except UnsupportedProtocol:
            return  # the client has no such request in V1
        raise AssertionError("the client now supports this request: test the answer")


async def with_token(url: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    rows = {"instances": [[1, 4]]}
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        assert await client.infer(url, rows, model_name="modes", headers=headers) == {"predictions": [[2, 8]]}
        assert await client.is_model_ready(url, "modes", headers=headers)
        await refused(client.infer(url, rows, model_name="modes"), 401, "token")
        await refused(client.is_model_ready(url, "modes"), 401, "token")
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        request = InferRequest("modes", [row(binary=True)])
        answer = await client.infer(url, request, model_name="modes", headers=dict(headers))
        assert answer.outputs[0].as_numpy().tolist() == [[2, 8]]
        assert await client.is_model_ready(url, "modes", headers=headers)
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert not await client.is_model_ready(url, "modes")
        await refused(client.infer(url, request, model_name="modes"), 401, "token")


async def without_token(url: str) -> None:
    await open_inference(url)
    await tensorflow_serving(url)


if __name__ == "__main__":
    asyncio.run(with_token(*sys.argv[1:]) if sys.argv[2:] else without_token(sys.argv[1]))
