#!/usr/bin/env python3
"""Mainline llama.cpp built for this machine: its own llama-bench and llama-batched-bench, one run each.

    python3 bench/llama_native_peer.py single BIN MODEL.gguf --threads 2 --prompt-tokens 512 --gen-tokens 128
    python3 bench/llama_native_peer.py batch  BIN MODEL.gguf --threads 2 --batch 4,8 --prompt-tokens 128 --gen-tokens 64

BIN is the `bin` folder of such a build (bench/README.md says how to make one). Both print JSON: tokens a second of
prefill and of decode, of one sequence (llama-bench warms up first) or of so many at once.
"""

import argparse
import json
import os
import subprocess
import sys


def lines_of(program, options, *arguments):
    command = [os.path.join(options.bin, program), "-m", options.model, "-t", str(options.threads), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        sys.exit(f"{program} ended with {done.returncode}: {said[-1] if said else 'no message'}")
    return done.stdout


def single(options):
    rows = json.loads(lines_of("llama-bench", options, "-p", options.prompt_tokens, "-n", options.gen_tokens,
                               "-r", 1, "-o", "json"))
    rate = {row["n_gen"] > 0: row["avg_ts"] for row in rows}
    return {"prefill": rate[False], "decode": rate[True]}


def batch(options):
    counts = [int(count) for count in options.batch.split(",")]
    context = max(counts) * (options.prompt_tokens + options.gen_tokens)
    text = lines_of("llama-batched-bench", options, "-c", context, "-npp", options.prompt_tokens,
                    "-ntg", options.gen_tokens, "-npl", options.batch, "--output-format", "jsonl")
    rows = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    if [row["pl"] for row in rows] != counts:
        sys.exit(f"llama-batched-bench measured {[row['pl'] for row in rows]} sequences instead of {counts}")
    return {str(row["pl"]): row["speed_tg"] for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=["single", "batch"])
    parser.add_argument("bin")
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--gen-tokens", type=int, default=128)
    parser.add_argument("--batch", default="4")
    options = parser.parse_args()
    try:
        print(json.dumps(single(options) if options.mode == "single" else batch(options)))
    except OSError as error:
        sys.exit(f"{error}: BIN is the bin folder of a build of llama.cpp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
