"""Model files for comparisons: random weights of a published shape, as a folder and as GGUF."""

import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def add_options(parser):
    parser.add_argument("--pano", default=os.path.join(ROOT, "build/release/bin/pano"))
    parser.add_argument("--work", default=os.path.join(ROOT, "build/bench-models"),
                        help="folder for the models; what stands there is used again")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3, help="each engine runs once in a round, in turn")
    parser.add_argument("--json", action="store_true", help="print JSON")


def ready(options):
    """Whether there is something to measure; says why not, and otherwise how busy the machine is."""
    if not os.path.exists(options.pano):
        print(f"skipped: there is no {options.pano}")
        return False
    if not options.json:
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return True


def output(command):
    """What a command prints; its last words end the script when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        sys.exit(f"{' '.join(map(str, command))}: {last}")
    return done.stdout


def output_json(command):
    return json.loads(output(command))


def folder(options, shape, type_):
    """The shape's model in f32, f16 or bf16 as a Hugging Face folder."""
    stem = os.path.splitext(os.path.basename(shape))[0] if shape.endswith(".json") else shape
    path = os.path.join(options.work, f"{stem}-{type_}")
    if not os.path.exists(path):
        os.makedirs(options.work, exist_ok=True)
        print(f"writing {path}", file=sys.stderr)
        output([options.pano, "bench", "--shape", shape, "--type", type_, "--write", path])
    return path


def gguf(options, shape, type_):
    """The same model as a GGUF file with matrices of a type."""
    source = folder(options, shape, type_ if type_ in ("f32", "bf16") else "f16")
    path = f"{source.rsplit('-', 1)[0]}-{type_}.gguf"
    if not os.path.exists(path):
        print(f"writing {path}", file=sys.stderr)
        output([options.pano, "convert", "--model", source, "--to", "gguf", "--type", type_, "--out", path])
    return path


def last_line(text):
    return (text.strip().splitlines() or ["no reason given"])[-1]
