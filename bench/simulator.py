#!/usr/bin/env python3
"""Holds the simulator's steps against those of the engine's forward pass on this machine.

  bench/simulator.py --pano build/release/bin/pano --infra build/release/bin/pano-infra \\
      --calibrate qwen2.5-0.5b --test llama-3.2-1b --test llama-110m [--type q8_0] [--out DIR]

What the machine does is taken from one shape alone, measured with `pano bench` whole and in variants: its first layers with a small
vocabulary (what fits a cache is read faster), layers of half the width (what a layer and a row take beside products), and as many key
heads as heads (what attention takes by bytes and by operations). From that come the rates of products by rows and by the bytes of the
weights, those of attention in prompts and in decoding, and the time of a layer, of a row's elements, of a sequence's key
head and of an entry of the vocabulary. With these and the sizes of another shape the script writes a plan, replays batches of equal requests with
`pano infra sim serve`, and prints how far each step is off: decoding, prompts, and steps that decode beside a piece of a
prompt. Nothing of a test is used before. All times are the best of --repetitions: a shared machine only ever adds. --only NAME measures
one shape into --out and stops, so that long runs can be cut; --again measures what is there once more and keeps the better time of each row, as
a shared machine's speed drifts by a tenth within minutes. Standard library only."""
import argparse
import bisect
import json
import math
import os
import subprocess
import tempfile

