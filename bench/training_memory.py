#!/usr/bin/env python3
"""Peak memory of training beside the formula: bench/training_memory.py --pano-train BIN [--resume]

For a few sizes, a run of some steps with a checkpoint every second one, so that some are in flight. The formula, in bytes:

  states       16 P: weights, gradients and two moments in 32 bits
  activations  L s b (68 h + 10 a s): Korthikanti et al. (2022) for 32 bits
  logits       12 b s V: logits, their softmax and its gradient

Prints the largest resident set that the kernel counted, what the program has before it trains taken off and not."""
import argparse, json, os, pathlib, random, tempfile

SIZES = [
    dict(vocab_size=8192, hidden_size=512, intermediate_size=1408, num_hidden_layers=8, num_attention_heads=8,
         num_key_value_heads=8),
    dict(vocab_size=16384, hidden_size=768, intermediate_size=2048, num_hidden_layers=12, num_attention_heads=12,
         num_key_value_heads=12),
]


def parameters(c):
    h, f = c["hidden_size"], c["intermediate_size"]
    return c["vocab_size"] * h + c["num_hidden_layers"] * (4 * h * h + 3 * h * f + 2 * h) + h


def peak(command):
    child = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: status {status}")
    return usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pano-train", required=True)
    parser.add_argument("--sequences", type=int, default=2)
    parser.add_argument("--length", type=int, default=128)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--sizes", type=int, nargs="*", default=range(len(SIZES)))
    o = parser.parse_args()
    binary = str(pathlib.Path(o.pano_train).resolve())
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def recipe(config, steps, length):
            random.seed(1)
            rows = [[random.randrange(config["vocab_size"]) for _ in range(length)] for _ in range(8)]
            (folder / "rows.jsonl").write_text("".join(json.dumps({"input_ids": row}) + "\n" for row in rows))
            text = ", ".join(f"{key}: {value}" for key, value in config.items())
            (folder / "r.yaml").write_text(
                f"task: causal_lm\nmodel: {{config: {{model_type: llama, tie_word_embeddings: true, max_position_embeddings: 512, {text}}}, "
                f"init: random}}\ndata: {{train: {name}/rows.jsonl, format: tokens}}\nbatch: {{sequences: {o.sequences}}}\n"
                f"steps: {steps}\ncheckpoint: {{every: 2, keep: 1}}\n")
            return [binary, str(folder / "r.yaml"), "--threads", "2"]

        tiny = dict(SIZES[0], vocab_size=64, hidden_size=64, intermediate_size=64, num_hidden_layers=1)
        idle = peak(recipe(tiny, 2, 16) + ["--out", f"{name}/tiny"])
        mb = 1 / 1e6
        print(f"without a model to speak of: {idle * mb:.0f} MB")
        for index in o.sizes:
            c = SIZES[index]
            p, b, s = parameters(c), o.sequences, o.length
            states = 16 * p
            activations = c["num_hidden_layers"] * s * b * (68 * c["hidden_size"] + 10 * c["num_attention_heads"] * s)
            logits = 12 * b * s * c["vocab_size"]
            formula = states + activations + logits
            runs = {"run": o.steps, "resumed": o.steps + 2}
            for label, steps in runs.items():
                got = peak(recipe(c, steps, s) + ["--out", f"{name}/{index}", "--resume"])
                print(f"{p / 1e6:7.1f} M parameters, {label:8} formula {formula * mb:7.0f} MB ({states * mb:.0f} states)  peak {got * mb:7.0f} MB  "
                      f"{got / formula:5.2f}x, less the program's own {(got - idle) / formula:5.2f}x")


if __name__ == "__main__":
    main()
