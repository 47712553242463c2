#!/usr/bin/env python3
"""Our HTTP server beside mainline llama.cpp's on the same model, under the same load.

    cmake --preset release && ninja -C build/release pano
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install xllamacpp
    /tmp/peers/bin/python bench/http_peers.py --shape qwen2.5-0.5b --type q8_0

Each round starts our server and the peer's, one after the other, and drives both with `pano load`:

  streams  16 requests at once, 128-token prompts and 64 tokens each: tokens/s and the median time to the first token
  long     15 short streams, and in the middle of them one 2,048-token prompt: the longest gap between two tokens of
           any short stream, as a multiple of their median gap

Printed are medians over the rounds and ratios of medians, and the share that our server reaches of what our engine
needs for the same work without a server. Without xllamacpp only our side runs.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request

sys.dont_write_bytecode = True  # no cache beside the sources
import model_files

HERE = os.path.dirname(os.path.abspath(__file__))
START_SECONDS = 300


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server process that answers, until the block ends."""

    def __init__(self, command, port, ready):
        self.command, self.url = [str(part) for part in command], f"http://127.0.0.1:{port}"
        self.ready = self.url + ready

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(model_files.last_line(self.process.stderr.read()))
            try:
                with urllib.request.urlopen(self.ready, timeout=5) as answer:
                    if answer.status == 200:
                        return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        self.__exit__()
        raise RuntimeError(f"{self.command[0]} did not get ready in {START_SECONDS} s")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stderr.close()


def our_server(options, model):
    port = free_port()
    return Server([options.pano, "serve", "--model", f"m={model}", "--port", port, "--threads", options.threads,
                   "--log-level", "error"], port, "/readyz")


def their_server(options, model):
    port = free_port()
    context = max(options.prompt_tokens + options.gen_tokens, options.long_prompt, options.short_prompt +
                  options.short_gen) + 64
    return Server([sys.executable, os.path.join(HERE, "llama_peer.py"), "serve", model, "--threads", options.threads,
                   "--port", port, "--slots", options.streams, "--context", context], port, "/health")


def load_command(options, url, count, prompt, generated):
    return [str(part) for part in (options.pano, "load", "--url", url, "--concurrency", count, "--requests", count,
                                   "--prompt-tokens", prompt, "--max-tokens", generated, "--json")]


def checked(report):
    if report["errors"]:
        raise RuntimeError(f"{report['errors']} requests failed: {report['error_messages']}")
    return report


def streams(options, url):
    # What the first requests pay for (pages, caches) is not what is measured.
    model_files.output_json(load_command(options, url, 1, 16, 4))
    command = load_command(options, url, options.streams, options.prompt_tokens, options.gen_tokens)
    report = checked(model_files.output_json(command))
    return {"tokens/s": report["gen_tok_s"], "median TTFT, ms": report["ttft_ms"]["p50"]}


def long_prompt(options, url):
    command = load_command(options, url, options.streams - 1, options.short_prompt, options.short_gen)
    short = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(options.long_after)
    arrived = time.monotonic()
    model_files.output_json(load_command(options, url, 1, options.long_prompt, 1))
    answered = time.monotonic()
    if short.poll() is not None:
        short.communicate()
        raise RuntimeError("the short streams ended before the long prompt did; raise --short-gen")
    text, errors = short.communicate()
    if short.returncode != 0:
        raise RuntimeError(model_files.last_line(errors))
    gaps = checked(json.loads(text))["itl_ms"]
    return {"median gap, ms": gaps["p50"], "longest gap, ms": gaps["max"],
            "longest / median": gaps["max"] / gaps["p50"], "long prompt's TTFT, s": answered - arrived}


def engine_rate(options, model):
    """Tokens/s of our engine alone for the work of `streams`: its prefills, then its decode together."""
    report = model_files.output_json(
        [options.pano, "bench", "--model", model, "--threads", options.threads, "--json", "--repetitions", 1,
         "--prompt-tokens", options.prompt_tokens, "--gen-tokens", 8, "--batch", options.streams,
         "--batch-prompt", options.prompt_tokens, "--batch-gen", options.gen_tokens])
    generated = options.streams * options.gen_tokens
    seconds = options.streams * options.prompt_tokens / report["prefill"][0]["tok_s"]
    return generated / (seconds + generated / report["decode"][0]["tok_s"])


def measure(options, model):
    figures = {"pano": {}, "peer": {}}
    engine, failed = [], {}
    for _ in range(options.rounds):
        engine.append(engine_rate(options, model))
        for name, start in (("pano", our_server), ("peer", their_server)):
            if name in failed:
                continue
            try:
                for work in (streams, long_prompt):
                    with start(options, model) as server:
                        for key, value in work(options, server.url).items():
                            figures[name].setdefault(key, []).append(value)
            except RuntimeError as error:
                failed[name] = str(error)
    rows = []
    for key in figures["pano"] or figures["peer"]:
        row = {"figure": key}
        for name in ("pano", "peer"):
            if figures[name].get(key):
                row[name] = statistics.median(figures[name][key])
        if "pano" in row and row.get("peer"):
            row["ratio"] = row["pano"] / row["peer"]
        rows.append(row)
    result = {"model": model, "rounds": options.rounds, "rows": rows, "engine_tok_s": statistics.median(engine),
              "failed": failed}
    if figures["pano"].get("tokens/s"):
        result["share_of_engine"] = statistics.median(figures["pano"]["tokens/s"]) / result["engine_tok_s"]
    return result


def print_text(result):
    print(f"{result['model']}: medians of {result['rounds']}")
    for row in result["rows"]:
        line = f"  {row['figure']:<24}"
        for name in ("pano", "peer"):
            line += f" {name} {row[name]:10.1f}" if name in row else ""
        print(line + (f"   pano / peer {row['ratio']:.2f}" if "ratio" in row else ""))
    print(f"  our engine alone         {result['engine_tok_s']:15.1f} tokens/s"
          + (f", of which the server reaches {100 * result['share_of_engine']:.0f} %"
             if "share_of_engine" in result else ""))
    for name, reason in result["failed"].items():
        print(f"  skipped {name}: {reason}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    model_files.add_options(parser)
    parser.add_argument("--shape", default="qwen2.5-0.5b")
    parser.add_argument("--type", default="q8_0")
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--gen-tokens", type=int, default=64)
    parser.add_argument("--long-prompt", type=int, default=2048)
    parser.add_argument("--long-after", type=float, default=5.0, help="seconds after the short streams began")
    parser.add_argument("--short-prompt", type=int, default=32)
    parser.add_argument("--short-gen", type=int, default=256)
    options = parser.parse_args()
    if not model_files.ready(options):
        return 0
    result = measure(options, model_files.gguf(options, options.shape, options.type))
    if options.json:
        print(json.dumps(result, indent=2))
    else:
        print_text(result)
    return 1 if "pano" in result["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
