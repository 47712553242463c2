#!/usr/bin/env python3
"""Writes tiny random-weight models and the answers of their original implementations.

    python3 make_models.py OUT_DIR [--only NAME ...] [--verify GOLDEN_MODELS_DIR]

Needs Python 3.11 and torch (CPU), transformers, safetensors and numpy from PyPI; last run with
torch 2.15.0, transformers 5.23.0, safetensors 0.8.0, numpy 2.4.6. README.md has the recipe.

Each case of decoder_cases.py and encoder_cases.py becomes OUT_DIR/NAME with config.json,
model.safetensors, generation_config.json (decoders), expected.safetensors and expected.json. The
answers are computed in float64 from the stored weights (rotary tables, norms and softmax included),
with eager attention and no cache. A case is kept only when every option it is about changes its
answers by more than 1e-3 of the largest value, and when each greedy step is decided by more.

--verify runs the same computation on model folders made elsewhere and compares with the
expected.safetensors they hold.
"""

import argparse
import json
import pathlib
import shutil
import sys
import zlib

import decoder_cases
import encoder_cases

try:
    import numpy  # noqa: F401  (safetensors.torch wants it)
    import torch
    import transformers
    from safetensors.torch import load_file, save_file

    from float64_answers import (GREEDY_PROMPT, answers, build, cached_greedy, greedy,
                                 load_float32, relative, to_float64)
except ImportError as error:
    print(f"make_models.py: {error}. Install torch (CPU), transformers, safetensors and numpy; "
          "README.md beside this file has the commands.", file=sys.stderr)
    sys.exit(2)

CASES = {**decoder_cases.CASES, **encoder_cases.CASES}
LENGTH, ROWS = 48, 2
MIN_EFFECT = 1e-3
MAX_F32_ERROR = 1e-5
CASE_KEYS = ("pooling", "normalize")  # options of a case that are not lines of config.json


# Weights and models


def randomise(model, case, generator):
    """Draws every parameter: vectors near their initial constant, matrices by their fan-in."""
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        constant = bool((parameter.detach() == 1).all())
        if parameter.ndim == 0:
            continue
        if parameter.ndim == 1 or constant:
            value = parameter.data + 0.2 * noise
        elif "embed" in name or name.endswith(("wte.weight", "wpe.weight", "shared.weight")):
            value = case.get("embedding", 0.5) * noise
        else:
            fan_in = parameter.shape[0] if case.get("transposed") else parameter[0].numel()
            if parameter.ndim == 3:
                fan_in = parameter.shape[-1]
            value = noise * case.get("gain", 1.3) / fan_in**0.5
        for part, factor in case.get("factors", {}).items():
            if part in name:
                value = value * factor
        parameter.data.copy_(value)


def write_model(folder, case, config, seed):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(seed)  # for what the class itself draws
    generator = torch.Generator().manual_seed(seed)
    model = build(config, torch.float32)
    if case.get("untied_head"):
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())
    randomise(model, case, generator)
    model.to(getattr(torch, case["dtype"])).save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    write_json(folder / "config.json", config, 2)
    if case["kind"] == "decoder":
        write_json(folder / "generation_config.json",
                   {"bos_token_id": 1, "eos_token_id": 2, "do_sample": False}, 1)
    for path, content in case.get("files", {}).items():
        (folder / path).parent.mkdir(exist_ok=True)
        write_json(folder / path, content, 1)


def write_json(path, value, indent):
    path.write_text(json.dumps(value, indent=indent) + "\n")


def draw_inputs(case, config, generator):
    def ids(*shape, low=2):
        return torch.randint(low, config["vocab_size"], shape, generator=generator)

    if case["kind"] == "vision":
        return {"pixel_values": torch.randn(ROWS, 3, 32, 32, generator=generator)}
    if case["kind"] == "clip":
        return clip_inputs(case, config, generator)
    if case["kind"] == "seq2seq":
        mask = torch.ones(ROWS, 24, dtype=torch.int64)
        mask[1, 17:] = 0
        decoder_ids = ids(ROWS, 16)
        decoder_ids[:, 0] = 0
        return {"input_ids": ids(ROWS, 24) * mask, "attention_mask": mask,
                "decoder_input_ids": decoder_ids}
    if case["kind"] == "decoder":
        return {"input_ids": ids(1, LENGTH, low=0)}
    mask = torch.ones(ROWS, LENGTH, dtype=torch.int64)
    mask[1, case.get("padded_to", 35):] = 0
    inputs = {"input_ids": torch.where(mask == 1, ids(ROWS, LENGTH), config["pad_token_id"]),
              "attention_mask": mask}
    if config.get("type_vocab_size", 0) > 1:
        inputs["token_type_ids"] = (torch.arange(LENGTH) >= 20).long() * mask
    return inputs


def clip_inputs(case, config, generator):
    """Rows that hold id 2 early and end with the largest id, which also pads them."""
    last = config["text_config"]["vocab_size"] - 1
    input_ids = torch.randint(3, last, (3, 16), generator=generator)
    mask = torch.ones(3, 16, dtype=torch.int64)
    for row, end in enumerate((15, 11, 4)):
        input_ids[row, 2] = 2
        input_ids[row, end:] = last
        mask[row, end + 1:] = 0
    return {"input_ids": input_ids, "attention_mask": mask,
            "pixel_values": torch.randn(2, 3, 32, 32, generator=generator)}


