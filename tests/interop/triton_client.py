"""Triton's Python clients, over HTTP and gRPC, against a server of ours: tensors, texts, streams, models, errors."""
import os
import queue
import time

import numpy as np
import tritonclient.grpc as triton_grpc
import tritonclient.http as triton_http
from tritonclient.utils import InferenceServerException

# Triton's HTTP client writes into the headers that it is given: each call has its own.
KEY = {"authorization": "Bearer " + os.environ["PANO_KEY"]}
http = triton_http.InferenceServerClient(os.environ["PANO_URL"])
rpc = triton_grpc.InferenceServerClient(os.environ["PANO_RPC"]) if os.environ["PANO_RPC"] else None
CLIENTS = [(http, triton_http)] + ([(rpc, triton_grpc)] if rpc else [])
IDS = np.array([[3, 5, 7, 9], [4, 6, 8, 0]], dtype=np.int64)
MASK = np.array([[1, 1, 1, 1], [1, 1, 1, 0]], dtype=np.int64)


def tensor(module, name, array, kind):
    made = module.InferInput(name, array.shape, kind)
    made.set_data_from_numpy(array)
    return made


def raises(text, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except InferenceServerException as error:
        assert text in str(error), error
        return error
    raise AssertionError(f"no failure with {text!r}")


def check_server():
    for client, _ in CLIENTS:
        assert client.is_server_live() and client.is_server_ready()   # open to everybody
        metadata = client.get_server_metadata(headers=dict(KEY))
        extensions = metadata["extensions"] if client is http else metadata.extensions
        assert "binary_tensor_data" in extensions and "statistics" in extensions, extensions


def check_key():
    for client, _ in CLIENTS:
        raises("", client.get_server_metadata)
        raises("", client.get_model_metadata, "m", headers={"authorization": "Bearer wrong"})
    if rpc:
        assert "UNAUTHENTICATED" in raises("", rpc.get_server_metadata).status()


def check_models():
    for client, _ in CLIENTS:
        assert client.is_model_ready("m", headers=dict(KEY))
        assert not client.is_model_ready("nosuch", headers=dict(KEY))
        assert client.is_model_ready("m", "1", headers=dict(KEY))
    names = [t["name"] for t in http.get_model_metadata("encoder", headers=dict(KEY))["inputs"]]
    assert names[:2] == ["input_ids", "attention_mask"], names
    assert http.get_model_config("encoder", headers=dict(KEY))["max_batch_size"] > 0
    if rpc:
        assert [t.name for t in rpc.get_model_metadata("encoder", headers=dict(KEY)).inputs] == names
        assert rpc.get_model_config("encoder", headers=dict(KEY)).config.max_batch_size > 0
        raises("nosuch", rpc.get_model_metadata, "nosuch", headers=dict(KEY))


def check_same_numbers():
    """Every way to send and to take tensors gives the same bits."""
    found = []
    for client, module in CLIENTS:
        inputs = [tensor(module, "input_ids", IDS, "INT64"), tensor(module, "attention_mask", MASK, "INT64")]
        result = client.infer("encoder", inputs, request_id="r-7", headers=dict(KEY))
        response = result.get_response()
        assert (response["id"] if client is http else response.id) == "r-7"
        name = response["outputs"][0]["name"] if client is http else response.outputs[0].name
        found.append(result.as_numpy(name))
        wanted = [module.InferRequestedOutput(name)]
        found.append(client.infer("encoder", inputs, model_version="1", outputs=wanted, headers=dict(KEY)).as_numpy(name))
    plain = triton_http.InferInput("input_ids", IDS.shape, "INT64")
    plain.set_data_from_numpy(IDS, binary_data=False)
    mask = triton_http.InferInput("attention_mask", MASK.shape, "INT64")
    mask.set_data_from_numpy(MASK, binary_data=False)
    wanted = [triton_http.InferRequestedOutput(name, binary_data=False)]
    found.append(http.infer("encoder", [plain, mask], outputs=wanted, headers=dict(KEY)).as_numpy(name))
    for other in found[1:]:
        assert other.dtype == np.float32 and np.array_equal(found[0], other)


def check_texts():
    texts = np.array([b"Once upon a time", b"Lily saw"], dtype=np.object_)
    said = []
    for client, module in CLIENTS:
        result = client.infer("m", [tensor(module, "text", texts, "BYTES")], headers=dict(KEY),
                              parameters={"max_tokens": 8, "temperature": 0.0})
        said.append(result.as_numpy("text").tolist())
        assert len(said[-1]) == 2 and all(said[-1]), said
    assert all(one == said[0] for one in said)


def check_async():
    texts = np.array([b"Once"], dtype=np.object_)
    asked = http.async_infer("m", [tensor(triton_http, "text", texts, "BYTES")], headers=dict(KEY), parameters={"max_tokens": 4})
    assert asked.get_result().as_numpy("text").shape == (1,)
    if not rpc:
        return
    answers = queue.Queue()
    rpc.async_infer("m", [tensor(triton_grpc, "text", texts, "BYTES")], lambda result, error: answers.put((result, error)),
                    headers=dict(KEY), parameters={"max_tokens": 4})
    result, error = answers.get(timeout=30)
    assert error is None and result.as_numpy("text").shape == (1,), error


def check_stream():
    if not rpc:
        return
    text = np.array([b"Once upon a time"], dtype=np.object_)
    ask = {"max_tokens": 8, "temperature": 0.0}
    whole = rpc.infer("m", [tensor(triton_grpc, "text", text, "BYTES")], headers=dict(KEY), parameters=ask).as_numpy("text")[0]
    answers = queue.Queue()
    rpc.start_stream(lambda result, error: answers.put((result, error)), headers=dict(KEY))
    rpc.async_stream_infer("m", [tensor(triton_grpc, "text", text, "BYTES")], request_id="s1", parameters=ask,
                           enable_empty_final_response=True)
    pieces = []
    while True:
        result, error = answers.get(timeout=30)
        assert error is None, error
        response = result.get_response()
        assert response.id == "s1"
        if response.parameters["triton_final_response"].bool_param:
            break
        pieces.append(result.as_numpy("text")[0])
    assert len(pieces) > 1 and b"".join(pieces) == whole, (pieces, whole)
    # A failed request does not end the stream.
    rpc.async_stream_infer("nosuch", [tensor(triton_grpc, "text", text, "BYTES")])
    _, error = answers.get(timeout=30)
    assert "nosuch" in str(error), error
    rpc.async_stream_infer("encoder", [tensor(triton_grpc, "input_ids", IDS, "INT64")], request_id="s2")
    result, error = answers.get(timeout=30)
    assert error is None and result.get_response().id == "s2", error
    rpc.stop_stream()


def check_errors():
    for client, module in CLIENTS:
        ids = tensor(module, "input_ids", IDS, "INT64")
        raises("nosuch", client.infer, "nosuch", [ids], headers=dict(KEY))
        raises("9", client.infer, "encoder", [ids], model_version="9", headers=dict(KEY))
        raises("nonsense", client.infer, "encoder", [tensor(module, "nonsense", IDS, "INT64")], headers=dict(KEY))
        raises("FP32", client.infer, "encoder", [tensor(module, "input_ids", IDS.astype(np.float32), "FP32")], headers=dict(KEY))
        raises("logit", client.infer, "encoder", [ids], outputs=[module.InferRequestedOutput("logit")], headers=dict(KEY))
        raises("sequence_id", client.infer, "encoder", [ids], sequence_id=7, headers=dict(KEY))
    if rpc:
        assert "NOT_FOUND" in raises("", rpc.infer, "nosuch", [ids], headers=dict(KEY)).status()
        assert "INVALID_ARGUMENT" in raises("", rpc.infer, "encoder", [tensor(triton_grpc, "x", IDS, "INT64")], headers=dict(KEY)).status()


def check_deadline():
    if not rpc:
        return
    text = np.array([b"Once"] * 64, dtype=np.object_)
    error = raises("", rpc.infer, "m", [tensor(triton_grpc, "text", text, "BYTES")], headers=dict(KEY),
                   parameters={"max_tokens": 400, "ignore_eos": True}, client_timeout=0.05)
    assert "DEADLINE_EXCEEDED" in error.status(), error


def check_repository():
    for client, _ in CLIENTS:
        def index():
            models = client.get_model_repository_index(headers=dict(KEY))
            if client is http:
                return {m["name"]: m["state"] for m in models}
            return {m.name: m.state for m in models.models}
        assert index() == {"encoder": "READY", "m": "READY"}, index()
        client.unload_model("encoder", headers=dict(KEY))
        assert index()["encoder"] == "UNAVAILABLE", index()
        assert not client.is_model_ready("encoder", headers=dict(KEY))
        client.load_model("encoder", headers=dict(KEY))
        assert client.is_model_ready("encoder", headers=dict(KEY))
        raises("--model", client.unload_model, "m", headers=dict(KEY))
        raises("config", client.load_model, "encoder", config="{}", headers=dict(KEY))


def check_statistics():
    before = http.get_inference_statistics("m", headers=dict(KEY))["model_stats"][0]
    text = np.array([b"Once", b"Twice"], dtype=np.object_)
    http.infer("m", [tensor(triton_http, "text", text, "BYTES")], headers=dict(KEY), parameters={"max_tokens": 2})
    after = http.get_inference_statistics("m", headers=dict(KEY))["model_stats"][0]
    assert after["inference_count"] == before["inference_count"] + 2, (before, after)
    assert after["execution_count"] > before["execution_count"]
    if rpc:
        same = rpc.get_inference_statistics("m", headers=dict(KEY)).model_stats[0]
        assert same.inference_count == after["inference_count"], (same, after)


for attempt in range(100):   # the folder is looked at once a second
    if http.is_model_ready("encoder", headers=dict(KEY)):
        break
    time.sleep(0.1)
for name, check in list(globals().items()):
    if name.startswith("check_"):
        check()
        print(f"  tritonclient {'http and grpc' if rpc else 'http'}: {name.removeprefix('check_')} ok")
