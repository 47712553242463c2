#!/usr/bin/env python3
"""What a version of a file costs in chunks: 1 % of its records edited in 20 places, by the size of the file.

  bench/data_chunked.py [--pano-data build/release/bin/pano-data] [--seeds 5]

Prints for each size the bytes that the version adds below .dvc/cache/pano, in per cent of the file: median and worst of the
seeds. Every version is read back and compared. The result depends on the seeds alone, not on the machine.
"""
import argparse, os, pathlib, random, statistics, subprocess, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--pano-data", default="build/release/bin/pano-data")
parser.add_argument("--seeds", type=int, default=5)
parser.add_argument("--sizes", default="0.25,0.5,1,2,4,8,16,64", help="MB, by commas")
args = parser.parse_args()
tool = os.path.abspath(args.pano_data)


def record(draw, i, text):
    return f"{i},{draw.getrandbits(64)},{draw.randrange(1000)},{text}\n".encode()


def edited(records, draw, places=20):
    """Runs of records, 1 % of them together, become others, some longer and some shorter."""
    run = max(1, len(records) // 100 // places)
    for start in draw.sample(range(0, len(records) - run, run), places):
        records[start:start + run] = [record(draw, 0, draw.choice(["edited", "an edited record of more words"])) for _ in range(run)]


def run(folder, *words):
    subprocess.run([tool, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stored(folder):
    return sum(f.stat().st_size for f in (folder / ".dvc/cache/pano").rglob("*") if f.is_file())


for size in [float(s) for s in args.sizes.split(",")]:
    added = []
    for seed in range(args.seeds):
        with tempfile.TemporaryDirectory() as folder:
            folder, draw = pathlib.Path(folder), random.Random(seed)
            run(folder, "init", "--no-scm")
            records, total = [], 0
            while total < size * 1e6:
                records.append(record(draw, len(records), "some words of a record"))
                total += len(records[-1])
            (folder / "f.csv").write_bytes(b"".join(records))
            run(folder, "add", "--chunked", "f.csv")
            before = stored(folder)
            edited(records, draw)
            content = b"".join(records)
            (folder / "f.csv").write_bytes(content)
            run(folder, "add", "--chunked", "f.csv")
            added.append(100 * (stored(folder) - before) / len(content))
            (folder / "f.csv").unlink()
            run(folder, "checkout")
            assert (folder / "f.csv").read_bytes() == content
    print(f"{size:g} MB: median {statistics.median(added):.2f} %, worst {max(added):.2f} %", flush=True)
