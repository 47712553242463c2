#!/usr/bin/env python3
"""Compares planned memory with the resident memory of the server that the plan names.

    bench/plan_memory.py PANO MODEL[:KV_TYPE]... [--load CONTEXT,CONCURRENCY]...

For each model and load: pano plan --hardware cpu --json, then the plan's own command with a free port, filled with
`concurrency` requests of `context` tokens at once (half prompt, half answer), then VmRSS of the process; VmHWM before the requests is the peak
of loading. Exit 1 when a plan is more than 3 % off, or says that it fits and takes more than the capacity.
"""
import json
import random
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request


def status(pid):
    text = open(f"/proc/{pid}/status").read()
    return {key: int(re.search(key + r":\s+(\d+)", text).group(1)) * 1024 for key in ("VmRSS", "VmHWM", "RssAnon", "RssFile")}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fill(url, model, context, concurrency, vocabulary):
    def one(seed):
        draw = random.Random(seed)
        prompt = [draw.randrange(4, vocabulary) for _ in range(context // 2)]
        body = {"model": model, "prompt": prompt, "max_tokens": context - len(prompt), "temperature": 0, "ignore_eos": True}
        request = urllib.request.Request(url + "/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=1800).read()
        except Exception as error:  # shown; the memory is compared all the same
            print("  request:", error, getattr(error, "read", lambda: b"")()[:200])

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(concurrency)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    args = sys.argv[1:]
    loads = []
    while "--load" in args:
        at = args.index("--load")
        loads.append(tuple(int(n) for n in args[at + 1].split(",")))
        del args[at:at + 2]
    pano, models = args[0], args[1:]
    wrong = 0
    print(f"{'model':24} {'context':>7} {'at once':>7} {'planned MB':>10} {'resident MB':>11} {'off %':>6} {'loading peak MB':>15}")
    for model in models:
        path, _, kv_type = model.partition(":")
        vocabulary = json.load(open(path + "/config.json"))["vocab_size"]
        for context, concurrency in loads or [(256, 1), (512, 4), (256, 16)]:
            plan = json.loads(subprocess.check_output([pano, "plan", "--model", path, "--hardware", "cpu", "--context", str(context),
                                                       "--concurrency", str(concurrency), "--kv-type", kv_type or "auto", "--json"]))
            port = free_port()
            command = [pano] + plan["command"][1:] + ["--port", str(port)]
            server = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
            url = f"http://127.0.0.1:{port}"
            try:
                for _ in range(1200):
                    try:
                        urllib.request.urlopen(url + "/readyz", timeout=5)
                        break
                    except Exception:
                        time.sleep(0.25)
                peak = status(server.pid)["VmHWM"]
                name = json.load(urllib.request.urlopen(url + "/v1/models"))["data"][0]["id"]
                fill(url, name, context, concurrency, vocabulary)
                now = status(server.pid)
            finally:
                server.terminate()
                server.wait()
            planned = plan["memory"]["total"]
            off = 100 * (planned / now["VmRSS"] - 1)
            bad = abs(off) > 3 or (plan["fits"] and now["VmRSS"] > plan["memory"]["capacity"])
            wrong += bad
            print(f"{model.split('/')[-1]:24} {context:7} {concurrency:7} {planned / 1e6:10.1f} {now['VmRSS'] / 1e6:11.1f} {off:+6.2f} {peak / 1e6:15.1f}"
                  + (f"   wrong: {plan['memory']} {now}" if bad else ""), flush=True)
    sys.exit(1 if wrong else 0)


main()
