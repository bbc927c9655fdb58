"""Every call of tritonclient over HTTP.

Run by its own Python: ``python triton_client.py HOST:PORT [TOKEN]``.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import tritonclient.http as triton
import tritonclient.http.aio as triton_aio
from tritonclient.http.auth import BasicAuth
from tritonclient.utils import InferenceServerException

ROW = np.array([[1, 4]], np.float32)


def tensor(name: str, array: Any, datatype: str = "FP32", *, binary: bool = True) -> Any:
    entry = triton.InferInput(name, list(array.shape), datatype)
    return entry.set_data_from_numpy(array, binary_data=binary)


def refused(call: Callable[[], Any], *, status: str) -> None:
    try:
        call()
    except InferenceServerException as error:
        assert error.status() == status, error
        assert error.message(), error
        assert "an exception occurred in the client" not in error.message(), error
    else:
        raise AssertionError("the server should have refused")


def metadata(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("pair")
    assert client.is_model_ready("pair", "1")
    assert not client.is_model_ready("pair", "9")
    assert not client.is_model_ready("missing")
    assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
    assert [entry["name"] for entry in client.get_model_metadata("pair", "1")["inputs"]] == ["a", "b"]
    assert client.get_model_config("words")["input"] == [{"name": "word", "data_type": "TYPE_STRING", "dims": [-1]}]
    refused(lambda: client.get_model_metadata("missing"), status="404")


def repository(client: Any) -> None:
    def state() -> str:
        return next(entry["state"] for entry in client.get_model_repository_index() if entry["name"] == "roots")

    assert state() == "READY"
    client.unload_model("roots", unload_dependents=True)
    assert state() == "UNAVAILABLE"
    assert not client.is_model_ready("roots")
    refused(lambda: client.infer("roots", [tensor("x", ROW)]), status="503")
    client.load_model("roots")
    assert state() == "READY"
    refused(lambda: client.load_model("roots", config="{}"), status="400")
    refused(lambda: client.load_model("missing"), status="404")


def inference(client: Any) -> None:
    for binary in (True, False):
        result = client.infer("modes", [tensor("x", ROW, binary=binary)], request_id="7")
        assert result.as_numpy("y").tolist() == [[2, 8]]
        assert result.get_response()["id"] == "7"
        wanted = [triton.InferRequestedOutput("product", binary_data=binary)]
        pair = [tensor("a", ROW, binary=binary), tensor("b", ROW[:, :1], binary=not binary)]
        result = client.infer("pair", pair, model_version="1", outputs=wanted)
        assert result.as_numpy("product").tolist() == [[1, 4]]
        assert result.as_numpy("sum") is None
    assert client.infer("counts", [tensor("n", np.int32([[1, 2, 3]]), "INT32")]).as_numpy("n2").tolist() == [[2, 4, 6]]
    flags = tensor("f", np.array([[True, False]]), "BOOL")
    assert client.infer("flags", [flags]).as_numpy("not_f").tolist() == [[False, True]]
    for binary in (True, False):  # an absent "area" counts as one
        for garden in (np.array([True, False]), np.float32([1, 0])):
            datatype = "BOOL" if garden.dtype == bool else "FP32"
            found = client.infer("homes", [tensor("garden", garden, datatype, binary=binary)]).as_numpy("price")
            assert found.tolist() == [11, 1]
        two = tensor("garden", np.float32([1, 2]), binary=binary)
        refused(lambda two=two: client.infer("homes", [two]), status="400")
    assert client.get_model_metadata("homes")["inputs"][0]["datatype"] == "FP32"
    signature = {"signature_name": "halve"}
    assert client.infer("modes", [tensor("x", ROW)], parameters=signature).as_numpy("y").tolist() == [[0.5, 2]]
    sequence: dict[str, Any] = {"sequence_id": 3, "sequence_start": True, "priority": 1, "timeout": 1_000_000}
    assert client.infer("modes", [tensor("x", ROW)], **sequence).as_numpy("y").tolist() == [[2, 8]]
    later = client.async_infer("modes", [tensor("x", ROW)], request_compression_algorithm="gzip")
    assert later.get_result(timeout=60).as_numpy("y").tolist() == [[2, 8]]


def strings(client: Any) -> None:
    words = np.array(["ahoy", "é", ""], dtype=np.object_)
    for binary in (True, False):
        wanted = [triton.InferRequestedOutput("upper", binary_data=binary)]
        result = client.infer("words", [tensor("word", words, "BYTES", binary=binary)], outputs=wanted)
        got = [item if isinstance(item, str) else item.decode() for item in result.as_numpy("upper")]
        assert got == ["AHOY", "é", ""], got


def not_a_number(client: Any) -> None:
    for binary in (True, False):
        wanted = [triton.InferRequestedOutput("y", binary_data=binary)]
        result = client.infer("roots", [tensor("x", np.float32([[-1, 4]]))], outputs=wanted)
        np.testing.assert_array_equal(result.as_numpy("y"), [[np.nan, 2]])


def compression(client: Any) -> None:
    rows = np.zeros((1000, 2), np.float32)
    for algorithm in ("gzip", "deflate"):
        for binary in (True, False):
            wanted = [triton.InferRequestedOutput("y", binary_data=binary)]
            options = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
            result = client.infer("modes", [tensor("x", rows)], outputs=wanted, **options)
            np.testing.assert_array_equal(result.as_numpy("y"), rows)


def classification(client: Any) -> None:
    wanted = [triton.InferRequestedOutput("y", class_count=1)]
    result = client.infer("scorer", [tensor("x", np.float32([[0, 1], [3, 2]]))], outputs=wanted)
    assert result.as_numpy("y").tolist() == [[b"1.000000:1:high"], [b"3.000000:0:low"]]


def bodies(client: Any, url: str) -> None:
    """Send a request as bytes and parse the response's bytes."""
    import http.client

    body, length = triton.InferenceServerClient.generate_request_body([tensor("x", ROW)])
    connection = http.client.HTTPConnection(url)
    connection.request("POST", "/v2/models/modes/infer", body, {"Inference-Header-Content-Length": str(length)})
    answer = connection.getresponse()
    text, header = answer.read(), answer.getheader("Inference-Header-Content-Length")
    result = triton.InferenceServerClient.parse_response_body(text, header_length=int(header or 0))
    assert result.as_numpy("y").tolist() == [[2, 8]]
    connection.close()


