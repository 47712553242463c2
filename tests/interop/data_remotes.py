#!/usr/bin/env python3
"""pano data and dvc over one remote, in both directions: a folder, and S3 that checks signatures. Opt-in.

  python3 -m venv v && v/bin/pip install 'dvc==3.67.1' dvc-s3
  tests/interop/data_remotes.py --dvc v/bin/dvc [--pano-data build/release/bin/pano-data] [--fault-every 7]

Prints a line for each check; exit 1 if one fails.
"""
import argparse, json, os, pathlib, random, shutil, subprocess, sys, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--dvc", required=True)
parser.add_argument("--pano-data", default="build/release/bin/pano-data")
parser.add_argument("--fault-every", type=int, default=0)
args = parser.parse_args()
here = pathlib.Path(__file__).resolve().parent
dvc_tool, pano_tool = os.path.abspath(args.dvc), os.path.abspath(args.pano_data)
failures = 0


def check(name, good, note=""):
    global failures
    failures += not good
    print(f"{'ok  ' if good else 'FAIL'} {name} {note if not good else ''}", flush=True)


def run(tool, folder, *words, environment):
    command = [dvc_tool, *words] if tool == "dvc" else [pano_tool, *words]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    if done.returncode:
        sys.stderr.write(f"{tool} {' '.join(words)}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}\n")
    return done


def write_data(folder, seed):
    make = random.Random(seed)
    (folder / "data/deep").mkdir(parents=True)
    for i in range(30):
        (folder / f"data/{'deep/' if i % 3 else ''}f{i} é.bin").write_bytes(make.randbytes(make.randrange(0, 5000)))
    (folder / "big.bin").write_bytes(make.randbytes(40 << 20))


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for top in ("data", "big.bin")
            for p in ([folder / top] if (folder / top).is_file() else sorted((folder / top).rglob("*"))) if p.is_file()}


def round_trip(kind, giver, taker, remote_settings, environment):
    """`giver` adds and pushes, `taker` pulls into a clone without a cache."""
    with tempfile.TemporaryDirectory() as temporary:
        top = pathlib.Path(temporary)
        first, second = top / "first", top / "second"
        first.mkdir()
        run("dvc", first, "init", "--no-scm", "-q", environment=environment)
        for words in remote_settings(top):
            run("dvc", first, *words, environment=environment)
        write_data(first, f"{kind}{giver}{taker}")
        name = f"{kind}: {giver} pushes, {taker} pulls"
        check(f"{name}: add", run(giver, first, "add", "data", "big.bin", environment=environment).returncode == 0)
        check(f"{name}: push", run(giver, first, "push", environment=environment).returncode == 0)
        second.mkdir()
        shutil.copytree(first / ".dvc", second / ".dvc", ignore=shutil.ignore_patterns("cache", "tmp"))
        for file in [p for p in first.glob("*.dvc") if p.is_file()] + [first / ".dvcignore"]:
            shutil.copy(file, second)
        check(f"{name}: pull", run(taker, second, "pull", environment=environment).returncode == 0)
        check(f"{name}: contents", contents(first) == contents(second))
        status = run("dvc", second, "status", environment=environment)
        check(f"{name}: dvc status", "up to date" in status.stdout, status.stdout)
        state = run("dvc", second, "data", "status", "--json", "--not-in-remote", "--granular", environment=environment)
        check(f"{name}: nothing is missing on the remote", "not_in_remote" not in json.loads(state.stdout or "{}"), state.stdout)
        if taker == "dvc":
            again = run("pano", second, "status", "--json", "--not-in-remote", "--granular", environment=environment)
            check(f"{name}: pano agrees", not json.loads(again.stdout or "{}").get("not_in_remote"), again.stdout)


def main():
    environment = dict(os.environ, DVC_NO_ANALYTICS="1", AWS_ACCESS_KEY_ID="AKIDTEST", AWS_SECRET_ACCESS_KEY="secret/+key",
                       AWS_DEFAULT_REGION="us-east-1", AWS_REQUEST_CHECKSUM_CALCULATION="when_required",
                       AWS_RESPONSE_CHECKSUM_VALIDATION="when_required")
    with tempfile.TemporaryDirectory() as site:
        environment["DVC_SITE_CACHE_DIR"] = site
        server = subprocess.Popen([sys.executable, here / "s3_server.py", "--fault-every", str(args.fault_every)], stdout=subprocess.PIPE, text=True)
        try:
            url = server.stdout.readline().strip()
            count = 0
            for giver, taker in (("pano", "dvc"), ("dvc", "pano"), ("pano", "pano")):
                round_trip("folder", giver, taker, lambda top: [("remote", "add", "-d", "r", str(top / "remote"))], environment)
                count += 1
                bucket = f"bucket{count}"
                round_trip("S3", giver, taker, lambda top: [("remote", "add", "-d", "r", f"s3://{bucket}/some/prefix"),
                                                            ("remote", "modify", "r", "endpointurl", url)], environment)
        finally:
            server.kill()
    print(f"{failures} checks failed")
    return 1 if failures else 0


sys.exit(main())
