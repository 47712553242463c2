#!/usr/bin/env python3
"""ONNX Runtime or OpenVINO on a BERT of ours: the graph is made of the folder's weights and timed in a process of its own.

    python3 bench/onnx_peer.py FOLDER --runtime onnxruntime|openvino --type f32|int8 --threads 2 --batch 8 --tokens 128

Prints JSON. int8 is ONNX Runtime's dynamic quantisation of matrices, or NNCF's for OpenVINO. Needs onnx, and onnxruntime,
or openvino and nncf.
"""

import argparse
import json
import os
import struct
import sys
import tempfile
import time


def read_weights(path):
    """name -> array of an f32 safetensors file."""
    import numpy

    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise ValueError(f"{name} has type {entry['dtype']}, f32 is needed")
        begin, end = entry["data_offsets"]
        flat = numpy.frombuffer(data[8 + length + begin : 8 + length + end], dtype=numpy.float32)
        weights[name] = flat.reshape(entry["shape"])
    return weights


class Graph:
    """Nodes and constants on their way into a model; every method gives the name of its result."""

    def __init__(self, weights):
        self.weights, self.nodes, self.constants, self.count = weights, [], {}, 0

    def node(self, kind, *inputs, **attributes):
        import onnx

        self.count += 1
        name = f"{kind.lower()}_{self.count}"
        self.nodes.append(onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, name, value):
        import numpy

        self.constants[name] = numpy.ascontiguousarray(value)
        return name

    def linear(self, x, name):
        weight = self.constant(name + ".weight", self.weights[name + ".weight"].T)
        return self.node("Add", self.node("MatMul", x, weight),
                         self.constant(name + ".bias", self.weights[name + ".bias"]))

    def norm(self, x, name):
        scale, bias = (self.constant(f"{name}.{part}", self.weights[f"{name}.{part}"]) for part in ("weight", "bias"))
        return self.node("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-12)

    def embedding(self, ids, name):
        return self.node("Gather", self.constant(name, self.weights[f"embeddings.{name}.weight"]), ids)


def build(config, weights, batch, tokens):
    """The model from ids [batch, tokens] to the mean of the last layer's rows."""
    import numpy
    import onnx

    heads = config["num_attention_heads"]
    width = config["hidden_size"] // heads
    graph = Graph(weights)
    integers = lambda name, values: graph.constant(name, numpy.array(values, dtype=numpy.int64))
    shape = integers("shape", [batch, tokens, heads, width])
    rows = integers("rows", [batch, tokens, heads * width])
    root = graph.constant("root", numpy.array(width**0.5, dtype=numpy.float32))

    x = graph.embedding("ids", "word_embeddings")
    x = graph.node("Add", x, graph.embedding(integers("places", [range(tokens)]), "position_embeddings"))
    x = graph.node("Add", x, graph.embedding(integers("types", [[0] * tokens]), "token_type_embeddings"))
    x = graph.norm(x, "embeddings.LayerNorm")
    for layer in range(config["num_hidden_layers"]):
        prefix = f"encoder.layer.{layer}."

        def part(name, order):
            y = graph.node("Reshape", graph.linear(x, f"{prefix}attention.self.{name}"), shape)
            return graph.node("Transpose", y, perm=order)

        q, k, v = part("query", [0, 2, 1, 3]), part("key", [0, 2, 3, 1]), part("value", [0, 2, 1, 3])
        scores = graph.node("Softmax", graph.node("Div", graph.node("MatMul", q, k), root), axis=-1)
        y = graph.node("Transpose", graph.node("MatMul", scores, v), perm=[0, 2, 1, 3])
        y = graph.linear(graph.node("Reshape", y, rows), f"{prefix}attention.output.dense")
        x = graph.norm(graph.node("Add", x, y), f"{prefix}attention.output.LayerNorm")
        y = graph.node("Gelu", graph.linear(x, f"{prefix}intermediate.dense"))
        y = graph.linear(y, f"{prefix}output.dense")
        x = graph.norm(graph.node("Add", x, y), f"{prefix}output.LayerNorm")
    last = graph.node("ReduceMean", x, integers("axis", [1]), keepdims=0)

    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in graph.constants.items()]
    ids = onnx.helper.make_tensor_value_info("ids", onnx.TensorProto.INT64, [batch, tokens])
    out = onnx.helper.make_tensor_value_info(last, onnx.TensorProto.FLOAT, [batch, heads * width])
    made = onnx.helper.make_graph(graph.nodes, "bert", [ids], [out], tensors)
    return onnx.helper.make_model(made, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=9)


def onnx_session(options, path, folder):
    """A function that encodes ids, by ONNX Runtime; int8 is its dynamic quantisation of matrices."""
    import onnxruntime
    if options.type == "int8":
        from onnxruntime import quantization

        small = os.path.join(folder, "int8.onnx")
        quantization.quantize_dynamic(path, small, op_types_to_quantize=["MatMul"], per_channel=True)
        path = small
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return lambda ids: session.run(None, {"ids": ids})


def openvino_session(options, path, ids):
    """The same by OpenVINO; int8 is NNCF's quantisation of a transformer, calibrated with random ids."""
    import openvino
    model = openvino.Core().read_model(path)
    if options.type == "int8":
        import logging

        import nncf

        logging.getLogger("nncf").setLevel(logging.ERROR)
        rows = nncf.Dataset([ids, (ids + 1) % ids.max()], lambda row: {"ids": row})
        model = nncf.quantize(model, rows, model_type=nncf.ModelType.TRANSFORMER, subset_size=2)
    settings = {"INFERENCE_NUM_THREADS": options.threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    if options.type == "f32":
        settings["INFERENCE_PRECISION_HINT"] = "f32"  # else it computes in bf16 where the machine can
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    return lambda ids: request.infer({"ids": ids})


def measure(options):
    try:
        import numpy
        import onnx

        __import__(options.runtime)
    except ImportError as error:
        sys.exit(f"{error}; pip install onnx onnxruntime openvino nncf")
    with open(os.path.join(options.folder, "config.json"), encoding="utf-8") as file:
        config = json.load(file)
    weights = read_weights(os.path.join(options.folder, "model.safetensors"))
    ids = numpy.random.default_rng(1).integers(0, config["vocab_size"], (options.batch, options.tokens))
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        onnx.save(build(config, weights, options.batch, options.tokens), path)
        run = onnx_session(options, path, folder) if options.runtime == "onnxruntime" else openvino_session(options, path, ids)
    run(ids)
    done, begin = 0, time.monotonic()
    while time.monotonic() - begin < options.seconds:
        run(ids)
        done += options.batch
    return {"seq_s": done / (time.monotonic() - begin)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--type", choices=["f32", "int8"], default="f32")
    parser.add_argument("--runtime", choices=["onnxruntime", "openvino"], default="onnxruntime")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=2.0)
    print(json.dumps(measure(parser.parse_args())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
