#!/usr/bin/env python3
"""Mainline llama.cpp as the package xllamacpp has it: its server, started and timed in a process of its own.

    python3 bench/llama_peer.py serve  MODEL.gguf --threads 2 --slots 16 --context 640 --port 8081
    python3 bench/llama_peer.py single MODEL.gguf --threads 2 --prompt-tokens 512 --gen-tokens 128
    python3 bench/llama_peer.py batch  MODEL.gguf --threads 2 --batch 4,8 --prompt-tokens 128 --gen-tokens 64

`single` and `batch` print JSON. Prefill and decode of one sequence are the server's own timings. Decode of a batch
is counted from the streams: tokens that arrive after every stream has its first one and before any has its last.
"""

import argparse
import http.client
import json
import random
import sys
import threading
import time
from urllib.parse import urlparse


def start_server(options, slots, context):
    """A server with so many slots of so many positions each; ends the process where there is none."""
    try:
        import xllamacpp
    except ImportError as error:
        sys.exit(f"{error}; pip install xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.n_ctx = slots * context
    params.n_parallel = slots
    params.port = options.port
    params.verbosity = 0
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = options.threads
    return xllamacpp.Server(params)


def body(prompt, generated, stream):
    return {"prompt": prompt, "n_predict": generated, "temperature": 0, "ignore_eos": True, "cache_prompt": False,
            "stream": stream}


def post(server, content):
    """The response to a completion request, ready to be read."""
    url = urlparse(server.listening_address)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=1800)
    connection.request("POST", "/completion", json.dumps(content), {"Content-Type": "application/json"})
    response = connection.getresponse()
    if response.status != 200:
        raise RuntimeError(f"HTTP {response.status}: {response.read(500)!r}")
    return response


def prompt_of(seed, length):
    numbers = random.Random(seed)
    return [numbers.randrange(1, 1000) for _ in range(length)]


def single(options):
    server = start_server(options, 1, options.prompt_tokens + options.gen_tokens + 64)
    json.load(post(server, body(prompt_of(0, 16), 4, False)))  # the first request pays for what others share
    prefill = json.load(post(server, body(prompt_of(1, options.prompt_tokens), 1, False)))["timings"]
    decode = json.load(post(server, body(prompt_of(2, 16), options.gen_tokens, False)))["timings"]
    return {"prefill": prefill["prompt_per_second"], "decode": decode["predicted_per_second"]}


def arrivals(server, seed, options, times):
    """Appends the moment of every token of one streamed answer."""
    response = post(server, body(prompt_of(seed, options.prompt_tokens), options.gen_tokens, True))
    for line in response:
        if not line.startswith(b"data: "):
            continue
        event = json.loads(line[6:])
        if not event.get("stop"):
            times.append(time.monotonic())


def together(server, count, options):
    """Tokens a second of `count` streams while all of them generate."""
    streams = [[] for _ in range(count)]
    threads = [threading.Thread(target=arrivals, args=(server, 100 + i, options, times))
               for i, times in enumerate(streams)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if not all(streams):
        raise RuntimeError("a stream brought no token")
    begin = max(times[0] for times in streams)
    end = min(times[-1] for times in streams)
    tokens = sum(begin < moment <= end for times in streams for moment in times)
    return tokens / (end - begin) if end > begin else 0.0


def batch(options):
    counts = [int(count) for count in options.batch.split(",")]
    rates = {}
    for count in counts:
        server = start_server(options, count, options.prompt_tokens + options.gen_tokens + 64)
        json.load(post(server, body(prompt_of(0, 16), 4, False)))
        rates[str(count)] = together(server, count, options)
        del server
    return rates


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=["serve", "single", "batch"])
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--slots", type=int, default=16)
    parser.add_argument("--context", type=int, default=640, help="positions of each slot")
    parser.add_argument("--prompt-tokens", type=int, default=512)
    parser.add_argument("--gen-tokens", type=int, default=128)
    parser.add_argument("--batch", default="4,8,16,32")
    options = parser.parse_args()
    if options.mode == "serve":
        server = start_server(options, options.slots, options.context)
        print(server.listening_address, flush=True)
        threading.Event().wait()
    print(json.dumps(single(options) if options.mode == "single" else batch(options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
