#!/usr/bin/env python3
"""Holds the simulator's steps against those of the engine's forward pass on this machine.

  bench/simulator.py --pano build/release/bin/pano --infra build/release/bin/pano-infra \
      --calibrate qwen2.5-0.5b --test llama-3.2-1b --test llama-110m [--type q8_0] [--out DIR]

Measures the shapes with `pano bench`. From the first one alone it takes what the machine does: the rate of products by
rows, the rate of attention and that of reading keys and values. With these and the sizes of another shape it
writes a plan, replays batches of equal requests with `pano infra sim serve`, and prints how far each step is off. The numbers of
rows of a test include some that were not calibrated. All times are the best of --repetitions: a shared machine only ever adds. --only NAME measures one shape into --out and stops, so that long
runs can be cut. Standard library only."""
import argparse
import json
import math
import os
import subprocess
import tempfile

ROWS = [1, 2, 4, 8, 16, 32, 64, 128]          # at which rates are taken; above, the rate stays
# "deep": sequences that decode behind a prompt of so many tokens, which shows what attention takes.
CALIBRATE = {"decode": [1, 2, 4, 8, 16, 32], "prefill": [32, 64, 128, 256, 512], "deep": (16, 960)}
TEST = {"decode": [1, 3, 4, 6, 8, 12, 16], "prefill": [48, 128, 200, 512], "deep": (8, 448)}
PROMPT, TOKENS = 128, 32
BITS = {"f32": 32, "f16": 16, "bf16": 16, "q8_0": 8.5, "q4_0": 4.5, "q4_k": 4.5}


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
    }


def run_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def measure(pano, name, weight_type, rows, repetitions):
    """[what, rows, prompt, seconds]: prefills by their tokens, steps of decoding by their rows."""
    out = []

    def bench(prefill, batches, prompt):
        r = run_json([pano, "bench", "--shape", name, "--type", weight_type, "--prompt-tokens", str(prefill), "--gen-tokens", str(TOKENS), "--batch",
                      ",".join(map(str, batches)), "--batch-prompt", str(prompt), "--batch-gen", str(TOKENS), "--repetitions", str(repetitions), "--json"])
        out.append(["prefill", prefill, prefill, prefill / r["prefill"][0]["tok_s_max"]])
        for row in r["decode"] if batches != [1] else []:   # what is needed to ask for a prefill alone
            out.append(["decode", row["batch"], row["prompt_tokens"], row["batch"] / row["tok_s_max"]])

    batches = rows["decode"]
    for i, tokens in enumerate(rows["prefill"]):
        if tokens == max(rows["prefill"]):
            bench(tokens, [rows["deep"][0]], rows["deep"][1])
        else:
            bench(tokens, batches if i == 0 else [1], PROMPT)
    return out


def work_done(what, rows, prompt):
    """Rows, samples, pairs of a query and a position, and positions read, of one step."""
    if what == "prefill":
        return rows, 1, rows * (rows + 1) / 2, rows
    seen = prompt + (TOKENS + 1) / 2
    return rows, rows, rows * seen, rows * seen


def product_seconds(flops, rows, curve):
    if rows <= curve[0][0]:
        return flops * curve[0][0] / curve[0][1]
    for (low, low_rate), (high, high_rate) in zip(curve, curve[1:]):
        if rows <= high:
            a, b = low / low_rate, high / high_rate
            return flops * (a + (b - a) * (rows - low) / (high - low))
    return flops * rows / curve[-1][1]


def seconds(work, machine, rows, samples, pairs, kv_tokens):
    curve, bandwidth, attention = machine
    return (product_seconds(work["flops_per_token"], rows, curve) + product_seconds(work["flops_per_sample"], samples, curve) +
            pairs * work["flops_per_pair"] / attention + kv_tokens * work["kv_bytes_per_token"] / bandwidth)


def fit(work, measured):
    """Least squares of log errors by coordinate descent: a rate at each of ROWS, and the two of attention."""
    data = [(s, work_done(what, rows, prompt)) for what, rows, prompt, s in measured]

    def machine_of(logs):
        return [[r, math.exp(x)] for r, x in zip(ROWS, logs)], math.exp(logs[-2]), math.exp(logs[-1])

    def loss(logs):
        machine = machine_of(logs)
        return sum(math.log(seconds(work, machine, *args) / s) ** 2 for s, args in data)

    start = []
    for r in ROWS:   # as if all were products
        s, args = min(data, key=lambda one: abs(math.log(one[1][0] / r)))
        start.append(math.log((args[0] * work["flops_per_token"] + args[1] * work["flops_per_sample"]) / s))
    best = None
    for attention in (3e10, 1e11, 3e11):
        logs, stride = start + [math.log(2e10), math.log(attention)], 0.5
        value = loss(logs)
        while stride > 1e-5:
            improved = False
            for i in range(len(logs)):
                for step in (stride, -stride):
                    trial = list(logs)
                    trial[i] += step
                    if (v := loss(trial)) < value - 1e-14:
                        logs, value, improved = trial, v, True
            if not improved:
                stride /= 2
        if best is None or value < best[0]:
            best = value, logs
    return machine_of(best[1])


