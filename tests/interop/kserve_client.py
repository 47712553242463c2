"""KServe's Python client against a server of ours, over HTTP and gRPC."""
import asyncio
import os

import numpy as np
from kserve import InferInput, InferRequest, InferenceGRPCClient, InferenceRESTClient, RESTConfig

HEADERS = {"authorization": "Bearer " + os.environ["PANO_KEY"]}
URL = "http://" + os.environ["PANO_URL"]
IDS = np.array([[3, 5, 7], [4, 6, 8]], dtype=np.int64)


def request(binary):
    ids = InferInput("input_ids", list(IDS.shape), "INT64")
    ids.set_data_from_numpy(IDS, binary_data=binary)
    return InferRequest(model_name="encoder", infer_inputs=[ids], request_id="k1")


def texts():
    text = InferInput("text", [1], "BYTES")
    text.set_data_from_numpy(np.array([b"Once upon a time"], dtype=np.object_))
    return InferRequest(model_name="m", infer_inputs=[text], parameters={"max_tokens": 4, "temperature": 0})


async def check_rest():
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    assert await client.is_server_live(URL) and await client.is_server_ready(URL)
    assert await client.is_model_ready(URL, "m", headers=HEADERS)
    answers = []
    for binary in (False, True):
        response = await client.infer(URL, request(binary), model_name="encoder", headers=dict(HEADERS))
        assert response.id == "k1" and response.model_name == "encoder", response
        answers.append(response.outputs[0].as_numpy())
    assert np.array_equal(*answers)
    assert (await client.infer(URL, texts(), model_name="m", headers=dict(HEADERS))).outputs[0].data[0]
    await client.close()


async def check_grpc():
    if not os.environ["PANO_RPC"]:
        return
    client = InferenceGRPCClient(url=os.environ["PANO_RPC"])
    metadata = list(HEADERS.items())
    assert await client.is_server_live() and await client.is_server_ready()
    assert await client.is_model_ready("m", headers=metadata)
    response = await client.infer(request(True), headers=metadata)
    assert response.id == "k1" and response.outputs[0].as_numpy().shape[0] == 2, response
    await client.close()


for name, check in list(globals().items()):
    if name.startswith("check_"):
        asyncio.run(check())
        print(f"  kserve: {name.removeprefix('check_')} ok")