ROWS = [1, 2, 4, 8, 12, 16, 24, 32, 64, 128, 256]   # at which rates are taken; above, the rate stays
# What is measured of a variant: rows that decode behind 16 tokens, prompts, and [rows, prompt] of decoding.
SHORT = 16
VARIANTS = {
    "whole": ({}, [1, 2, 4, 8, 12, 16, 24, 32], [32, 64, 128, 256, 512], [(8, 960), (16, 448)]),
    "half of the layers": ({"num_hidden_layers": 0.5, "vocab_size": 0.25}, [1, 2, 4, 8, 12, 16, 24, 32], [64, 128, 256], []),
    "sixth of the layers": ({"num_hidden_layers": 1 / 6, "vocab_size": 1 / 16}, [1, 2, 4, 8, 12, 16, 24, 32], [32, 64, 128, 256, 512], [(8, 960)]),
    "few layers": ({"num_hidden_layers": 1 / 12, "vocab_size": 1 / 32}, [1, 2, 4, 8, 12, 16, 24, 32], [64, 128, 256], []),
    "half the width": ({"num_hidden_layers": 0.5, "vocab_size": 1 / 16, "hidden_size": 0.5, "intermediate_size": 0.5, "num_attention_heads": 0.5,
                        "num_key_value_heads": 0.5}, [1, 2, 4, 8, 16, 32], [64, 128, 512], []),
    "own keys": ({"num_hidden_layers": 1 / 6, "vocab_size": 1 / 16, "num_key_value_heads": None}, [1, 2, 8, 16], [128, 512], [(8, 448), (8, 960)]),
}
TEST = ([1, 3, 4, 6, 8, 12, 16], [48, 128, 200, 512], [(8, 448)])
PIECE, PROMPT, TOKENS = 24, 128, 32                 # of steps that mix: each decodes TOKENS behind PROMPT
MIXED = [2, 4, 8, 16]
BITS = {"f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5, "q4_0": 4.5, "q4_k": 4.5}


def shape_of(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shapes", name + ".json")
    return json.load(open(path if os.path.exists(path) else name))


def variant_of(c, changes):
    c = dict(c, head_dim=c.get("head_dim") or c["hidden_size"] // c["num_attention_heads"])
    for key, share in changes.items():
        c[key] = c["num_attention_heads"] if share is None else max(1, int(c[key] * share))
    return c


def work_of(c, weight_bytes, kv_bytes):
    """What a step of this shape computes, for the roofline's rows; and what the times beside products count."""
    hidden, layers = c["hidden_size"], c["num_hidden_layers"]
    head = c.get("head_dim") or hidden // c["num_attention_heads"]
    q, kv = c["num_attention_heads"] * head, c["num_key_value_heads"] * head
    layer = hidden * (2 * q + 2 * kv) + 3 * hidden * c["intermediate_size"]
    head_weights = hidden * c["vocab_size"]
    plan = {
        "weight_bytes": (layers * layer + head_weights) * weight_bytes,
        "flops_per_token": 2 * layers * layer,
        "flops_per_sample": 2 * head_weights,
        "flops_per_pair": 4 * layers * q,
        "kv_bytes_per_token": 2 * layers * kv * kv_bytes,
    }
    beside = {
        "layers": layers,
        "elements": layers * (4 * hidden + 2 * q + 2 * kv + 3 * c["intermediate_size"]),   # that a row's norms, turns, gates and roundings pass
        "key_heads": layers * c["num_key_value_heads"],
        "vocabulary": c["vocab_size"],
    }
    return plan, beside


def run_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def bench(pano, shape, weight_type, repetitions, prefill, batches, prompt, tokens, piece=0):
    """[what, rows, prompt, tokens, seconds]: a prefill by its tokens, steps of decoding by their rows."""
    r = run_json([pano, "bench", "--shape", shape, "--type", weight_type, "--prompt-tokens", str(prefill), "--gen-tokens", str(tokens), "--batch",
                  ",".join(map(str, batches)), "--batch-prompt", str(prompt), "--batch-gen", str(tokens), "--batch-piece", str(piece),
                  "--repetitions", str(repetitions), "--json"])
    out = [["prefill", prefill, prefill, 1, prefill / r["prefill"][0]["tok_s_max"]]]
    for row in r["decode"]:
        what = "mixed" if row["batch"] > 1 and piece else "decode"
        out.append([what, row["batch"], row["prompt_tokens"], tokens, row["batch"] / row["tok_s_max"]])
    return out


def measure_shape(pano, config, weight_type, repetitions, decode, prefill, deep, mixed=()):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.json")
        json.dump(config, open(path, "w"))
        prompt = PROMPT if mixed else SHORT
        out = bench(pano, path, weight_type, repetitions, prefill[0], decode, prompt, TOKENS if mixed else 8)
        for tokens in prefill[1:]:
            out.append(bench(pano, path, weight_type, repetitions, tokens, [1], prompt, 4)[0])
        for rows, prompt in deep:
            out.append(bench(pano, path, weight_type, repetitions, SHORT, [rows], prompt, 8)[1])
        if mixed:
            out += bench(pano, path, weight_type, repetitions, SHORT, mixed, PROMPT, TOKENS, PIECE)[1:]
    return out


def better(a, b):
    if isinstance(a, dict):
        return {key: better(a[key], b[key]) for key in b}
    return [x[:4] + [min(x[4], y[4])] for x, y in zip(a, b)]


def work_done(what, rows, prompt, tokens):
    """Rows, samples, sequences, pairs of prompts, pairs of decoding, and positions read, of one step."""
    if what == "prefill":
        return rows, 1, 1, rows * (rows + 1) / 2, 0, rows
    seen = prompt + (tokens + 1) / 2
    return rows, rows, rows, 0, rows * seen, rows * seen


def at_rows(curve, rows):
    """Seconds of a product of one FLOP a row, from a curve of seconds at ROWS."""
    if rows <= ROWS[0]:
        return curve[0]
    i = bisect.bisect_left(ROWS, rows)
    if i == len(ROWS):
        return curve[-1] * rows / ROWS[-1]
    return curve[i - 1] + (curve[i] - curve[i - 1]) * (rows - ROWS[i - 1]) / (ROWS[i] - ROWS[i - 1])


def curve_of(machine, weight_bytes):
    """Between the sizes that were measured: by the logarithm of the bytes. None beyond them."""
    curves = machine["curves"]
    if weight_bytes <= curves[0][0]:
        return curves[0][1]
    for (low, a), (high, b) in zip(curves, curves[1:]):
        if weight_bytes <= high:
            t = math.log(weight_bytes / low) / math.log(high / low)
            return [x + (y - x) * t for x, y in zip(a, b)]
    return curves[-1][1]


TIMES = ["layer_s", "element_s", "key_head_s", "entry_s"]
RATES = ["kv_bytes_s", "decode_attention", "prompt_attention"]


def seconds(work, machine, curve, rows, samples, sequences, prompt_pairs, decode_pairs, kv_tokens):
    plan, beside = work
    return (plan["flops_per_token"] * at_rows(curve, rows) + plan["flops_per_sample"] * at_rows(curve, samples) +
            beside["layers"] * machine["layer_s"] + rows * beside["elements"] * machine["element_s"] +
            sequences * beside["key_heads"] * machine["key_head_s"] + samples * beside["vocabulary"] * machine["entry_s"] +
            (prompt_pairs / machine["prompt_attention"] + decode_pairs / machine["decode_attention"]) * plan["flops_per_pair"] +
            kv_tokens * plan["kv_bytes_per_token"] / machine["kv_bytes_s"])


def fit(variants):
    """Least squares of log errors by coordinate descent, from {name: (work, measured)}. The variants that only differ in what
    they read have a curve each; the others lie between those."""
    own = [name for name, (work, _) in variants.items() if name not in ("half the width", "own keys")]
    own.sort(key=lambda name: variants[name][0][0]["weight_bytes"])
    data = [(name, work, work_done(*row[:4]), row[4]) for name, (work, measured) in variants.items() for row in measured]
    logs = []
    for name in own:
        work, measured = variants[name]
        for rows in ROWS:
            row = min(measured, key=lambda one: abs(math.log(one[1] / rows)) + (one[2] > SHORT and one[0] == "decode"))
            flops = row[1] * work[0]["flops_per_token"] + (row[1] if row[0] == "decode" else 1) * work[0]["flops_per_sample"]
            logs.append(math.log(0.8 * row[4] / flops * rows))
    logs += [math.log(x) for x in (2e-5, 1e-11, 1e-6, 5e-10, 1.1e10, 5e11, 1e11)]
    count = len(own) * len(ROWS)

    def machine_of(logs):
        machine = {"curves": [(variants[name][0][0]["weight_bytes"], [math.exp(x) for x in logs[i * len(ROWS):(i + 1) * len(ROWS)]])
                              for i, name in enumerate(own)]}
        machine.update(zip(TIMES + RATES, map(math.exp, logs[count:])))
        return machine

    def loss(logs):
        machine = machine_of(logs)
        curves = {name: curve_of(machine, work[0]["weight_bytes"]) for name, (work, _) in variants.items()}
        # A weak pull keeps what the data does not decide where it began; prompts above the last knot, and curves, bend little.
        pull = sum((x - y) ** 2 for x, y in zip(logs[count:], start)) * 1e-4
        return pull + sum(math.log(seconds(work, machine, curves[name], *args) / s) ** 2 for name, work, args, s in data)

    start = list(logs[count:])
    stride, value = 0.3, loss(logs)
    while stride > 1e-3:
        before = value
        for i in range(len(logs)):
            for step in (stride, -stride):
                trial = list(logs)
                trial[i] += step
                if (v := loss(trial)) < value:
                    logs, value = trial, v
        if value > before * (1 - 1e-3):
            stride /= 2
    return machine_of(logs)


def simulate(infra, folder, work, machine, what, rows, prompt, tokens):
    plan, beside = work
    curve = curve_of(machine, plan["weight_bytes"])
    line = dict(plan, bytes_s=machine["kv_bytes_s"], attention_flops_s=machine["prompt_attention"], decode_attention_flops_s=machine["decode_attention"],
                step_s=beside["layers"] * machine["layer_s"], token_s=beside["elements"] * machine["element_s"],
                sequence_s=beside["key_heads"] * machine["key_head_s"], sample_s=beside["vocabulary"] * machine["entry_s"])
    text = ", ".join("%s: %.10g" % one for one in line.items()) + ", flops_s_by_rows: [%s]" % ", ".join("[%g, %.10g]" % (r, r / s) for r, s in zip(ROWS, curve))
    requests = [(0, rows, 1)] if what == "prefill" else [(0, prompt, tokens + 1)] * rows
    guests = 0
    if what == "mixed":   # prompts that are computed in pieces while the others decode
        long = (prompt + tokens) // 32 * 32 // PIECE * PIECE
        guests = tokens * PIECE // long + 1
        requests += [(1e-6, long, 1)] * guests
    with open(os.path.join(folder, "plan.yaml"), "w") as f:
        f.write("max_sequences: %d\nstep_tokens: 1000000\nprefill_beside_decodes: %d\nroofline: {%s}\n" %
                (len(requests) - guests + bool(guests), PIECE if guests else 0, text))
    with open(os.path.join(folder, "trace.csv"), "w") as f:
        f.write("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "".join("2026-01-01 00:00:00.%06d,%d,%d\n" % (at * 1e6, p, g) for at, p, g in requests))
    found = run_json([infra, "sim", "serve", "--trace", os.path.join(folder, "trace.csv"), "--plan", os.path.join(folder, "plan.yaml"), "--json"])
    return found["ttft_mean_s" if what == "prefill" else "itl_mean_s"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pano", default="build/release/bin/pano")
    p.add_argument("--infra", default="build/release/bin/pano-infra")
    p.add_argument("--calibrate", default="qwen2.5-0.5b")
    p.add_argument("--test", action="append")
    p.add_argument("--type", default="q8_0", choices=sorted(BITS))
    p.add_argument("--kv-bytes", type=float, default=2, help="bytes of a cached value")
    p.add_argument("--repetitions", type=int, default=3)
    p.add_argument("--out", help="keep the measurements as JSON in this folder, and read those that are there")
    p.add_argument("--again", action="store_true", help="measure what --out has again, and keep the better times")
    p.add_argument("--only", help="measure this shape into --out and stop")
    a = p.parse_args()
    tests = a.test or ["llama-3.2-1b", "llama-110m"]
    figures = {}
    for name in [a.calibrate] + tests:
        if a.only and a.only != name:
            continue
        kept = os.path.join(a.out, "%s-%s.json" % (os.path.basename(name), a.type)) if a.out else None
        before = json.load(open(kept)) if kept and os.path.exists(kept) else None
        if before and not a.again:
            figures[name] = before
            continue
        shape = shape_of(name)
        if name == a.calibrate:
            figures[name] = {v: measure_shape(a.pano, variant_of(shape, changes), a.type, a.repetitions, *rows) for v, (changes, *rows) in VARIANTS.items()}
        else:
            figures[name] = measure_shape(a.pano, shape, a.type, a.repetitions, *TEST, MIXED)
        if before:
            figures[name] = better(before, figures[name])
        if kept:
            os.makedirs(a.out, exist_ok=True)
            json.dump(figures[name], open(kept, "w"))
    if a.only:
        return
    weight_bytes = BITS[a.type] / 8
    shape = shape_of(a.calibrate)
    variants = {v: (work_of(variant_of(shape, changes), weight_bytes, a.kv_bytes), figures[a.calibrate][v]) for v, (changes, *_) in VARIANTS.items()}
    machine = fit(variants)
    print("machine, from %s %s alone:" % (a.calibrate, a.type))
    for size, curve in machine["curves"]:
        print("  products over %4.0f MB, GFLOP/s: %s" % (size / 1e6, ", ".join("%d rows %.0f" % (r, r / s / 1e9) for r, s in zip(ROWS, curve))))
    print("  a layer %.1f us, a row's element %.3f ns, a sequence's key head %.2f us, an entry of the vocabulary %.2f ns" %
          (machine["layer_s"] * 1e6, machine["element_s"] * 1e9, machine["key_head_s"] * 1e6, machine["entry_s"] * 1e9))
    print("  attention: prompts %.0f GFLOP/s, decoding %.0f GFLOP/s and %.1f GB/s" %
          (machine["prompt_attention"] / 1e9, machine["decode_attention"] / 1e9, machine["kv_bytes_s"] / 1e9))
    for v, (work, measured) in variants.items():
        off = [abs(seconds(work, machine, curve_of(machine, work[0]["weight_bytes"]), *work_done(*row[:4])) / row[4] - 1) for row in measured]
        print("  calibrated %-20s mean error %.1f %%, largest %.1f %%" % (v, 100 * sum(off) / len(off), 100 * max(off)))
    for name in tests:
        work = work_of(shape_of(name), weight_bytes, a.kv_bytes)
        errors = {}
        print("%-16s %-30s %12s %12s %8s" % (name, "", "measured ms", "simulated", "error"))
        with tempfile.TemporaryDirectory() as folder:
            for what, rows, prompt, tokens, measured in figures[name]:
                found = simulate(a.infra, folder, work, machine, what, rows, prompt, tokens)
                errors.setdefault(what, []).append(abs(found / measured - 1))
                label = {"prefill": "prefill %d" % rows, "decode": "decode %d behind %d" % (rows, prompt), "mixed": "the same beside %d of a prompt" % PIECE}[what]
                if what == "mixed":
                    label = "decode %d beside %d of a prompt" % (rows, PIECE)
                print("%-16s %-30s %12.3f %12.3f %7.1f%%" % ("", label, measured * 1e3, found * 1e3, 100 * (found / measured - 1)))
        every = [e for some in errors.values() for e in some]
        print("%-16s mean error %.1f %% (%s), largest %.1f %%" % (
            name, 100 * sum(every) / len(every), ", ".join("%s %.1f" % (what, 100 * sum(some) / len(some)) for what, some in errors.items()), 100 * max(every)))


if __name__ == "__main__":
    main()
