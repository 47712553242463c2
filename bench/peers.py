#!/usr/bin/env python3
"""Our engine beside others on the same models: prefill, decode, batched decode, encoders.

    cmake --preset release && ninja -C build/release pano
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install xllamacpp onnx onnxruntime
    /tmp/peers/bin/python bench/peers.py --shape qwen2.5-0.5b --types q8_0,q4_0

The peer of decoders is mainline llama.cpp: the package xllamacpp, which is built for AVX2, or with `--node-modules DIR`
npm's node-llama-cpp, which has a build for every instruction set, or with `--llama-bin DIR` a build of one's own for
this very machine (bench/README.md), the strongest of the three. That of encoders is ONNX Runtime. Each round runs every
engine once, one after the other (A B A B ...), each in a process of its own, so that a machine that slows down slows
all of them. Printed are medians over the rounds and the ratios of medians. `--types TYPE=OURS` lets us run a type of
our own on the same shape: `q4_0=q4g`. A package that is not installed is skipped, with the reason.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True  # no cache beside the sources
import model_files

HERE = os.path.dirname(os.path.abspath(__file__))


def run_peer(script, *arguments, program=sys.executable):
    """The peer's figures, or why there are none."""
    command = [program, os.path.join(HERE, script), *map(str, arguments)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        return str(error)
    if done.returncode != 0:
        return model_files.last_line(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])


def our_decoder(options, source, batches):
    command = [options.pano, "bench", *source, "--threads", options.threads, "--repetitions", 1, "--json",
               "--prompt-tokens", options.prompt_tokens, "--gen-tokens", options.gen_tokens,
               "--batch", ",".join(["1", *batches]),
               "--batch-prompt", options.batch_prompt, "--batch-gen", options.batch_gen]
    report = model_files.output_json(command)
    figures = {"prefill": report["prefill"][0]["tok_s"]}
    for row in report["decode"]:
        figures["decode" if row["batch"] == 1 else f"decode x {row['batch']}"] = row["tok_s"]
    return figures, report["limits"]


def run_llama(options, mode, *arguments):
    arguments = ["--threads", options.threads, *arguments]
    if options.llama_bin:
        return run_peer("llama_native_peer.py", mode, options.llama_bin, *arguments)
    if options.node_modules:
        return run_peer("llama_peer.mjs", mode, options.node_modules, *arguments, program="node")
    return run_peer("llama_peer.py", mode, *arguments)


def their_decoder(options, model, batches):
    single = run_llama(options, "single", model,
                       "--prompt-tokens", options.prompt_tokens, "--gen-tokens", options.gen_tokens)
    if isinstance(single, str) or not batches:
        return single
    several = run_llama(options, "batch", model, "--batch", ",".join(batches),
                        "--prompt-tokens", options.batch_prompt, "--gen-tokens", options.batch_gen)
    if isinstance(several, str):
        return several
    return {**single, **{f"decode x {count}": rate for count, rate in several.items()}}


def compare_decoder(options, theirs, ours):
    model = model_files.gguf(options, options.shape, theirs)
    source = ["--model", model] if ours == theirs else ["--shape", options.shape, "--type", ours]
    batches = [count for count in options.batch.split(",") if count]
    return in_turn(options, f"{options.shape}, {theirs}" + ("" if ours == theirs else f" (ours: {ours})"), "tokens/s",
                   lambda: our_decoder(options, source, batches), lambda: their_decoder(options, model, batches))


def our_encoder(options, shape, type_, texts, tokens, repetitions=1):
    """Texts a second, and the machine's limits."""
    report = model_files.output_json(
        [options.pano, "bench", "--shape", shape, "--type", type_, "--threads", options.threads,
         "--batch", texts, "--prompt-tokens", tokens, "--repetitions", repetitions, "--json"])
    return report["encode"][0]["seq_s"], report["limits"]


def their_encoder(options, folder, type_, texts, tokens, *arguments):
    """Texts a second, or why there are none."""
    result = run_peer("onnx_peer.py", folder, "--type", type_, "--threads", options.threads,
                      "--batch", texts, "--tokens", tokens, *arguments)
    return result if isinstance(result, str) else result["seq_s"]


