#!/usr/bin/env python3
"""A thousand sampled generations of a served model under the schemas of tests/structured/schemas.jsonl.

Every answer that ends by itself has to be valid by python-jsonschema, a checker that has nothing in common with
the server's grammars. Prints a table; exits 1 for an invalid answer or when too few ended.

    python3 tests/interop/structured_outputs.py [--pano build/release/bin/pano] [--model models/starter] [--count 1020]

Needs jsonschema (pip install 'jsonschema[format]==4.26.0'); without it the script says SKIPPED.
"""

import argparse
import concurrent.futures
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

try:
    import jsonschema
except ImportError:
    print("SKIPPED: pip install 'jsonschema[format]==4.26.0'")
    sys.exit(0)

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def serve(pano, model):
    port = free_port()
    process = subprocess.Popen(
        [pano, "serve", "--model", f"m={model}", "--port", str(port), "--max-queue", "2000"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).read()
            return process, port
        except OSError:
            if process.poll() is not None:
                sys.exit(f"pano serve ended with {process.returncode}")
            time.sleep(0.1)
    process.kill()
    sys.exit("pano serve did not become ready")


def ask(port, schema, seed):
    body = {
        "model": "m", "prompt": "Once upon a time there was a little", "max_tokens": 480, "temperature": 1,
        "seed": seed,
        "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/completions", json.dumps(body).encode(),
        {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)["choices"][0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pano", default=os.path.join(SOURCE, "build/release/bin/pano"))
    parser.add_argument("--model", default=os.path.join(SOURCE, "models/starter"))
    parser.add_argument("--count", type=int, default=1020)
    options = parser.parse_args()
    with open(os.path.join(SOURCE, "tests/structured/schemas.jsonl"), encoding="utf-8") as file:
        schemas = [json.loads(line) for line in file]
    process, port = serve(options.pano, options.model)
    wrong = ended_in_all = 0
    try:
        rounds = (options.count + len(schemas) - 1) // len(schemas)
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            for entry in schemas:
                checker = jsonschema.Draft202012Validator(
                    entry["schema"], format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
                ended = invalid = 0
                for choice in pool.map(lambda seed: ask(port, entry["schema"], seed), range(rounds)):
                    if choice["finish_reason"] != "stop":
                        continue
                    ended += 1
                    try:
                        checker.validate(json.loads(choice["text"]))
                    except (ValueError, jsonschema.ValidationError) as error:
                        invalid += 1
                        print(f"{entry['name']}: {choice['text']!r}: {str(error).splitlines()[0]}")
                print(f"{entry['name']:20} {rounds:4} asked {ended:4} ended {invalid:4} invalid")
                wrong += invalid
                ended_in_all += ended
    finally:
        process.terminate()
        process.wait(30)
    print(f"{rounds * len(schemas)} generations, {ended_in_all} ended, {wrong} invalid")
    sys.exit(1 if wrong or ended_in_all < 0.85 * rounds * len(schemas) else 0)


if __name__ == "__main__":
    main()
