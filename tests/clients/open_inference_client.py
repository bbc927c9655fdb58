"""The client generated from the protocol's OpenAPI document.

Run by its own Python: ``python open_inference_client.py URL [TOKEN]``.
"""

from __future__ import annotations

import sys

import httpx
from open_inference.openapi.client import OpenInferenceClient
from open_inference.openapi.core.api_error import ApiError
from open_inference.openapi.errors import BadRequestError, NotFoundError
from open_inference.openapi.types import InferenceRequest, RequestInput, RequestOutput, TensorData


def main(url: str) -> None:
    client = OpenInferenceClient(base_url=url)
    client.check_server_liveness()
    client.check_server_readiness()
    client.check_model_readiness("modes")
    client.check_model_version_readiness("modes", "1")
    assert client.read_server_metadata().name == "lightship"
    for record in (client.read_model_metadata("modes"), client.read_model_version_metadata("modes", "1")):
        assert record.versions == ["1"]
        assert record.inputs is not None
        assert record.inputs[0].shape == [-1, 2]
    for data in ([1, 4], [[1, 4]]):
        row = RequestInput(name="x", shape=[1, 2], datatype="FP32", data=TensorData.parse_obj(data))
        request = InferenceRequest(id="7", inputs=[row], outputs=[RequestOutput(name="y")])
        for response in (
            client.model_infer("modes", request=request),
            client.model_version_infer("modes", "1", request=request),
        ):
            assert response.id == "7"
            assert response.outputs[0].data.dict()["__root__"] == [2, 8]
    wrong = RequestInput(name="z", shape=[1, 2], datatype="FP32", data=TensorData.parse_obj([1, 4]))
    for refused, error in (
        (lambda: client.check_model_readiness("missing"), NotFoundError),
        (lambda: client.model_infer("modes", request=InferenceRequest(inputs=[wrong])), BadRequestError),
    ):
        try:
            refused()
        except error:
            continue
        raise AssertionError("the server should have refused")


def with_token(url: str, token: str) -> None:
    with httpx.Client(headers={"authorization": f"Bearer {token}"}) as authorised:
        client = OpenInferenceClient(base_url=url, httpx_client=authorised)
        client.check_model_readiness("modes")
        row = RequestInput(name="x", shape=[1, 2], datatype="FP32", data=TensorData.parse_obj([1, 4]))
        response = client.model_infer("modes", request=InferenceRequest(inputs=[row]))
        assert response.outputs[0].data.dict()["__root__"] == [2, 8]
    anonymous = OpenInferenceClient(base_url=url)
    anonymous.check_server_liveness()
    anonymous.check_server_readiness()
    try:
        anonymous.read_model_metadata("modes")
    except ApiError as error:
        assert error.status_code == 401
        assert "token" in error.body["error"]
    else:
        raise AssertionError("the server should have refused")


if __name__ == "__main__":
    (with_token if sys.argv[2:] else main)(*sys.argv[1:])
