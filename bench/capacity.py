#!/usr/bin/env python3
"""What `pano serve` does below and above its capacity with whole inputs: MiniLM-L6's shape in w8a8, random weights.

    python3 bench/capacity.py [--tokens 32,64,128] [--seconds 8] [--binary build/release/bin/pano]...

For each length of texts: the capacity (requests a second, 32 in flight), the 99th percentile of the time to an answer
at 60 % of it, and at 150 % how many are answered, of the capacity, and how fast the others are refused. Server and
client share the machine, as everywhere here; what both take of the processor is printed, too, in CPU microseconds a
request. With several binaries (of builds before and after) each measures in turn, server and client of its own, and
ratios to the first are printed. With several rounds, the
median of each figure. Takes 5 * seconds a length, binary and round. Compare on an idle machine.
"""

import argparse
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
QUEUE = 32
TARGETS = {"p99_ms": 25.0, "goodput": 0.95}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_model(binary, folder):
    """MiniLM-L6's shape in w8a8, made once a folder."""
    model = os.path.join(folder, "minilm-w8a8")
    if os.path.exists(os.path.join(model, "config.json")):
        return model
    plain = os.path.join(folder, "minilm-f32")
    shutil.rmtree(plain, ignore_errors=True)
    subprocess.run([binary, "bench", "--shape", "minilm-l6", "--type", "f32", "--write", plain], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run([binary, "quantize", "--model", plain, "--to", "w8a8", "--out", model], check=True,
                   stdout=subprocess.DEVNULL)
    shutil.rmtree(plain)
    return model


def cpu_of(pid):
    """CPU seconds of a process: of its computing threads, and of the others."""
    tick = os.sysconf("SC_CLK_TCK")
    computing = other = 0.0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/stat") as f:
            name, rest = f.read().rsplit(")", 1)
        fields = rest.split()
        seconds = (int(fields[11]) + int(fields[12])) / tick
        if "pano-compute" in name or "pano-predictor" in name:
            computing += seconds
        else:
            other += seconds
    return computing, other


def measure(binary, model, tokens, seconds):
    port = free_port()
    server = subprocess.Popen([binary, "serve", "--model", f"embed={model}", "--port", str(port), "--max-queue", str(QUEUE)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5)
                break
            except OSError:
                time.sleep(0.05)
        before, mine = cpu_of(server.pid), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([binary, "load", "--url", f"http://127.0.0.1:{port}", "--api", "embeddings", "--model", "embed",
                               "--prompt-tokens", str(tokens), "--concurrency", str(QUEUE), "--seconds", str(seconds),
                               "--capacity-shares", "0.6,1.5", "--json"],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        after, own = cpu_of(server.pid), resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        server.terminate()
        server.wait()
    report = json.loads(done.stdout)
    below, above = report["shares"]
    requests = report["capacity"] * seconds * 2.1 + below["requests"] + above["requests"]
    answered = requests - above["refused"]
    if below["failed"] + above["failed"] > 0:
        raise SystemExit(f"{below['failed'] + above['failed']} requests failed")
    return {
        "capacity": report["capacity"],
        "p50_ms": below["answer_ms"]["p50"],
        "p99_ms": below["answer_ms"]["p99"],
        "goodput": above["goodput_share"],
        "refused": above["refused"],
        "refusal_p99_ms": above["refusal_ms"].get("p99", 0.0),
        "model_us": 1e6 * (after[0] - before[0]) / answered,
        "http_us": 1e6 * (after[1] - before[1]) / requests,
        "load_us": 1e6 * (own.ru_utime + own.ru_stime - mine.ru_utime - mine.ru_stime) / requests,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", default="32,64,128")
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--binary", action="append")
    parser.add_argument("--models", help="folder where the model is kept; default: one that goes afterwards")
    args = parser.parse_args()
    binaries = [os.path.abspath(b) for b in args.binary or [os.path.join(ROOT, "build/release/bin/pano")]]
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.models or scratch
        os.makedirs(folder, exist_ok=True)
        model = make_model(binaries[-1], folder)
        print(f"load before: {os.getloadavg()[0]:.2f}")
        print(f"{'tokens':>6} {'build':>5} {'capacity/s':>10} {'60%: p50':>9} {'p99 ms':>7} {'150%: goodput':>14} {'refusal p99':>12} "
              f"{'CPU us: model':>14} {'http':>6} {'load':>6}")
        missed = []
        for tokens in [int(t) for t in args.tokens.split(",")]:
            first = None
            rounds = [[measure(binary, model, tokens, args.seconds) for binary in binaries] for _ in range(args.rounds)]
            for number in range(len(binaries)):
                m = {key: statistics.median(r[number][key] for r in rounds) for key in rounds[0][number]}
                print(f"{tokens:>6} {number:>5} {m['capacity']:>10.1f} {m['p50_ms']:>9.1f} {m['p99_ms']:>7.1f} "
                      f"{100 * m['goodput']:>13.1f}% {m['refusal_p99_ms']:>12.1f} {m['model_us']:>14.0f} {m['http_us']:>6.0f} "
                      f"{m['load_us']:>6.0f}", flush=True)
                if first:
                    print("       ratio  " + ", ".join(f"{k} {m[k] / max(first[k], 1e-9):.2f}" for k in
                                                      ("capacity", "p99_ms", "goodput", "model_us", "http_us", "load_us")), flush=True)
                first = first or m
            if m["p99_ms"] > TARGETS["p99_ms"]:
                missed.append(f"{tokens} tokens: p99 {m['p99_ms']:.1f} ms")
            if m["goodput"] < TARGETS["goodput"]:
                missed.append(f"{tokens} tokens: goodput {100 * m['goodput']:.1f} %")
        print("targets (p99 <= 25 ms, goodput >= 95 %): " + ("met" if not missed else "missed: " + "; ".join(missed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