def draw_decoder_rows(model, case, config, generator, tries=400):
    """Input rows whose greedy continuation is clear-cut and not a short loop, or None."""
    rows, attempts = [], 0
    while len(rows) < ROWS and attempts < tries:
        attempts += 1
        row = draw_inputs(case, config, generator)["input_ids"]
        found = greedy(model, row)
        if found and len(set(found[0][0].tolist())) >= 6:
            rows.append((row, *found))
    if len(rows) < ROWS:
        return None
    return [torch.cat([r[i] for r in rows]) for i in (0, 1)] + [min(r[2] for r in rows), attempts]


# Cases


def option_effects(case, config, model32, inputs, expected):
    effects = {}
    for label, change in case.get("changes", {}).items():
        other_case = {**case, **{k: v for k, v in change.items() if k in CASE_KEYS}}
        other_config = {**config, **{k: v for k, v in change.items() if k not in CASE_KEYS}}
        other_model = to_float64(
            model32, other_config,
            lambda model: randomise(model, case, torch.Generator().manual_seed(7)))
        result = answers(other_case, other_model, inputs)
        effects[label] = max(relative(result[name], expected[name]) for name in expected)
        if not effects[label] > MIN_EFFECT:
            raise RuntimeError(f"{label} changes the answers by {effects[label]:.2g} only")
    return effects


def make_case(folder, case, seed):
    """Writes one case; returns its expected.json, or None when this seed does not serve."""
    config = {"architectures": [case["architecture"]], **case["config"],
              case.get("dtype_key", "torch_dtype"): case["dtype"]}
    write_model(folder, case, config, seed)
    model32 = load_float32(folder, config)
    model64 = to_float64(model32, config)
    generator = torch.Generator().manual_seed(seed + 1)
    stored, facts = {}, {}
    if case["kind"] == "decoder":
        drawn = draw_decoder_rows(model64, case, config, generator)
        if drawn is None:
            return None
        inputs, stored["greedy"] = {"input_ids": drawn[0]}, drawn[1]
        facts = {"greedy_gap_min": drawn[2], "attempts": drawn[3],
                 "greedy_distinct": [len(set(row)) for row in drawn[1].tolist()]}
        cached = cached_greedy(model64, drawn[0][:, :GREEDY_PROMPT])
        facts["cached_greedy_agrees"] = bool((cached == drawn[1]).all())
        if not facts["cached_greedy_agrees"]:
            stored["greedy_cached"] = cached
    else:
        inputs = draw_inputs(case, config, generator)
    expected = answers(case, model64, inputs)
    actual = answers(case, model32, inputs)
    errors = {k: {"max_abs": float((actual[k].double() - v).abs().max()),
                  "max_rel": relative(actual[k], v)} for k, v in expected.items()}
    if max(e["max_rel"] for e in errors.values()) > MAX_F32_ERROR:
        return None  # a near tie in a router: float32 takes another expert
    stored.update(inputs)
    stored.update({k: v.to(torch.float32).contiguous() for k, v in expected.items()})
    save_file(stored, folder / "expected.safetensors")
    return {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0],
            "kind": "encoder" if case["kind"] == "vision" else case["kind"],
            "architecture": case["architecture"], "seed": seed, "f32_vs_f64": errors,
            "std": {k: float(v.std()) for k, v in expected.items()}, **facts,
            "option_effect": option_effects(case, config, model32, inputs, expected)}


def make(out, name):
    for round_ in range(8):
        report = make_case(out / name, CASES[name], zlib.crc32(name.encode()) % 100000 + round_)
        if report is not None:
            write_json(out / name / "expected.json", report, 1)
            worst = max(e["max_rel"] for e in report["f32_vs_f64"].values())
            std = ", ".join(f"{v:.2f}" for v in report["std"].values())
            least = min(report["option_effect"].values(), default=float("nan"))
            print(f"{name:22} f32 {worst:.1e}  std {std}  least effect {least:.3g}", flush=True)
            return
    raise RuntimeError("no seed serves")


def verify(folder):
    """Compares this computation with the answers in a folder made elsewhere."""
    config = json.loads((folder / "config.json").read_text())
    stored = load_file(folder / "expected.safetensors")
    inputs = {k: stored[k] for k in ("input_ids", "attention_mask", "token_type_ids",
                                     "pixel_values", "decoder_input_ids") if k in stored}
    kind = json.loads((folder / "expected.json").read_text())["kind"]
    names = [k for k in stored if k not in inputs and not k.startswith("greedy")]
    case = {"kind": kind, "outputs": names}
    if "sentence_embedding" in names:
        pool = json.loads((folder / "1_Pooling" / "config.json").read_text())
        case["pooling"] = "cls" if pool["pooling_mode_cls_token"] else "mean"
        case["normalize"] = "Normalize" in (folder / "modules.json").read_text()
    result = answers(case, to_float64(load_float32(folder, config), config), inputs)
    print(f"{folder.name:22} differs by {max(relative(result[k], stored[k]) for k in names):.1e}")


def main():
    parser = argparse.ArgumentParser(description="Makes golden model folders.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--only", nargs="+", choices=sorted(CASES), default=list(CASES))
    parser.add_argument("--verify", type=pathlib.Path, metavar="GOLDEN_MODELS_DIR")
    args = parser.parse_args()
    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    failed = []
    folders = sorted(args.verify.iterdir()) if args.verify else []
    for name in folders or args.only:
        try:
            verify(name) if args.verify else make(args.out, name)
        except Exception as error:  # one broken case must not hide the others
            failed.append(name)
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
            if not args.verify:
                shutil.rmtree(args.out / name, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
