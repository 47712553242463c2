#!/usr/bin/env python3
"""Known answers of golden/infra against pano-infra: infra.py PANO_INFRA SHARED_DATA. Prints a table; ends with 77 (skipped)
where the answers are absent, with 1 where one of them is missed."""
import collections
import json
import os
import subprocess
import sys

SHARED = os.path.join(os.environ["PANO_SHARED"], "data") if "PANO_SHARED" in os.environ else sys.argv[2]
PROGRAM, GOLDEN = sys.argv[1], os.path.join(SHARED, "golden/infra/")
missed = 0


def run(*arguments):
    done = subprocess.run([PROGRAM, "sim", *arguments, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("pano-infra sim %s: %s" % (" ".join(arguments), done.stderr))
    return json.loads(done.stdout)


def answers(name):
    with open(GOLDEN + name) as file:
        return json.load(file)


def row(what, count, good, found):
    global missed
    missed += not good
    print("%-4s %-46s %5d  %s" % ("ok" if good else "MISS", what, count, found))


def off(found, wanted):
    return abs(found - wanted) / abs(wanted) if wanted else abs(found)


def flows():
    cases = answers("flows.json")["cases"]
    worst, ordered = 0, True
    for found, case in zip(run("flows", "--case", GOLDEN + "flows.json")["cases"], cases):
        expected = case["expected"]
        ordered &= found["order"] == expected["order"]
        for flow in found["flows"]:
            worst = max(worst, off(flow["finish_s"], expected["finish_s"][flow["id"]]))
            rate = expected["rates_at_0_gb_s"].get(flow["id"])
            worst = max(worst, off(flow["rate_at_0_gb_s"], rate) if rate is not None else 0)
    row("max-min flows", len(cases), worst < 1e-9 and ordered, "rates and times within %.1e, order of events" % worst)


def traces():
    for trace in answers("traces.json")["traces"]:
        path = GOLDEN + "traces/" + trace["name"]
        found = run("serve", "--trace", path + ".csv", "--plan", path + ".yaml")
        shared = [k for k in trace["expected"] if k in found]
        worst = max(off(found[k], trace["expected"][k]) for k in shared)
        row("trace " + trace["name"], len(shared), len(shared) >= 10 and worst < 1e-7, "within %.1e" % worst)


def all_reduces():
    groups = collections.defaultdict(list)
    for each in answers("allreduce.json")["rows"]:
        groups[each["fabric"], each["algorithm"], each["kind"]].append(each)
    for (fabric, algorithm, kind), rows in groups.items():
        found = run("allreduce", "--fabric", GOLDEN + "fabrics/%s.yaml" % fabric, "--algorithm", algorithm, "--bytes",
                    ",".join(str(each["bytes"]) for each in rows))["results"]
        model = [f["model_s"] / each["seconds"] for f, each in zip(found, rows)]
        sim = [f["sim_s"] / each["seconds"] for f, each in zip(found, rows)]
        good = all(f["sim_s"] >= each["lower_bound_s"] * (1 - 1e-9) for f, each in zip(found, rows))
        good &= max(model) <= 1.01 and (kind == "at-most" or min(model) >= 0.99)
        good &= max(sim) <= (1.5 if kind == "model" else 1.01) and (kind != "exact" or min(sim) >= 0.99)
        row("%s %s (%s)" % (fabric, algorithm, kind), len(rows), good,
            "formula %.6f to %.6f, simulated %.6f to %.6f" % (min(model), max(model), min(sim), max(sim)))


def queues():
    for each in answers("queues.json")["rows"]:
        arguments = ["queue", "--arrival-rate", repr(each["arrival_rate"]), "--service", "%s:%r" % (each["service"], each["service_mean_s"]),
                     "--servers", str(each["servers"]), "--requests", "1000000", "--seed", "1"]
        found = run(*arguments, *(["--capacity", str(each["capacity"])] if "capacity" in each else []))
        shared = [k for k in each["expected"] if k in found]
        formula = max(off(found["derived"][k], each["expected"][k]) for k in shared)
        # A million requests at 0.95 of what a server can do know their mean to some per cent.
        sim = max([off(found[k], each["expected"][k]) for k in shared if each["expected"][k] > 1e-3])
        row("%s %s" % (each["queue"], each["service"]), len(shared), formula < 1e-9 and sim < 0.1,
            "formula %.1e, simulated within %.1f %%" % (formula, 100 * sim))


if not os.path.isdir(GOLDEN):
    print("skipped: no shared data: PANO_SHARED or ../shared")
    sys.exit(77)
flows()
traces()
queues()
all_reduces()
print("%d missed" % missed)
sys.exit(missed > 0)
