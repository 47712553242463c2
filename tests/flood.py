#!/usr/bin/env python3
"""A flood from one tenant beside another one's requests, against a real server.

    tests/flood.py [--pano build/release/bin/pano] [--seconds 20] [--streams 32]

Tenant "few" sends one request after the other, first alone, then while tenant "flood" keeps --streams
requests open. Prints the latencies of "few" and how many tokens each got; ends with 1 where the P99 beside
the flood is more than --limit (1.3) times that alone.
"""
import argparse, http.client, json, os, re, subprocess, sys, tempfile, threading, time

parser = argparse.ArgumentParser()
parser.add_argument("--pano", default="build/release/bin/pano")
parser.add_argument("--model", default="models/starter")
parser.add_argument("--seconds", type=float, default=20)
parser.add_argument("--streams", type=int, default=32)
parser.add_argument("--tokens", type=int, default=96, help="that a request of the few gets")
parser.add_argument("--pause", type=float, default=0.2, help="seconds between two of its requests")
parser.add_argument("--ids", action="store_true", help="prompts of token ids, for a model without a tokenizer")
parser.add_argument("--limit", type=float, default=1.3)
args = parser.parse_args()

tenants = tempfile.NamedTemporaryFile("w", suffix=".yaml")
tenants.write("tenants: {key-1: {weight: 1}, key-2: {weight: 1}}\n")
tenants.flush()
server = subprocess.Popen([args.pano, "serve", "--port", "0", "--model", "m=" + args.model, "--tenants", tenants.name,
                           "--api-key", "few", "--api-key", "flood"], stderr=subprocess.PIPE, text=True)
port = None
for line in server.stderr:
    found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
    if found:
        port = int(found.group(1))
        break
threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
if port is None:
    sys.exit("flood: the server does not start")

def ask(connection, key, tokens, prompt):
    if args.ids:
        prompt = list(prompt.encode())
    body = {"model": "m", "prompt": prompt, "max_tokens": tokens, "ignore_eos": True, "temperature": 0.8}
    connection.request("POST", "/v1/completions", json.dumps(body),
                       {"Content-Type": "application/json", "Authorization": "Bearer " + key})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())

def few(seconds):
    """Latencies in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    latencies, end = [], time.time() + seconds
    while time.time() < end:
        begin = time.time()
        status, answer = ask(connection, "few", args.tokens, "Once upon a time there was a little fox number %d who" % len(latencies))
        if status != 200:
            sys.exit("flood: the few are refused: %s" % answer)
        latencies.append((time.time() - begin) * 1e3)
        time.sleep(args.pause)
    return sorted(latencies)

stop, flooded, lock = threading.Event(), [0], threading.Lock()
def flood():
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while not stop.is_set():
        status, answer = ask(connection, "flood", 300, "The big dog ran into the garden and all of its friends came to see")
        if status == 200:
            with lock:
                flooded[0] += answer["usage"]["total_tokens"]
        else:
            time.sleep(0.2)

def at(latencies, part):
    return latencies[min(len(latencies) - 1, int(part * len(latencies)))]

try:
    few(3)
    alone = few(args.seconds)
    threads = [threading.Thread(target=flood, daemon=True) for _ in range(args.streams)]
    for thread in threads:
        thread.start()
    time.sleep(4)
    before, began = flooded[0], time.time()
    beside = few(args.seconds)
    rate = (flooded[0] - before) / (time.time() - began)
    stop.set()
finally:
    server.kill()
for name, latencies in (("alone", alone), ("beside the flood", beside)):
    print("few, %-16s  %4d requests  P50 %7.1f ms  P99 %7.1f ms" % (name, len(latencies), at(latencies, 0.5), at(latencies, 0.99)))
ratio = at(beside, 0.99) / at(alone, 0.99)
print("P99 ratio %.2f (at most %.2f); the flood got %.0f tokens a second meanwhile" % (ratio, args.limit, rate))
sys.exit(ratio > args.limit)