def compare_encoder(options, type_, ours):
    folder = model_files.folder(options, options.encoder, "f32")
    size = options.encoder_batch, options.encoder_tokens

    def our_side():
        rate, limits = our_encoder(options, options.encoder, ours, *size)
        return {"encode": rate}, limits

    def their_side():
        rate = their_encoder(options, folder, type_, *size)
        return rate if isinstance(rate, str) else {"encode": rate}

    return in_turn(options, f"{options.encoder}, {type_} (ours: {ours})", "sequences/s", our_side, their_side)


def in_turn(options, title, unit, our_side, their_side):
    """Rounds of us and the peer; {"title", "unit", "rows": [...], "skipped"?}."""
    ours, theirs, limits, skipped = {}, {}, [], None
    for _ in range(options.rounds):
        figures, limit = our_side()
        limits.append(limit)
        for name, value in figures.items():
            ours.setdefault(name, []).append(value)
        figures = their_side() if skipped is None else skipped
        if isinstance(figures, str):
            skipped = figures
            continue
        for name, value in figures.items():
            theirs.setdefault(name, []).append(value)
    rows = []
    for name, values in ours.items():
        row = {"work": name, "pano": statistics.median(values), "pano_min": min(values), "pano_max": max(values)}
        if name in theirs:
            row["peer"] = statistics.median(theirs[name])
            row["peer_min"], row["peer_max"] = min(theirs[name]), max(theirs[name])
            row["ratio"] = row["pano"] / row["peer"] if row["peer"] else None
        rows.append(row)
    best = {key: max(limit[key] for limit in limits) for key in ("read_gb_s", "f32_gflop_s", "int8_gop_s")}
    result = {"title": title, "unit": unit, "rounds": options.rounds, "limits": best, "rows": rows}
    if skipped is not None:
        result["skipped"] = skipped
    return result


def print_text(result):
    print(f"\n{result['title']}: {result['unit']}, median of {result['rounds']}")
    for row in result["rows"]:
        line = f"  {row['work']:<12} pano {row['pano']:8.1f} ({row['pano_min']:.1f} to {row['pano_max']:.1f})"
        if "peer" in row:
            line += f"   peer {row['peer']:8.1f} ({row['peer_min']:.1f} to {row['peer_max']:.1f})"
            if row["ratio"] is not None:
                line += f"   pano is {row['ratio']:.2f} x"
        print(line)
    limits = result["limits"]
    print(f"  limits: {limits['read_gb_s']:.1f} GB/s read, {limits['f32_gflop_s']:.0f} GFLOP/s f32,"
          f" {limits['int8_gop_s']:.0f} GOP/s int8")
    if "skipped" in result:
        print(f"  skipped the peer: {result['skipped']}")


def pairs(text):
    """"q8_0,q4_0=q4g" -> [("q8_0", "q8_0"), ("q4_0", "q4g")]"""
    out = []
    for part in text.split(","):
        theirs, _, ours = part.strip().partition("=")
        if theirs:
            out.append((theirs, ours or theirs))
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    model_files.add_options(parser)
    parser.add_argument("--shape", default="qwen2.5-0.5b", help="of the decoder; '' for none")
    parser.add_argument("--types", default="q8_0,q4_0", help="THEIRS or THEIRS=OURS, a list")
    parser.add_argument("--node-modules", default="", help="folder that holds node-llama-cpp; xllamacpp where empty")
    parser.add_argument("--llama-bin", default="", help="bin folder of a build of llama.cpp for this machine")
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--gen-tokens", type=int, default=128)
    parser.add_argument("--batch", default="4,8,16,32", help="'' for none")
    parser.add_argument("--batch-prompt", type=int, default=128)
    parser.add_argument("--batch-gen", type=int, default=64)
    parser.add_argument("--encoder", default="minilm-l6", help="shape of the encoder; '' for none")
    parser.add_argument("--encoder-types", default="f32,int8=q8_0")
    parser.add_argument("--encoder-batch", type=int, default=8)
    parser.add_argument("--encoder-tokens", type=int, default=128)
    options = parser.parse_args()
    if not model_files.ready(options):
        return 0
    results = []
    work = [(compare_decoder, *pair) for pair in (pairs(options.types) if options.shape else [])]
    work += [(compare_encoder, *pair) for pair in (pairs(options.encoder_types) if options.encoder else [])]
    for compare, theirs, ours in work:
        results.append(compare(options, theirs, ours))
        if not options.json:
            print_text(results[-1])
    if options.json:
        print(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
