"""KServe's InferenceRESTClient. Run by its own Python: ``python kserve_client.py URL``."""

from __future__ import annotations

import asyncio
import sys

import httpx
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig
from kserve.protocol.infer_type import RequestedOutput

ROW = np.array([[1, 4]], np.float32)


def row(array: object = ROW, datatype: str = "FP32", *, binary: bool) -> InferInput:
    entry = InferInput("x", list(np.shape(array)), datatype)
    entry.set_data_from_numpy(array, binary_data=binary)
    return entry


async def second_version(url: str) -> None:
    async with InferenceRESTClient(RESTConfig(protocol="v2")) as client:
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, "modes")
        assert not await client.is_model_ready(url, "nobody")
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
        for request, name, status in ((wrong, "modes", 400), (plain, "nobody", 404)):
            try:
                await client.infer(url, request, model_name=name)
            except httpx.HTTPStatusError as error:
                assert error.response.status_code == status
                assert "{" not in str(error), error
            else:
                raise AssertionError("the server should have refused")


async def first_version(url: str) -> None:
    async with InferenceRESTClient(RESTConfig(protocol="v1")) as client:
        answer = await client.infer(url, {"instances": [[1, 4], [2, 3]]}, model_name="modes")
        assert answer == {"predictions": [[2, 8], [4, 6]]}


if __name__ == "__main__":
    asyncio.run(second_version(sys.argv[1]))
    asyncio.run(first_version(sys.argv[1]))
