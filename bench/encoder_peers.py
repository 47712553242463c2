#!/usr/bin/env python3
"""Our encoder beside ONNX Runtime and OpenVINO, cell by cell: numbers of texts by their lengths.

    cmake --preset release && ninja -C build/release pano
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install onnx onnxruntime openvino nncf
    /tmp/peers/bin/python bench/encoder_peers.py --shape minilm-l6 --types f32,int8=w8a8 --texts 1,8,32 --tokens 16,128,512

Random weights of a shape, or of a config.json; each engine in a process of its own, in turn in every round; texts a
second, medians of the rounds, and the ratio to the faster peer. int8 is ONNX Runtime's dynamic quantisation, OpenVINO's
is NNCF's, ours the type behind '='. A package that is not installed is skipped, with the reason.
"""

import argparse
import statistics
import sys

sys.dont_write_bytecode = True  # no cache beside the sources
import model_files
from peers import our_encoder, pairs, their_encoder

RUNTIMES = ("onnxruntime", "openvino")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    model_files.add_options(parser)
    parser.add_argument("--shape", default="minilm-l6")
    parser.add_argument("--types", default="f32,int8=w8a8", help="THEIRS or THEIRS=OURS, a list")
    parser.add_argument("--texts", default="1,8,32")
    parser.add_argument("--tokens", default="16,128,512")
    parser.add_argument("--seconds", type=float, default=1.0, help="that a peer encodes for")
    options = parser.parse_args()
    if not model_files.ready(options):
        return 0
    folder = model_files.folder(options, options.shape, "f32")
    print(f"{'type':>5} {'texts':>5} {'tokens':>6} {'pano':>9} {'onnxruntime':>12} {'openvino':>9}  ratio to the faster one")
    for theirs, ours in pairs(options.types):
        for texts in options.texts.split(","):
            for tokens in options.tokens.split(","):
                rates = {"pano": [], **{runtime: [] for runtime in RUNTIMES}}
                for _ in range(options.rounds):
                    rates["pano"].append(our_encoder(options, options.shape, ours, texts, tokens, 3)[0])
                    for runtime in RUNTIMES:
                        rate = their_encoder(options, folder, theirs, texts, tokens, "--runtime", runtime, "--seconds", options.seconds)
                        if isinstance(rate, str):
                            print(f"skipped {runtime}: {rate}", file=sys.stderr)
                        else:
                            rates[runtime].append(rate)
                medians = {name: statistics.median(values) if values else 0.0 for name, values in rates.items()}
                best = max(medians[runtime] for runtime in RUNTIMES)
                ratio = f"{medians['pano'] / best:.2f}" if best else "-"
                print(f"{theirs:>5} {texts:>5} {tokens:>6} {medians['pano']:9.1f} {medians['onnxruntime']:12.1f}"
                      f" {medians['openvino']:9.1f}  {ratio}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
