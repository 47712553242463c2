#!/usr/bin/env python3
"""Compares what two builds of pano compute, to the bit.

    tests/compare_builds.py OLD NEW [--cpu avx2,avx512] [--models DIR ...] [--only WORD]

OLD and NEW are binaries. For every instruction set, for f32 and fast:
  - the outputs of `pano eval` of every model (all rows of a prompt in one pass), and
  - the log-probabilities of /v1/completions, one request alone and 16 at once, of the starter model.
Models: the starter, what `pano quantize` (of OLD) makes of it in every packed type, and the folders and
.gguf files below each --models (default: $PANO_SHARED/data/golden/{models,gguf}, or ../shared beside the
checkout). Prints a line a comparison that differs, then how many were made; exits 1 when one differed or
none was made. Standard library only.
"""
import argparse, concurrent.futures, hashlib, json, os, pathlib, socket, struct, subprocess, sys, tempfile
import time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKED = ["q8_0", "w8a8", "q4_0", "q4g", "q4_k"]


def read_safetensors(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    return {name: (entry, data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]])
            for name, entry in header.items()}


def write_safetensors(path, tensors):
    header, body = {}, b""
    for name, (entry, data) in tensors.items():
        header[name] = {"dtype": entry["dtype"], "shape": entry["shape"],
                        "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def id_tensor(rows, length, vocab):
    ids = [(r * 7919 + i * i * 31 + 5) % vocab for r in range(rows) for i in range(length)]
    return {"input_ids": ({"dtype": "I64", "shape": [rows, length]}, struct.pack(f"<{len(ids)}q", *ids))}


def cases(model_folders):
    """(label, model, file of inputs) of every model that brings its own inputs."""
    names = {"input_ids", "attention_mask", "token_type_ids", "pixel_values", "decoder_input_ids"}
    for folder in model_folders:
        for model in sorted(folder.iterdir()) if folder.is_dir() else []:
            found = [(model, model / "expected.safetensors")] if (model / "expected.safetensors").exists() else [
                (gguf, model / f"expected-{gguf.stem.removeprefix(model.name + '-')}.safetensors")
                for gguf in sorted(model.glob("*.gguf"))]
            for path, expected in found:
                if expected.exists():
                    yield f"{folder.name}/{path.name}", path, {
                        k: v for k, v in read_safetensors(expected).items() if k in names}


def run_eval(binary, model, inputs, compute, cpu, out):
    done = subprocess.run([binary, "eval", "--model", model, "--compute", compute, "--inputs", inputs, "--outputs", out],
                          env={**os.environ, "PANO_CPU": cpu}, capture_output=True, text=True)
    if done.returncode != 0:      # a refusal is an answer too
        lines = (done.stderr or f"exit {done.returncode}").strip().splitlines()
        return {"refused": lines[0] if lines else ""}
    return {name: hashlib.sha256(data).hexdigest() for name, (_, data) in read_safetensors(out).items()}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def completions(binary, model, compute, cpu, streams):
    """Texts, tokens and log-probabilities of `streams` requests, sent at once."""
    port = free_port()
    server = subprocess.Popen([binary, "serve", "--model", f"m={model}", "--port", str(port), "--compute", compute],
                              env={**os.environ, "PANO_CPU": cpu}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"

    def ask(number):
        body = {"model": "m", "prompt": f"Once upon a time there were {number} cats", "max_tokens": 24, "logprobs": 5,
                "temperature": 0.8, "seed": number, "echo": True}
        request = urllib.request.Request(base + "/v1/completions", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        choice = json.load(urllib.request.urlopen(request, timeout=120))["choices"][0]
        return [choice["text"], choice["logprobs"]]
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(base + "/readyz", timeout=1)
                break
            except OSError:
                time.sleep(0.05)
        with concurrent.futures.ThreadPoolExecutor(streams) as pool:
            return list(pool.map(ask, range(streams)))
    finally:
        server.terminate()
        server.wait()


def main():
    shared = pathlib.Path(os.environ.get("PANO_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new")
    parser.add_argument("--cpu", default="auto", help="values of PANO_CPU, comma between")
    parser.add_argument("--models", action="append", type=pathlib.Path)
    parser.add_argument("--only", default="", help="only models whose name has this in it")
    options = parser.parse_args()
    folders = options.models or [shared / "data/golden/models", shared / "data/golden/gguf"]
    made = differ = refused = 0

    def compare(what, old, new):
        nonlocal made, differ, refused
        made += 1
        refused += "refused" in old
        if old != new:
            differ += 1
            print(f"differs: {what}" + (f": {old} / {new}" if len(str(old) + str(new)) < 400 else ""), flush=True)

    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        starters = {"starter": ROOT / "models/starter"}
        for kind in PACKED:
            subprocess.run([options.old, "quantize", "--model", starters["starter"], "--to", kind, "--out", work / kind],
                           check=True, capture_output=True)
            starters[f"starter-{kind}"] = work / kind
        models = [(name, path, id_tensor(16, 100, 2000)) for name, path in starters.items()]
        models += cases(folders)
        models = [m for m in models if options.only in m[0]]
        for number, (name, path, inputs) in enumerate(models):
            write_safetensors(work / f"{number}.safetensors", inputs)
        for cpu in options.cpu.split(","):
            for compute in ("f32", "fast"):
                for number, (name, path, _) in enumerate(models):
                    answers = [run_eval(b, path, work / f"{number}.safetensors", compute, cpu, work / "out.safetensors")
                               for b in (options.old, options.new)]
                    compare(f"{name} {compute} {cpu}", *answers)
                for name, path in starters.items():
                    for streams in (1, 16) if options.only in name else ():
                        answers = [completions(b, path, compute, cpu, streams) for b in (options.old, options.new)]
                        compare(f"{name} {compute} {cpu}, {streams} streams", *answers)
    print(f"{made} comparisons, {differ} differ; {refused} are of what OLD refuses")
    return 1 if differ or refused == made else 0


if __name__ == "__main__":
    sys.exit(main())
