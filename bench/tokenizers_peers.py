#!/usr/bin/env python3
"""Byte-level BPE beside other libraries: the same vocabulary (GPT-2's), the same texts, one core.

    cmake --preset bench && ninja -C build/bench tokenizer_bench
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install tokenizers tiktoken gigatoken
    /tmp/peers/bin/python bench/tokenizers_peers.py

Each round runs every library once, one after the other, each in a process of its own, so that a machine
that slows down slows all of them. Times are processor time of the encoding thread. "Cold" is the first
text of a tokenizer that was loaded for it (after a few words, so that what a library makes once for the
process does not count); "warm" is the same text again. A library that is not installed is skipped.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

TEXTS = {
    "english": "en_frankenstein.txt",
    "wikipedia": "wikitext2_raw_test.txt",
    "stories": "tinystories_sample_944k.txt",
}
PEERS = ["gigatoken", "tiktoken", "tokenizers"]
PASSES = 5   # cold and warm, in one process; the median of each counts


def byte_of_character():
    """Which byte each character of a byte-level vocabulary stands for."""
    prints = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in prints]
    table = {chr(byte): byte for byte in prints}
    table.update({chr(0x100 + i): byte for i, byte in enumerate(others)})
    return table


def load(peer, path):
    """A function from text to ids, of a tokenizer that has seen nothing."""
    if peer == "gigatoken":
        import gigatoken

        return gigatoken.Tokenizer(path).encode
    if peer == "tokenizers":
        import tokenizers

        tokenizer = tokenizers.Tokenizer.from_file(path)
        return lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    import tiktoken

    table = byte_of_character()
    with open(path, encoding="utf-8") as file:
        vocabulary = json.load(file)["model"]["vocab"]
    ranks = {
        bytes(table[c] for c in piece): id for piece, id in vocabulary.items() if all(c in table for c in piece)
    }
    pattern = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
    encoding = tiktoken.Encoding("gpt2", pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return encoding.encode_ordinary


def worker(peer, tokenizer_path, text_path):
    with open(text_path, encoding="utf-8", newline="") as file:
        text = file.read()
    megabytes = len(text.encode()) * 1e-6
    speeds = {"cold": [], "warm": []}
    for _ in range(PASSES):
        encode = load(peer, tokenizer_path)
        encode("a few words")
        for kind in ("cold", "warm"):
            begin = time.thread_time()
            ids = encode(text)
            speeds[kind].append(megabytes / (time.thread_time() - begin))
    medians = {kind: statistics.median(values) for kind, values in speeds.items()}
    print(json.dumps({**medians, "tokens": len(ids)}))


def run_peer(peer, tokenizer_path, text_path):
    environment = {**os.environ, "RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, __file__, "--worker", peer, tokenizer_path, text_path]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    return json.loads(done.stdout)


def run_ours(bench, shared, name, text_path):
    command = [
        bench,
        f"--benchmark_filter=^(Cold|Warm)/byte_level_{name}($|/)",
        "--benchmark_min_time=0.05",
        "--benchmark_format=json",
    ]
    environment = {**os.environ, "PANO_SHARED": shared}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    result = {}
    for row in json.loads(done.stdout)["benchmarks"]:
        if row.get("error_occurred"):
            sys.exit(f"{row['name']}: {row['error_message']}")
        result[row["name"].split("/")[0].lower()] = row["MB/s"]
        result["tokens"] = round(os.path.getsize(text_path) / row["bytes_per_token"])
    return result


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bench", default=os.path.join(root, "build/bench/bin/tokenizer_bench"))
    parser.add_argument("--shared", default=os.environ.get("PANO_SHARED", os.path.join(root, "../shared")))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--worker", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        return worker(*options.worker)

    tokenizer_path = os.path.join(options.shared, "data/tokenizers/hf/gpt2_tokenizer.json")
    for needed in (options.bench, tokenizer_path):
        if not os.path.exists(needed):
            print(f"skipped: there is no {needed}")
            return 0
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    skipped = {}
    for name, file in TEXTS.items():
        text_path = os.path.join(options.shared, "data/corpora", file)
        speeds = {peer: {"cold": [], "warm": []} for peer in ["pano", *PEERS]}
        tokens = {}
        for _ in range(options.rounds):
            for peer in ["pano", *(peer for peer in PEERS if peer not in skipped)]:
                ours = peer == "pano"
                result = (run_ours(options.bench, options.shared, name, text_path) if ours
                          else run_peer(peer, tokenizer_path, text_path))
                if isinstance(result, str):
                    skipped[peer] = result
                    continue
                tokens[peer] = result["tokens"]
                for kind in ("cold", "warm"):
                    speeds[peer][kind].append(result[kind])
        print(f"\n{name} ({os.path.getsize(text_path)} bytes): MB/s, median of {options.rounds}")
        for peer in tokens:
            line = f"  {peer:<12}"
            for kind in ("cold", "warm"):
                median = statistics.median(speeds[peer][kind])
                ratio = statistics.median(speeds["pano"][kind]) / median
                line += f"  {kind} {median:7.1f} (pano is {ratio:6.2f} x)"
            if tokens[peer] != tokens["pano"]:
                line += f"  other tokens: {tokens[peer]}, not {tokens['pano']}"
            print(line)
    for peer, reason in skipped.items():
        print(f"skipped {peer}: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
