#!/usr/bin/env python3
"""Tokens per second of training beside PyTorch: the same model, rows, optimizer and number of threads, in turn.

    python -m venv VENV && VENV/bin/pip install torch transformers
    VENV/bin/python bench/training_peer.py --pano-train BIN [--size small|medium] [--rounds 3]

The peer is transformers' own model class with torch.optim.AdamW and clip_grad_norm_, in float32. Losses of both are
compared step by step, so that what is timed is the same work. A round is a run of each; the median step counts, and the
CPU seconds of a step (both threads) beside it, which other programs on the machine change less."""
import argparse, json, os, pathlib, resource, statistics, subprocess, sys, tempfile, time

SIZES = {
    "small": dict(vocab_size=2048, hidden_size=192, intermediate_size=512, num_hidden_layers=4, num_attention_heads=6,
                  num_key_value_heads=2),
    "medium": dict(vocab_size=8192, hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8,
                   num_key_value_heads=4),
}
OPTIMIZER = dict(lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)


def make_inputs(folder, size, rows, length):
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM
    torch.manual_seed(1)
    config = LlamaConfig(**SIZES[size], max_position_embeddings=length, tie_word_embeddings=True)
    LlamaForCausalLM(config).save_pretrained(folder / "model")
    ids = torch.randint(0, config.vocab_size, (rows, length), generator=torch.Generator().manual_seed(2))
    (folder / "rows.jsonl").write_text("".join(json.dumps({"input_ids": row}) + "\n" for row in ids.tolist()))


def peer(folder, steps, sequences, threads, fused):
    import torch
    from transformers import LlamaForCausalLM
    torch.set_num_threads(threads)
    model = LlamaForCausalLM.from_pretrained(folder / "model", dtype=torch.float32).train()
    decayed = [p for n, p in model.named_parameters() if "norm" not in n]
    plain = [p for n, p in model.named_parameters() if "norm" in n]
    optimizer = torch.optim.AdamW([{"params": decayed}, {"params": plain, "weight_decay": 0.0}], **OPTIMIZER, fused=fused)
    ids = torch.tensor([json.loads(line)["input_ids"] for line in (folder / "rows.jsonl").open()])
    for step in range(steps):
        begin = time.perf_counter()
        batch = ids[step * sequences:(step + 1) * sequences]
        loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss = loss.item()
        print(json.dumps({"event": "step", "loss": loss, "tok_s": batch.numel() / (time.perf_counter() - begin)}), flush=True)


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(command):
    before = children_cpu()
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    events = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    steps = [event for event in events if event["event"] == "step"]
    return [s["loss"] for s in steps], [s["tok_s"] for s in steps], children_cpu() - before


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pano-train")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--sequences", type=int, default=8)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--nproc", type=int, default=1, help="pano train's processes, which share the threads")
    parser.add_argument("--fused", action="store_true", help="torch's fused AdamW in place of the default one")
    parser.add_argument("--peer", help=argparse.SUPPRESS)
    o = parser.parse_args()
    if o.peer:
        return peer(pathlib.Path(o.peer), o.steps, o.sequences, o.threads, o.fused)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_inputs(folder, o.size, o.steps * o.sequences, o.length)

        def ours(steps, out):
            recipe = folder / f"{out}.yaml"
            recipe.write_text(
                f"task: causal_lm\nmodel: {folder}/model\ndata: {{train: {folder}/rows.jsonl, format: tokens, shuffle: false, "
                f"length: {o.length}}}\nbatch: {{sequences: {o.sequences}}}\nsteps: {steps}\n"
                "optimizer: {lr: 0.001, weight_decay: 0.01, clip: 1.0}\nschedule: {name: constant}\n")
            return timed([o.pano_train, str(recipe), "--out", str(folder / out), "--json", "--threads", str(max(1, o.threads // o.nproc))]
                         + ["--nproc", str(o.nproc)] * (o.nproc > 1))

        def theirs(steps):
            command = [sys.executable, __file__, "--peer", name, "--steps", str(steps), "--sequences", str(o.sequences),
                       "--threads", str(o.threads)] + ["--fused"] * o.fused
            return timed(command)

        # What a run costs besides its steps: a run of one.
        idle = [ours(1, "one")[2], theirs(1)[2]]
        speeds, costs = ([], []), ([], [])
        for turn in range(o.rounds):
            runs = [ours(o.steps, f"run{turn}"), theirs(o.steps)]
            worst = max(abs(a - b) / b for a, b in zip(runs[0][0], runs[1][0]))
            if worst > 1e-3:
                sys.exit(f"losses differ by {worst:.2g}: not the same work")
            for side, (_, tok_s, cpu) in enumerate(runs):
                speeds[side].append(statistics.median(tok_s[2:]))
                costs[side].append((cpu - idle[side]) / (o.steps - 1))
        for side, label in enumerate(["pano train", "PyTorch"]):
            print(f"{label:11} {statistics.median(speeds[side]):9.0f} tokens/s  {statistics.median(costs[side]):7.3f} CPU s a step")
        print(f"ratio       {statistics.median(speeds[0]) / statistics.median(speeds[1]):9.2f}           "
              f"{statistics.median(costs[1]) / statistics.median(costs[0]):7.2f}   (losses within {worst:.1g})")


if __name__ == "__main__":
    main()