def statistics(client: Any) -> None:
    (entry,) = client.get_inference_statistics("counts", "1")["model_stats"]
    assert entry["inference_count"] >= 1
    assert entry["inference_stats"]["success"]["count"] == entry["execution_count"]
    assert len(client.get_inference_statistics()["model_stats"]) > 1
    assert client.get_inference_statistics("counts")["model_stats"]


def refusals(client: Any) -> None:
    refused(lambda: client.infer("modes", [tensor("x", ROW.astype(np.float64), "FP64")]), status="400")
    refused(lambda: client.infer("modes", [tensor("x", ROW[:, :1])]), status="400")
    refused(lambda: client.infer("modes", [tensor("z", ROW)]), status="400")
    refused(lambda: client.infer("modes", [tensor("x", ROW)] * 2), status="400")
    refused(lambda: client.infer("modes", [tensor("x", ROW)], model_version="9"), status="404")
    region = triton.InferInput("x", [1, 2], "FP32").set_shared_memory("region", 8)
    refused(lambda: client.infer("modes", [region]), status="400")
    for call in (
        client.get_trace_settings,
        client.get_log_settings,
        client.get_system_shared_memory_status,
        client.get_cuda_shared_memory_status,
        client.unregister_system_shared_memory,
        client.unregister_cuda_shared_memory,
        lambda: client.update_trace_settings(settings={}),
        lambda: client.update_log_settings({}),
        lambda: client.register_system_shared_memory("region", "/key", 8),
        lambda: client.register_cuda_shared_memory("region", b"handle", 0, 8),
    ):
        refused(call, status="404")


class Bearer(triton.InferenceServerClientPlugin):
    """A plugin that adds the token to every request of a client."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: Any) -> None:
        request.headers["authorization"] = f"Bearer {self._token}"


def with_token(url: str, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    with triton.InferenceServerClient(url) as client:
        for binary in (True, False):
            # a copy for each call: the client writes the length of the call's JSON into it
            result = client.infer("modes", [tensor("x", ROW, binary=binary)], headers=dict(headers))
            assert result.as_numpy("y").tolist() == [[2, 8]]
        assert client.is_model_ready("modes", headers=headers)
        assert client.get_model_metadata("modes", headers=headers)["name"] == "modes"
        assert client.is_server_live()
        assert client.is_server_ready()
        assert not client.is_model_ready("modes")
        refused(lambda: client.infer("modes", [tensor("x", ROW)]), status="401")
        refused(lambda: client.get_model_metadata("modes", headers={"authorization": "Bearer wrong"}), status="401")
        refused(lambda: client.unload_model("modes"), status="401")
        client.register_plugin(Bearer(token))
        assert client.infer("modes", [tensor("x", ROW)]).as_numpy("y").tolist() == [[2, 8]]
        client.unregister_plugin()
        client.register_plugin(BasicAuth("user", token))
        refused(lambda: client.infer("modes", [tensor("x", ROW)]), status="401")


async def asynchronously(url: str) -> None:
    async with triton_aio.InferenceServerClient(url) as client:
        assert await client.is_server_live()
        assert await client.is_model_ready("modes")
        results = await asyncio.gather(*(client.infer("modes", [tensor("x", ROW * n)]) for n in range(8)))
        assert [result.as_numpy("y").tolist() for result in results] == [[[2 * n, 8 * n]] for n in range(8)]
        wanted = [triton_aio.InferRequestedOutput("y", binary_data=False)]
        rows = np.zeros((1000, 2), np.float32)
        for algorithm in ("gzip", "deflate"):
            options = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
            result = await client.infer("modes", [tensor("x", rows)], outputs=wanted, **options)
            np.testing.assert_array_equal(result.as_numpy("y"), rows)
        await metadata_asynchronously(client)


async def metadata_asynchronously(client: Any) -> None:
    """Read answers that this client accepts as gzip but does not decompress.

    The statistics exceed a kilobyte, the size from which answers are compressed.
    """
    index = await client.get_model_repository_index()
    assert {"pair", "modes"} <= {entry["name"] for entry in index}
    assert "statistics" in (await client.get_server_metadata())["extensions"]
    assert [entry["name"] for entry in (await client.get_model_metadata("pair"))["inputs"]] == ["a", "b"]
    assert (await client.get_model_config("pair"))["max_batch_size"] == 0
    statistics = (await client.get_inference_statistics())["model_stats"]
    assert "modes" in {entry["name"] for entry in statistics}
    assert len(str(statistics)) > 1024
    try:
        await client.infer("modes", [tensor("x" * 2000, ROW)])
    except InferenceServerException as error:
        assert error.status() == "400", error
    else:
        raise AssertionError("the server should have refused")


def main(url: str) -> None:
    with triton.InferenceServerClient(url, concurrency=4) as client:
        metadata(client)
        repository(client)
        inference(client)
        strings(client)
        not_a_number(client)
        compression(client)
        classification(client)
        bodies(client, url)
        statistics(client)
        refusals(client)
    asyncio.run(asynchronously(url))


if __name__ == "__main__":
    (with_token if sys.argv[2:] else main)(*sys.argv[1:])
