#!/usr/bin/env python3
"""Holds the simulator's steps against those of the engine's forward pass on this machine.

  bench/simulator.py --pano build/release/bin/pano --infra build/release/bin/pano-infra \
      --calibrate llama-110m --test qwen2.5-0.5b [--type f32] [--out DIR]

Measures both shapes with `pano bench`, fits the machine's figures (a fixed time, a time a row, rates of products,
of attention and of memory) to the first one alone, writes the second one's plan, replays batches of equal requests
with `pano infra sim serve`, and prints how far each step's time is off. Standard library only."""
import argparse
import itertools
import json
import math
import os
import subprocess
import tempfile

BATCHES = [1, 2, 4, 8, 16]
PROMPTS = [32, 128, 512]
DECODE_PROMPT, DECODE_TOKENS = 128, 32
BYTES = {"f32": 4, "f16": 2, "bf16": 2}


def shape_of(name):
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shapes", name + ".json")
    return json.load(open(path if os.path.exists(path) else name))


def work_of(c, weight_bytes, kv_bytes):
    """What a step of this shape computes, for the roofline's rows."""
    hidden, layers = c["hidden_size"], c["num_hidden_layers"]
    head = c.get("head_dim") or hidden // c["num_attention_heads"]
    q, kv = c["num_attention_heads"] * head, c["num_key_value_heads"] * head
    layer = hidden * (2 * q + 2 * kv) + 3 * hidden * c["intermediate_size"]
    head_weights = hidden * c["vocab_size"]
    return {
        "weight_bytes": (layers * layer + head_weights) * weight_bytes,
        "flops_per_token": 2 * layers * layer,
        "flops_per_sample": 2 * head_weights,
        "flops_per_pair": 4 * layers * q,
        "kv_bytes_per_token": 2 * layers * kv * kv_bytes,
        "layers": layers,
        "hidden": hidden,
    }


def measure(pano, name, weight_type, repetitions):
    """Seconds of a prefill by its tokens, and of a decoding step by its rows."""
    prefill, decode = {}, {}
    for tokens in PROMPTS:
        r = run_json([pano, "bench", "--shape", name, "--type", weight_type, "--prompt-tokens", str(tokens), "--gen-tokens", "8",
                      "--batch", ",".join(map(str, BATCHES)) if tokens == DECODE_PROMPT else "1", "--batch-prompt", str(DECODE_PROMPT),
                      "--batch-gen", str(DECODE_TOKENS), "--repetitions", str(repetitions), "--json"])
        prefill[tokens] = tokens / r["prefill"][0]["tok_s"]
        if tokens == DECODE_PROMPT:
            for row in r["decode"]:
                decode[(row["batch"], row["prompt_tokens"], row["gen_tokens"])] = row["batch"] / row["tok_s"]
    return prefill, decode


def run_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def seconds(work, machine, rows, samples, pairs, kv_tokens):
    step, token, flops, bandwidth, attention = machine
    products = rows * work["flops_per_token"] + samples * work["flops_per_sample"]
    return (step * work["layers"] + token * rows * work["layers"] * work["hidden"] +
            max(products / flops, work["weight_bytes"] / bandwidth) +
            max(pairs * work["flops_per_pair"] / attention, kv_tokens * work["kv_bytes_per_token"] / bandwidth))


def points(work, prefill, decode):
    for tokens, measured in prefill.items():
        yield ("prefill %d" % tokens, measured, (tokens, 1, tokens * (tokens + 1) / 2, tokens))
    for (batch, prompt, generated), measured in decode.items():
        seen = prompt + (generated + 1) / 2
        yield ("decode %d rows" % batch, measured, (batch, batch, batch * seen, batch * seen))


def fit(work, prefill, decode):
    """Least squares of log errors by coordinate descent from several starts: five figures, all above 0."""
    data = [(measured, args) for _, measured, args in points(work, prefill, decode)]

    def loss(logs):
        machine = [math.exp(x) for x in logs]
        return sum(math.log(seconds(work, machine, *args) / measured) ** 2 for measured, args in data)

    best = None
    for flops, bandwidth in itertools.product([3e10, 2e11, 1e12], [1e10, 5e10]):
        logs = [math.log(x) for x in (3e-6, 1e-10, flops, bandwidth, flops / 4)]
        stride, value = 1.0, loss(logs)
        while stride > 1e-4:
            improved = False
            for i in range(len(logs)):
                for sign in (1, -1):
                    trial = list(logs)
                    trial[i] += sign * stride
                    if (v := loss(trial)) < value - 1e-15:
                        logs, value, improved = trial, v, True
            if not improved:
                stride /= 2
        if best is None or value < best[0]:
            best = (value, [math.exp(x) for x in logs])
    return best[1]


