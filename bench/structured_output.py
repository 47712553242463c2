#!/usr/bin/env python3
"""Throughput with a schema beside the same number of tokens without one, from one server.

    python3 bench/structured_output.py [--model models/starter] [--concurrency 8] [--requests 64] [--rounds 3]
    python3 bench/structured_output.py --shape qwen2.5-0.5b --vocabulary 150000

In each round the requests with a schema run first; every answer that ends before the context does has to be JSON of the
schema's shape, and half of them have to end, or the script fails. Then as many free requests, each of exactly the tokens that its constrained twin had. What is printed is the ratio of
tokens a second, the median of the rounds. With --shape the model has random weights, and a vocabulary of that size.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

import model_files

ITEM = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 8, "maxLength": 40},
        "age": {"type": "integer", "minimum": 0, "maximum": 130},
        "tags": {"type": "array", "items": {"type": "string", "minLength": 2, "maxLength": 12}, "minItems": 1, "maxItems": 3},
        "kind": {"enum": ["person", "animal", "thing"]},
        "score": {"type": "integer", "minimum": -1000, "maximum": 1000},
        "active": {"type": "boolean"},
    },
    "required": ["name", "age", "tags", "kind", "score", "active"],
    "additionalProperties": False,
}
SCHEMA = {"type": "array", "items": ITEM, "minItems": 3, "maxItems": 3}


def check(text):
    """Why the text is not what the schema says; None when it is."""
    try:
        items = json.loads(text)
    except ValueError as error:
        return str(error)
    if not isinstance(items, list) or len(items) != 3:
        return "not three"
    for item in items:
        if set(item) != set(ITEM["required"]):
            return f"members {sorted(item)}"
        right = (isinstance(item["name"], str) and 8 <= len(item["name"]) <= 40
                 and type(item["age"]) is int and 0 <= item["age"] <= 130
                 and 1 <= len(item["tags"]) <= 3 and all(2 <= len(tag) <= 12 for tag in item["tags"])
                 and item["kind"] in ITEM["properties"]["kind"]["enum"]
                 and type(item["score"]) is int and -1000 <= item["score"] <= 1000
                 and type(item["active"]) is bool)
        if not right:
            return f"values {item}"
    return None


def write_tokenizer(folder, size):
    """A byte-level BPE tokenizer of `size` entries: the starter's, and pairs of its own tokens."""
    with open(os.path.join(model_files.ROOT, "models/starter/tokenizer.json"), encoding="utf-8") as file:
        tokenizer = json.load(file)
    vocab = tokenizer["model"]["vocab"]
    merges = tokenizer["model"]["merges"]
    words = [token for token in vocab if re.fullmatch("\u0120?[A-Za-z]+", token)]
    for first in words:
        for second in words:
            if len(vocab) >= size:
                break
            if first + second in vocab or second.startswith("\u0120"):
                continue
            vocab[first + second] = len(vocab)
            merges.append([first, second] if isinstance(merges[0], list) else f"{first} {second}")
    with open(os.path.join(folder, "tokenizer.json"), "w", encoding="utf-8") as file:
        json.dump(tokenizer, file)


def make_model(options):
    if not options.shape:
        return options.model
    source = model_files.folder(options, options.shape, "f16")
    path = f"{source}-vocabulary-{options.vocabulary}"
    if not os.path.exists(path):
        shutil.copytree(source, path)
        write_tokenizer(path, options.vocabulary)
    return path


class Server:
    def __init__(self, options, model):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.process = subprocess.Popen(
            [options.pano, "serve", "--model", f"m={model}", "--port", str(self.port), "--threads", str(options.threads),
             "--max-sequences", str(options.concurrency)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(3000):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5).read()
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit(f"pano serve ended with {self.process.returncode}")
                time.sleep(0.1)
        sys.exit("pano serve did not become ready")

    def ask(self, fields):
        body = {"model": "m", "prompt": "Once upon a time there was a little", "temperature": 1} | fields
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/v1/completions", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=3600) as answer:
            answer = json.load(answer)
        return answer["choices"][0], answer["usage"]["completion_tokens"]

    def run(self, concurrency, bodies):
        """Answers in order, and tokens a second."""
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(concurrency) as pool:
            answers = list(pool.map(self.ask, bodies))
        return answers, sum(tokens for _, tokens in answers) / (time.monotonic() - begin)

    def stop(self):
        self.process.terminate()
        self.process.wait(60)


def measure(options, server, seed):
    constrained = [{"max_tokens": 1500, "seed": seed + i, "guided_json": SCHEMA} for i in range(options.requests)]
    answers, with_schema = server.run(options.concurrency, constrained)
    for choice, _ in answers:
        why = check(choice["text"]) if choice["finish_reason"] == "stop" else None
        if why:
            sys.exit(f"a wrong answer: {why}: {choice['text']!r}")
    whole = sum(choice["finish_reason"] == "stop" for choice, _ in answers)
    if whole * 2 < len(answers):
        sys.exit(f"only {whole} of {len(answers)} answers ended before the context did: a larger model is needed")
    # The token that ends an answer was drawn as well.
    free = [{"max_tokens": tokens, "seed": seed + i, "ignore_eos": True} for i, (_, tokens) in enumerate(answers)]
    answers_free, without = server.run(options.concurrency, free)
    if [tokens for _, tokens in answers_free] != [tokens for _, tokens in answers]:
        sys.exit("the free answers have other lengths")
    return with_schema, without, sum(tokens for _, tokens in answers)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    model_files.add_options(parser)
    parser.add_argument("--model", default=os.path.join(model_files.ROOT, "models/starter"))
    parser.add_argument("--shape", help="random weights of this shape in place of --model")
    parser.add_argument("--vocabulary", type=int, default=150000)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--requests", type=int, default=64)
    options = parser.parse_args()
    if not model_files.ready(options):
        return
    server = Server(options, make_model(options))
    try:
        measure(options, server, 10**6)  # what is compiled and cached once
        rounds = [measure(options, server, 1000 * i) for i in range(options.rounds)]
    finally:
        server.stop()
    result = {
        "tokens": rounds[0][2],
        "with_schema": statistics.median(r[0] for r in rounds),
        "without": statistics.median(r[1] for r in rounds),
        "ratio": statistics.median(r[0] / r[1] for r in rounds),
        "ratios": [r[0] / r[1] for r in rounds],
    }
    if options.json:
        print(json.dumps(result))
        return
    print(f"{options.requests} answers, {options.concurrency} at once, {result['tokens']} tokens a round")
    print(f"with a schema {result['with_schema']:.0f} tokens/s, without {result['without']:.0f}: "
          f"{result['ratio']:.2f} (rounds {', '.join(f'{r:.2f}' for r in result['ratios'])})")


if __name__ == "__main__":
    main()
