#!/usr/bin/env python3
"""Pipelines run by dvc and by pano data: the same dvc.lock to the byte, the same run cache, and each finds nothing to do after the other.
Opt-in.

  python3 -m venv v && v/bin/pip install 'dvc==3.67.1'
  tests/interop/data_pipelines.py --dvc v/bin/dvc [--pano-data build/release/bin/pano-data]

Prints a line for each check; exit 1 if one fails.
"""
import argparse, os, pathlib, subprocess, sys, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--dvc", required=True)
parser.add_argument("--pano-data", default="build/release/bin/pano-data")
args = parser.parse_args()
tools = {"dvc": os.path.abspath(args.dvc), "pano": os.path.abspath(args.pano_data)}
failures = 0

LONG = "echo " + " ".join(f"word{i}" for i in range(40)) + " > long.txt"
CASES = {
    "values": {
        "dvc.yaml": "stages:\n  s:\n    cmd: cp in.txt out.txt\n    deps: [in.txt]\n    params:\n    - a\n    - b\n    - c\n    - p.toml: [t.x, t.d]\n    - p.py: [N, C.x, L]\n"
                    "    - p.json:\n    outs: [out.txt]\n",
        "params.yaml": "a: {x: 1e-3, y: [1, 2.50, null, true, 'yes', '1', \"it's\"], z: {}}\nb: 1_000\nc: 'a: b # c'\n",
        "p.toml": "[t]\nx = 1.0\nd = [1, 'two']\n", "p.py": "N = 5\nL = [1, 2.5, 'x']\nclass C:\n    x = -1\n",
        "p.json": "{\"k\": [1, 1e20, \"\\u00e9\"], \"a\": {\"b\": null}}", "in.txt": "x\n"},
    "commands": {
        "dvc.yaml": f"stages:\n  long:\n    cmd: {LONG}\n    outs: [long.txt]\n  lines:\n    cmd: |\n      echo one > a.txt\n      echo two > b.txt\n    outs: [a.txt, b.txt]\n"
                    "  list:\n    cmd:\n    - echo 'it''s' > c.txt\n    - \"echo \\\"q: #\\\" >> c.txt\"\n    deps: [a.txt]\n    outs: [c.txt]\n"
                    "  folder:\n    cmd: mkdir -p d/e && echo 1 > d/x && echo 2 > d/e/y && chmod +x tool\n    deps: [b.txt, tool]\n    outs: [d]\n",
        "tool": "#!/bin/sh\n"},
    "loops": {
        "dvc.yaml": "vars:\n- names: [one, 'two words', 3, true, 0.5]\n- deep: {k: {lr: 0.1, flag: true, off: false, list: [1, 2]}}\n"
                    "stages:\n  l:\n    foreach: ${names}\n    do:\n      cmd: echo '${item}' > 'l.${item}'\n      outs: ['l.${item}']\n"
                    "  m:\n    matrix:\n      a: [x, y]\n      b: [{n: 1}, {n: 2}]\n    cmd: echo ${item.a} ${item.b.n} > m.${item.a}.${item.b.n}\n    outs: ['m.${item.a}.${item.b.n}']\n"
                    "  o:\n    cmd: echo ${deep.k} > o.txt\n    outs: [o.txt]\n"},
    "folders": {
        "dvc.yaml": "stages:\n  top:\n    cmd: cp sub/out.txt top.txt\n    deps: [sub/out.txt]\n    outs: [top.txt]\n    metrics:\n    - m.json: {cache: false}\n  m:\n    wdir: w\n"
                    "    cmd: echo '{}' > ../m2.json\n    outs: [../m2.json]\n".replace("    metrics:\n    - m.json: {cache: false}\n", ""),
        "sub/dvc.yaml": "stages:\n  make:\n    cmd: cp ../in.txt out.txt\n    deps: [../in.txt]\n    params: [k]\n    outs:\n    - out.txt:\n        desc: words\n",
        "sub/params.yaml": "k: v\n", "in.txt": "x\n", "w/keep": "x\n"},
}


def check(name, good, note=""):
    global failures
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {name}{' ' + note if not good else ''}", flush=True)


def run(tool, folder, *words):
    environment = dict(os.environ, DVC_NO_ANALYTICS="1", DVC_SITE_CACHE_DIR=str(folder.parent / "site"))
    done = subprocess.run([tools[tool], *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.stderr.write(f"{tool} {' '.join(words)}: {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}\n")
    return done


def locks(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("dvc.lock")}


def runs(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in (folder / ".dvc/cache/runs").rglob("*") if p.is_file()}


for name, files in CASES.items():
    with tempfile.TemporaryDirectory() as temporary:
        folders = {tool: pathlib.Path(temporary, tool, "repo") for tool in tools}
        for tool, folder in folders.items():
            folder.mkdir(parents=True)
            run("dvc", folder, "init", "--no-scm", "-q")
            for path, text in files.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text)
            check(f"{name}: {tool} repro", run(tool, folder, "repro").returncode == 0)
        theirs, ours = locks(folders["dvc"]), locks(folders["pano"])
        check(f"{name}: dvc.lock", theirs == ours, f"\n--- dvc\n{theirs}\n--- pano\n{ours}")
        check(f"{name}: run cache", runs(folders["dvc"]) == runs(folders["pano"]),
              str(set(runs(folders["dvc"])) ^ set(runs(folders["pano"]))))
        again = run("pano", folders["dvc"], "repro")
        check(f"{name}: pano finds nothing to do after dvc", "Running stage" not in again.stdout, again.stdout)
        again = run("dvc", folders["pano"], "repro")
        check(f"{name}: dvc finds nothing to do after pano", "Running stage" not in again.stdout, again.stdout)
print(f"{failures} checks failed")
sys.exit(1 if failures else 0)
