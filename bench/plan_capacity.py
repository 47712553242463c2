#!/usr/bin/env python3
"""Holds what `pano plan --hardware auto` predicts of serving against a soak of `pano serve` on this machine.

    bench/plan_capacity.py PANO MODEL... [--load CONTEXT,CLIENTS,PROMPT,ANSWER]... [--slo ttft=0.5,itl=0.05] [--seconds S]

For each model and load: the plan; its own `command` with a free port; `pano load` with as many clients as were planned for, once to
warm up and once that counts; all of it --rounds times, as rates of a shared machine move within minutes. Prints means over rounds: generated tokens a second and the median gap between tokens, planned and measured. With --slo also
the highest rate of random arrivals at which nine of ten requests keep the levels: planned, and found by bisection of
`pano load --rate`. Exit 1 when tokens a second are more than 10 % off. Standard library only."""
import argparse
import json
import socket
import subprocess
import time
import urllib.request


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run_json(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class Server:
    def __init__(self, pano, command):
        port = free_port()
        self.url = "http://127.0.0.1:%d" % port
        self.process = subprocess.Popen([pano] + command[1:] + ["--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        for _ in range(600):
            try:
                urllib.request.urlopen(self.url + "/readyz", timeout=2)
                return self
            except OSError:
                time.sleep(0.1)
        raise SystemExit("the server did not become ready")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("pano")
    p.add_argument("models", nargs="+")
    p.add_argument("--load", action="append", help="CONTEXT,CLIENTS,PROMPT,ANSWER")
    p.add_argument("--slo", help="as pano plan takes it, in seconds: ttft=0.5,itl=0.05")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=15, help="about how long one measurement takes")
    a = p.parse_args()
    loads = [tuple(int(n) for n in one.split(",")) for one in a.load or ["256,4,128,64"]]
    wrong = 0
    print("%-16s %-18s %10s %10s %7s %9s %9s %7s %9s %9s" %
          ("model", "load", "tokens/s", "measured", "off %", "itl ms", "measured", "off %", "ttft ms", "measured"))
    for model in a.models:
        for context, clients, prompt, answer in loads:
            ask = [a.pano, "plan", "--model", model, "--hardware", "auto", "--context", str(context), "--concurrency", str(clients),
                   "--prompt-tokens", str(prompt), "--max-tokens", str(answer), "--json"]

            def load(url, *more):
                return run_json([a.pano, "load", "--url", url, "--prompt-tokens", str(prompt), "--max-tokens", str(answer), "--json", *more])

            rounds = []
            for i in range(a.rounds):
                plan = run_json(ask)
                planned = plan["predicted"]
                requests = int(max(3 * clients, min(4000, a.seconds * planned["tokens_s"] / answer)))
                requests = -(-requests // clients) * clients   # whole rounds: a part of one takes as long
                with Server(a.pano, plan["command"]) as server:
                    load(server.url, "--concurrency", str(clients), "--requests", str(clients))
                    found = load(server.url, "--concurrency", str(clients), "--requests", str(requests), "--seed", str(2 + i))
                    rounds.append((planned["tokens_s"], found["gen_tok_s"], planned["itl_ms"], found["itl_ms"]["p50"], planned["ttft_ms"], found["ttft_ms"]["p50"]))
                    if a.slo and i + 1 == a.rounds:
                        at_slo(a, ask, load, server.url)
            tokens, found_tokens, gap, found_gap, first, found_first = (sum(column) / a.rounds for column in zip(*rounds))
            off = 100 * (tokens / found_tokens - 1)
            wrong += abs(off) > 10
            print("%-16s %-18s %10.1f %10.1f %+7.1f %9.2f %9.2f %+7.1f %9.1f %9.1f   measured by round: %s" %
                  (model.rstrip("/").split("/")[-1], "%d,%d,%d,%d" % (context, clients, prompt, answer), tokens, found_tokens, off, gap, found_gap,
                   100 * (gap / found_gap - 1), first, found_first, " ".join("%.0f" % r[1] for r in rounds)), flush=True)
    raise SystemExit(1 if wrong else 0)


def at_slo(a, ask, load, url):
    levels = dict(part.split("=") for part in a.slo.split(","))
    plan = run_json(ask + ["--slo", a.slo])["predicted"]
    planned = plan["requests_day"] / 86400
    low, high = 0.0, max(1.0, 2 * planned)
    for _ in range(6):
        rate = (low + high) / 2
        r = load(url, "--rate", "%.4f" % rate, "--requests", str(max(30, int(rate * a.seconds))))
        good = all(r[name + "_ms"]["p90"] <= 1e3 * float(limit) for name, limit in levels.items()) and not r["errors"]
        low, high = (rate, high) if good else (low, rate)
    print("%-16s at %-15s %10.3f requests/s planned, %.3f measured (to %.3f), %+.1f %%" %
          ("", a.slo, planned, low, high, 100 * (planned / ((low + high) / 2) - 1)), flush=True)


if __name__ == "__main__":
    main()
