"""Test the requests of SageMaker's clients: .npy bodies, custom attributes, paths."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lightship.errors import InvalidInput
from lightship.protocols.http import Response
from lightship.protocols.mlflow import npy
from lightship.tensors import TensorSpec
from tests.bundles import Registries
from tests.cli.test_serve import running
from tests.protocols.conftest import Ask, AskJson

ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
ROWS = np.array([[1.0, 4.0], [2.0, 0.5]])


def saved(array: Any, save: Callable[..., None] = np.save, **options: Any) -> bytes:
    stream = io.BytesIO()
    save(stream, array, **options)
    return stream.getvalue()


def loaded(response: Response) -> Any:
    assert (response.status, response.headers["content-type"]) == (200, "application/x-npy")
    return np.load(io.BytesIO(response.body), allow_pickle=False)


@pytest.fixture(params=["/models/{}/invoke", "/endpoints/{}/invocations"])
def path(request: pytest.FixtureRequest) -> Any:
    return request.param.format


@pytest.mark.parametrize("array", [ROWS, ROWS.astype(np.float32), np.asfortranarray(ROWS), ROWS.astype(">f4")])
def test_npy_body_and_response_are_supported(ask: Ask, path: Any, array: Any) -> None:
    headers = {"content-type": "application/x-npy", "accept": "application/x-npy"}
    answer = loaded(ask("POST", path("modes"), saved(array), **headers))
    assert answer.dtype == np.float32
    np.testing.assert_array_equal(answer, array * 2)


def test_npy_single_row_with_json_response_is_supported(ask_json: AskJson, path: Any) -> None:
    status, answer = ask_json("POST", path("modes"), saved(ROWS[0]), content_type="application/x-npy")
    assert (status, answer) == (200, {"predictions": [[2, 8]]})


def test_npy_integers_and_strings_are_supported(ask: Ask, path: Any) -> None:
    headers = {"content-type": "application/x-npy", "accept": "application/x-npy"}
    assert loaded(ask("POST", path("counts"), saved(np.array([[1, 2, 3]])), **headers)).tolist() == [[2, 4, 6]]
    for words in (np.array(["ahoy"]), np.array([b"ahoy"])):
        assert loaded(ask("POST", path("words"), saved(words), **headers)).tolist() == [b"AHOY"]


HUGE = (
    b"\x93NUMPY\x01\x00\x76\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }".ljust(117)
    + b"\n"
)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\x93NUMPY",
        b"[[1, 4]]",
        HUGE,
        saved(ROWS)[:-1],
        saved(ROWS) + b"x",
        saved(ROWS).replace(b"(2, 2)", b"(-2,-2"),
        saved(ROWS).replace(b"'<f8'", b"'|O8'"),
        saved(np.array([[None, 1]], object), allow_pickle=True),
        saved(np.array([["a", "b"]])),
        saved(np.array([[1e300, 1.0]])),
        saved(np.array([[True, False]])),
        saved(np.zeros((1, 3))),
        saved(np.zeros((0, 2))),
        saved(np.float64(1)),
    ],
    ids=range(15),
)
def test_npy_not_matching_input_is_400(ask_json: AskJson, path: Any, body: bytes) -> None:
    status, answer = ask_json("POST", path("modes"), body, content_type="application/x-npy")
    assert (status, answer["error_code"]) == (400, "BAD_REQUEST")


def test_npy_integers_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInput):
        npy.read(saved(np.array([2**40])), TensorSpec("n", "int32", (None,)))


def test_npy_of_several_inputs_or_outputs_is_refused(ask_json: AskJson, path: Any) -> None:
    assert ask_json("POST", path("pair"), saved(ROWS), content_type="application/x-npy")[0] == 415
    body = {"inputs": {"a": [[1, 4]], "b": [[2]]}}
    assert ask_json("POST", path("pair"), body, accept="application/x-npy")[0] == 400


def test_npy_response_with_selected_output_is_supported(ask: Ask, path: Any) -> None:
    body = {"inputs": {"a": [[1, 4]], "b": [[2]]}}
    headers = {"accept": "application/x-npy", ATTRIBUTES: "outputs=product"}
    assert loaded(ask("POST", path("pair"), body, **headers)).tolist() == [[2, 8]]


def test_attributes_select_signature_and_are_returned(ask: Ask, path: Any) -> None:
    text = "tenant=7, signature=halve"
    response = ask("POST", path("modes"), {"inputs": [[2, 4]]}, **{ATTRIBUTES: text})
    assert (response.status, response.headers[ATTRIBUTES]) == (200, text)
    assert json.loads(response.body) == {"predictions": [[1, 2]]}


@pytest.mark.parametrize(
    ("text", "status"), [("signature=nothing", 404), ("outputs=y;y", 400), ("outputs=z", 404), ("\xe9", 400)]
)
def test_invalid_attributes_are_refused(ask_json: AskJson, path: Any, text: str, status: int) -> None:
    assert ask_json("POST", path("modes"), {"inputs": [[2, 4]]}, **{ATTRIBUTES: text})[0] == status


def test_sagemaker_path_of_unknown_model_is_404(ask_json: AskJson, path: Any) -> None:
    status, answer = ask_json("POST", path("nothing"), {"inputs": [[2, 4]]})
    assert (status, answer["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")


def test_description_of_model_named_invoke_is_native(ask_json: AskJson) -> None:
    status, answer = ask_json("GET", "/models/invoke")
    assert (status, answer["error"]["code"]) == (404, "not_found")


def test_boto3_invokes_endpoint(registries: Registries) -> None:
    with running("serve", "--registry", str(registries.small)) as (_, url):
        client = boto3.client(
            "sagemaker-runtime",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(retries={"total_max_attempts": 1}),
        )
        answer = client.invoke_endpoint(
            EndpointName="modes",
            ContentType="application/x-npy",
            Accept="application/x-npy",
            CustomAttributes="signature=halve",
            Body=saved(ROWS),
        )
        np.testing.assert_array_equal(np.load(io.BytesIO(answer["Body"].read())), ROWS / 2)
        assert answer["CustomAttributes"] == "signature=halve"
        with pytest.raises(ClientError):
            client.invoke_endpoint(EndpointName="nothing", ContentType="application/json", Body=b"{}")
        client.close()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/models/halves/predict", {"input": "text"}),
        ("/models/halves/predict", {"input": [[1, 2, 3]]}),
        ("/v1/models/halves:predict", {"instances": "text"}),
        ("/v2/models/halves/infer", {"inputs": []}),
        ("/models/halves/invoke", {"inputs": "text"}),
    ],
)
def test_statistics_count_refused_request(ask_json: AskJson, path: str, body: Any) -> None:
    def failed() -> int:
        _, answer = ask_json("GET", "/v2/models/modes/stats")
        return sum(entry["inference_stats"]["fail"]["count"] for entry in answer["model_stats"])

    ask_json("POST", "/models/modes/predict", {"input": [[1, 2]]})
    before = failed()
    status, _ = ask_json("POST", path.replace("halves", "modes"), body)
    assert (status, failed()) == (400, before + 1)