def simulate(infra, folder, work, machine, batch, prompt, output):
    curve, bandwidth, attention = machine
    plan = os.path.join(folder, "plan.yaml")
    trace = os.path.join(folder, "trace.csv")
    rows = ["%s: %.10g" % (k, work[k]) for k in work] + ["bytes_s: %.10g" % bandwidth, "attention_flops_s: %.10g" % attention]
    rows.append("flops_s_by_rows: [%s]" % ", ".join("[%g, %.10g]" % (r, f) for r, f in curve))
    with open(plan, "w") as f:
        f.write("max_sequences: %d\nstep_tokens: 1000000\nprefill_beside_decodes: 0\nroofline: {%s}\n" % (batch, ", ".join(rows)))
    with open(trace, "w") as f:
        f.write("TIMESTAMP,ContextTokens,GeneratedTokens\n" + "2026-01-01 00:00:00,%d,%d\n" % (prompt, output) * batch)
    return run_json([infra, "sim", "serve", "--trace", trace, "--plan", plan, "--json"])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pano", default="build/release/bin/pano")
    p.add_argument("--infra", default="build/release/bin/pano-infra")
    p.add_argument("--calibrate", default="qwen2.5-0.5b")
    p.add_argument("--test", action="append")
    p.add_argument("--type", default="q8_0", choices=sorted(BITS))
    p.add_argument("--kv-bytes", type=float, default=2, help="bytes of a cached value")
    p.add_argument("--repetitions", type=int, default=5)
    p.add_argument("--out", help="keep the measurements as JSON in this folder, and read those that are there")
    p.add_argument("--only", help="measure this shape into --out and stop")
    a = p.parse_args()
    tests = a.test or ["llama-3.2-1b", "llama-110m"]
    figures = {}
    for name in [a.calibrate] + tests:
        if a.only and a.only != name:
            continue
        kept = os.path.join(a.out, "%s-%s.json" % (os.path.basename(name), a.type)) if a.out else None
        if kept and os.path.exists(kept):
            figures[name] = json.load(open(kept))
            continue
        figures[name] = measure(a.pano, name, a.type, CALIBRATE if name == a.calibrate else TEST, a.repetitions)
        if kept:
            os.makedirs(a.out, exist_ok=True)
            json.dump(figures[name], open(kept, "w"))
    if a.only:
        return
    weight_bytes = BITS[a.type] / 8
    machine = fit(work_of(shape_of(a.calibrate), weight_bytes, a.kv_bytes), figures[a.calibrate])
    print("machine, from %s %s alone: GFLOP/s of products %s; attention %.4g GFLOP/s or %.4g GB/s" %
          (a.calibrate, a.type, ", ".join("%d rows %.4g" % (r, f / 1e9) for r, f in machine[0]), machine[2] / 1e9, machine[1] / 1e9))
    for name in [a.calibrate] + tests:
        work = work_of(shape_of(name), weight_bytes, a.kv_bytes)
        errors = []
        print("%-16s %-26s %12s %12s %8s" % (name, "", "measured ms", "simulated", "error"))
        with tempfile.TemporaryDirectory() as folder:
            for what, rows, prompt, measured in figures[name]:
                if what == "prefill":
                    found = simulate(a.infra, folder, work, machine, 1, rows, 1)["ttft_mean_s"]
                else:
                    found = simulate(a.infra, folder, work, machine, rows, prompt, TOKENS + 1)["itl_mean_s"]
                errors.append(abs(found / measured - 1))
                label = "prefill %d" % rows if what == "prefill" else "decode %d behind %d" % (rows, prompt)
                print("%-16s %-26s %12.3f %12.3f %7.1f%%" % ("", label, measured * 1e3, found * 1e3, 100 * (found / measured - 1)))
        print("%-16s mean error %.1f %%, largest %.1f %%" % (name, 100 * sum(errors) / len(errors), 100 * max(errors)))


if __name__ == "__main__":
    main()
