#!/usr/bin/env python3
"""Speculative decoding beside none: what `--speculate auto` is worth, and that it never costs much.

    cmake --preset release && ninja -C build/release pano
    bench/speculation.py --stories HELD_OUT.txt

Two servers of the same model, `--speculate auto` and `--speculate off`, answer the same requests in turn, request by
request, so that a machine that slows down slows both. What is timed is decoding: from the first token to the last one.
The texts must be equal. Kinds of work:

  stories    beginnings of stories (--stories: a text file, stories apart by an empty line or <|endoftext|>)
  code       beginnings of source files (--code)
  summary    a story, and the beginning of the same story again: what is written stands in the prompt, as names,
             figures and sentences do when a text is summarised or edited; the best case of looking up
  random     stories at a temperature of 1.5: hardly a guess is right; the worst case

The model is the starter or --model; --shape and --type measure random weights of a published shape, whose greedy
text soon repeats itself and whose drawn text never does. Printed are medians over the rounds of tokens a second,
the ratios of medians, and what share of the guesses was right.
"""

import argparse
import concurrent.futures
import json
import os
import statistics
import sys
import urllib.request

sys.dont_write_bytecode = True  # no cache beside the sources
import model_files
from http_peers import Server, free_port

ROOT = model_files.ROOT
CODE = ["src/model/engine/loop.cc", "src/model/engine/step.cc", "src/model/quant/quantize.cc", "src/base/strings.cc",
        "bench/http_peers.py", "bench/peers.py", "src/model/nn/decoder.cc", "src/base/json.cc"]


def start(options, model, speculate):
    port = free_port()
    return Server([options.pano, "serve", "--model", f"m={model}", "--port", port, "--threads", options.threads,
                   "--log-level", "error", "--speculate", speculate], port, "/readyz")


def post(url, path, body):
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=600) as answer:
        return json.load(answer)


def stories_of(path):
    with open(path, encoding="utf-8") as file:
        text = file.read().replace("<|endoftext|>", "\n\n\n")
    parts = [" ".join(part.split()) for part in text.split("\n\n")]
    return [part for part in parts if len(part.split()) >= 40]


def words(text, count):
    return " ".join(text.split(" ")[:count])


def prompts(options):
    """By kind: prompts, and what else the requests say."""
    stories = stories_of(options.stories)[:options.prompts]
    code = []
    for path in options.code[:options.prompts]:
        with open(path, encoding="utf-8") as file:
            code.append(file.read()[:options.code_bytes])
    kinds = {
        "stories": ([words(text, 25) for text in stories], {"temperature": 0}),
        "code": (code, {"temperature": 0}),
        "summary": ([words(text, 110) + "\n" + words(text, 15) for text in stories], {"temperature": 0}),
        "random": ([words(text, 25) for text in stories], {"temperature": 1.5, "seed": 5}),
    }
    return {kind: kinds[kind] for kind in options.kinds.split(",")}


def answer(options, url, text, more):
    parameters = {"max_tokens": options.gen_tokens, "ignore_eos": True, **more}
    reply = post(url, "/v1/models/m/predict", {"inputs": text, "parameters": parameters})
    return reply["outputs"][0], reply["usage"]["completion_tokens"], reply["timings"]


def ask(options, url, texts, more):
    """The texts that come back and tokens a second of decoding, of all streams together."""
    with concurrent.futures.ThreadPoolExecutor(len(texts)) as pool:
        replies = list(pool.map(lambda text: answer(options, url, text, more), texts))
    rate = 0
    for _, tokens, timings in replies:
        rate += (tokens - 1) / max(1e-3, timings["total_ms"] - timings["ttft_ms"]) * 1e3
    return [text for text, _, _ in replies], rate


def speculated(url):
    """Guesses so far: all, and those that were right."""
    with urllib.request.urlopen(url + "/metrics", timeout=60) as page:
        lines = page.read().decode().splitlines()
    counts = {"accepted": 0.0, "rejected": 0.0}
    for line in lines:
        for result in counts:
            if line.startswith("pano_speculated_tokens_total") and f'"{result}"' in line:
                counts[result] += float(line.split()[-1])
    return counts["accepted"], counts["rejected"]


def measure(options, model):
    rows = []
    # Twice the same shows how much of a ratio is chance.
    with start(options, model, "off") as off, start(options, model, "off" if options.control else "auto") as auto:
        servers = {"off": off.url, "auto": auto.url}
        for url in servers.values():  # pages, caches, and a policy that has seen some steps
            ask(options, url, [words("Once upon a time there was a little girl named Lily.", 30)], {"temperature": 0})
        for kind, (texts, more) in prompts(options).items():
            for streams in map(int, options.streams.split(",")):
                before = speculated(auto.url)
                rates = {"off": [], "auto": []}
                for round_ in range(options.rounds):
                    seconds = {"off": 0.0, "auto": 0.0}
                    for index, i in enumerate(range(0, len(texts), streams)):
                        group = texts[i:i + streams]
                        turn = ["off", "auto"] if (index + round_) % 2 == 0 else ["auto", "off"]
                        got = {name: ask(options, servers[name], group, more) for name in turn}
                        if got["off"][0] != got["auto"][0]:
                            sys.exit(f"{kind}: the texts differ, which they must not")
                        for name in seconds:
                            seconds[name] += len(group) / got[name][1]
                    for name in seconds:
                        rates[name].append(len(texts) / seconds[name])
                accepted, rejected = (b - a for a, b in zip(before, speculated(auto.url)))
                row = {"kind": kind, "streams": streams,
                       **{name: statistics.median(values) for name, values in rates.items()},
                       "rounds": [a / o for a, o in zip(rates["auto"], rates["off"])],
                       "guesses": accepted + rejected,
                       "right": accepted / (accepted + rejected) if accepted + rejected else None}
                row["ratio"] = row["auto"] / row["off"]
                rows.append(row)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    model_files.add_options(parser)
    parser.add_argument("--model", default=os.path.join(ROOT, "models/starter"))
    parser.add_argument("--shape", help="random weights of this shape in place of --model")
    parser.add_argument("--type", default="q8_0", help="of --shape")
    parser.add_argument("--stories", default=os.path.join(ROOT, "models/starter/eval.txt"))
    parser.add_argument("--code", nargs="+", default=[os.path.join(ROOT, path) for path in CODE])
    parser.add_argument("--code-bytes", type=int, default=500)
    parser.add_argument("--control", action="store_true", help="off beside off: what chance does")
    parser.add_argument("--kinds", default="stories,code,summary,random")
    parser.add_argument("--streams", default="1,4", help="requests at once, as a list")
    parser.add_argument("--prompts", type=int, default=8, help="of each kind, at most")
    parser.add_argument("--gen-tokens", type=int, default=128)
    options = parser.parse_args()
    if not model_files.ready(options):
        return 0
    model = model_files.gguf(options, options.shape, options.type) if options.shape else options.model
    rows = measure(options, model)
    if options.json:
        print(json.dumps({"model": model, "rounds": options.rounds, "rows": rows}, indent=2))
        return 0
    print(f"{model}: tokens/s, medians of {options.rounds} rounds")
    for row in rows:
        right = f"{100 * row['right']:.0f} % of {row['guesses']:.0f} guesses right" if row["guesses"] else "no guesses"
        print(f"  {row['kind']:<8} {row['streams']:>2} at once   off {row['off']:9.1f}   auto {row['auto']:9.1f}   "
              f"auto / off {row['ratio']:.3f} ({min(row['rounds']):.3f} to {max(row['rounds']):.3f})   {right}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
