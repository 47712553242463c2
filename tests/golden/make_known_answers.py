#!/usr/bin/env python3
"""Writes the known answers that are committed: tests/golden/known/NAME.

    python3 make_known_answers.py OUT_DIR [--only NAME ...] [--check]

Packages as make_models.py. A case is a folder without weights: config.json as hub models write it
(and the files of a sentence model), tensors.json with a seed and, for each tensor that the original
implementation saves, its shape and the range that it is drawn from (drawn_tensors.py), and
expected.safetensors with the original's answers in float64 from those weights, rounded to float32.
A case is kept under the conditions of make_models.py. --check makes nothing but compares with what
OUT_DIR holds.
"""

import argparse
import copy
import json
import math
import pathlib
import sys
import tempfile
import zlib

import make_models
import torch
import transformers
from drawn_tensors import draw
from float64_answers import answers, build, load_float32, relative, to_float64
from known_answer_cases import CASES
from safetensors.numpy import load_file as load_numpy
from safetensors.torch import load_file, save_file

make_models.LENGTH = 36  # more than a block of the paged state, more than every window
ROOT3 = math.sqrt(3.0)


def ranges(case, tensors):
    """name -> [shape, centre, spread]: the rules of make_models.randomise, uniform."""
    out = {}
    for name, value in tensors.items():
        constant = float(value.flat[0]) if (value == value.flat[0]).all() else 0.0
        if value.ndim == 0:
            centre, spread = float(value), 0.0
        elif value.ndim == 1 or constant == 1.0:
            centre, spread = constant, 0.2 * ROOT3
        elif "embed" in name or name.endswith(("wte.weight", "wpe.weight", "shared.weight")):
            centre, spread = 0.0, case.get("embedding", 0.5) * ROOT3
        else:
            fan_in = value.shape[0] if case.get("transposed") else value[0].size
            if value.ndim == 3:
                fan_in = value.shape[-1]
            centre, spread = 0.0, case.get("gain", 1.3) * ROOT3 / math.sqrt(fan_in)
        for part, factor in case.get("factors", {}).items():
            if part in name:
                spread *= factor
        out[name] = [list(value.shape), centre, float(f"{spread:.4g}")]
    return out


def write_weights(folder, case, config, seed):
    """model.safetensors by the original's own names, and how it was drawn."""
    torch.manual_seed(seed)
    model = build(config, torch.float32)
    if case.get("untied_head"):
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    model.save_pretrained(folder)
    drawn = ranges(case, load_numpy(folder / "model.safetensors"))
    save_file({name: torch.from_numpy(draw(seed, name, *how)) for name, how in drawn.items()},
              folder / "model.safetensors", metadata={"format": "pt"})
    make_models.write_json(folder / "config.json", config, 2)
    return drawn


def draw_inputs(case, config, seed):
    """The inputs, and which of them are drawn as tensors are and need not be stored."""
    inputs = make_models.draw_inputs(case, config, torch.Generator().manual_seed(seed))
    drawn = {}
    if case["kind"] == "vision":
        inputs["pixel_values"] = torch.zeros(2, 3, config["image_size"], config["image_size"])
    if "pixel_values" in inputs:
        drawn["pixel_values"] = [list(inputs["pixel_values"].shape), 0.0, 1.7]
        inputs["pixel_values"] = torch.from_numpy(
            draw(seed, "pixel_values", *drawn["pixel_values"]))
    return inputs, drawn


def make_case(case, seed):
    """(files, stored tensors, how weights are drawn), or None when this seed does not serve."""
    case = copy.deepcopy(case)  # transformers adds to the objects that it is given
    config = {"architectures": [case["architecture"]], **case["config"],
              case.get("dtype_key", "torch_dtype"): "float32"}
    written = copy.deepcopy(config)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        weights = write_weights(work, case, config, seed)
        model32 = load_float32(work, config)
    inputs, drawn_inputs = draw_inputs(case, config, seed)
    expected = answers(case, to_float64(model32, config), inputs)
    actual = answers(case, model32, inputs)
    if max(relative(actual[k], v) for k, v in expected.items()) > make_models.MAX_F32_ERROR:
        return None
    make_models.option_effects(case, config, model32, inputs, expected)
    stored = {k: v for k, v in inputs.items() if k not in drawn_inputs}
    stored.update({k: v.to(torch.float32).contiguous() for k, v in expected.items()})
    how = {"made_by": f"transformers {transformers.__version__}, float64", "seed": seed,
           "inputs": drawn_inputs, "tensors": weights}
    return {"config.json": written, **case.get("files", {})}, stored, how


def write_tensors_json(path, how):
    """One tensor a line."""
    lines = [f'  {json.dumps(name)}: {json.dumps(what)}' for name, what in how["tensors"].items()]
    head = json.dumps({k: v for k, v in how.items() if k != "tensors"})[:-1]
    path.write_text(head + ',\n "tensors": {\n' + ",\n".join(lines) + "}}\n")


def make(out, name, check):
    for round_ in range(8):
        made = make_case(CASES[name], zlib.crc32(name.encode()) % 100000 + round_)
        if made is None:
            continue
        files, stored, how = made
        folder = out / name
        if check:
            old = load_file(folder / "expected.safetensors")
            worst = max(relative(old[k], v) for k, v in stored.items())
            same = json.loads((folder / "tensors.json").read_text())["tensors"] == how["tensors"]
            print(f"{name:22} differs by {worst:.1e}{'' if same else ', other tensors'}")
            return
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            (folder / path).parent.mkdir(exist_ok=True)
            make_models.write_json(folder / path, content, 1)
        save_file(stored, folder / "expected.safetensors")
        write_tensors_json(folder / "tensors.json", how)
        print(f"{name:22} seed {how['seed']}", flush=True)
        return
    raise RuntimeError("no seed serves")


def main():
    parser = argparse.ArgumentParser(description="Makes the committed known answers.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--only", nargs="+", choices=sorted(CASES), default=list(CASES))
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    failed = 0
    for name in args.only:
        try:
            make(args.out, name, args.check)
        except Exception as error:  # one broken case must not hide the others
            failed += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