def simulate(infra, folder, work, machine, batch, prompt, output):
    step, token, flops, bandwidth, attention = machine
    plan = os.path.join(folder, "plan.yaml")
    trace = os.path.join(folder, "trace.csv")
    rows = {k: work[k] for k in ("weight_bytes", "flops_per_token", "flops_per_sample", "flops_per_pair", "kv_bytes_per_token")}
    rows |= {"step_s": step * work["layers"], "token_s": token * work["layers"] * work["hidden"], "flops_s": flops, "bytes_s": bandwidth,
             "attention_flops_s": attention}
    with open(plan, "w") as f:
        f.write("max_sequences: %d\nstep_tokens: 1000000\nprefill_beside_decodes: 0\nroofline: {%s}\n" %
                (batch, ", ".join("%s: %.10g" % kv for kv in rows.items())))
    with open(trace, "w") as f:
        f.write("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "2026-01-01 00:00:00,%d,%d\n" % (prompt, output) * batch)
    return run_json([infra, "sim", "serve", "--trace", trace, "--plan", plan, "--json"])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pano", default="build/release/bin/pano")
    p.add_argument("--infra", default="build/release/bin/pano-infra")
    p.add_argument("--calibrate", default="llama-110m")
    p.add_argument("--test", default="qwen2.5-0.5b")
    p.add_argument("--type", default="f32", choices=sorted(BYTES))
    p.add_argument("--kv-bytes", type=float, default=2, help="bytes of a cached value")
    p.add_argument("--repetitions", type=int, default=3)
    p.add_argument("--out", help="keep the measurements as JSON in this folder, and read those that are there")
    a = p.parse_args()
    figures = {}
    for name in (a.calibrate, a.test):
        kept = os.path.join(a.out, "%s-%s.json" % (os.path.basename(name), a.type)) if a.out else None
        if kept and os.path.exists(kept):
            prefill, decode = json.load(open(kept))
            figures[name] = ({int(k): v for k, v in prefill.items()}, {tuple(k): v for k, v in decode})
            continue
        figures[name] = measure(a.pano, name, a.type, a.repetitions)
        if kept:
            os.makedirs(a.out, exist_ok=True)
            json.dump([figures[name][0], [[list(k), v] for k, v in figures[name][1].items()]], open(kept, "w"))
    machine = fit(work_of(shape_of(a.calibrate), BYTES[a.type], a.kv_bytes), *figures[a.calibrate])
    print("machine, fitted to %s alone: %.3g us a layer, %.3g ns a row and 1000 hidden, %.4g GFLOP/s, %.4g GB/s, attention %.4g GFLOP/s" %
          (a.calibrate, machine[0] * 1e6, machine[1] * 1e12, machine[2] / 1e9, machine[3] / 1e9, machine[4] / 1e9))
    for name in (a.calibrate, a.test):
        work = work_of(shape_of(name), BYTES[a.type], a.kv_bytes)
        errors = []
        print("%-16s %-16s %12s %12s %8s" % (name, "", "measured ms", "simulated", "error"))
        with tempfile.TemporaryDirectory() as folder:
            for what, measured, args in points(work, *figures[name]):
                if what.startswith("prefill"):
                    found = simulate(a.infra, folder, work, machine, 1, int(args[0]), 1)["ttft_mean_s"]
                else:
                    batch = int(args[0])
                    prompt, generated = next((k[1], k[2]) for k in figures[name][1] if k[0] == batch)
                    found = simulate(a.infra, folder, work, machine, batch, prompt, generated + 1)["itl_mean_s"]
                errors.append(abs(found / measured - 1))
                print("%-16s %-16s %12.3f %12.3f %7.1f%%" % ("", what, measured * 1e3, found * 1e3, 100 * (found / measured - 1)))
        print("%-16s mean error %.1f %%, largest %.1f %%" % (name, 100 * sum(errors) / len(errors), 100 * max(errors)))


if __name__ == "__main__":
    main()
