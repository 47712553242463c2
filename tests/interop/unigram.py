#!/usr/bin/env python3
"""Unigram vocabularies beside those of HF tokenizers: both learn from the same lines, and the share of pieces
that both have (Jaccard) and the largest difference between scores are printed. Opt-in, since it needs the package:

    python -m venv VENV && VENV/bin/pip install tokenizers
    VENV/bin/python tests/interop/unigram.py --pano-train BIN TEXT:BYTES:VOCAB...

Exit code 1 when a vocabulary has less than 0.95 in common with the library's."""
import argparse, json, pathlib, subprocess, sys, tempfile

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

parser = argparse.ArgumentParser()
parser.add_argument("--pano-train", required=True)
parser.add_argument("case", nargs="+", help="TEXT:BYTES:VOCAB: the first BYTES of the file TEXT, a vocabulary of VOCAB")
arguments = parser.parse_args()


def vocabulary(path):
    return dict(json.loads(pathlib.Path(path).read_text())["model"]["vocab"])


failed = False
print(f"{'text':32} {'bytes':>8} {'vocab':>6} {'jaccard':>8} {'score':>9}")
for case in arguments.case:
    path, size, vocab = case.rsplit(":", 2)
    text = pathlib.Path(path).read_bytes()[: int(size)].decode("utf-8", "ignore")
    with tempfile.TemporaryDirectory() as folder:
        corpus = pathlib.Path(folder, "corpus.txt")
        corpus.write_text(text, newline="")
        library = Tokenizer(models.Unigram())
        library.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=int(vocab), special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
        # Lines end at "\n" alone and keep it.
        lines = [line + "\n" for line in text.split("\n")]
        lines[-1] = lines[-1][:-1]
        library.train_from_iterator([line for line in lines if line], trainer)
        library.save(f"{folder}/library.json")
        recipe = pathlib.Path(folder, "recipe.yaml")
        recipe.write_text(f"task: tokenizer\ntype: unigram\nvocab: {vocab}\ndata: {{train: corpus.txt}}\n")
        subprocess.run([arguments.pano_train, recipe, "--out", f"{folder}/out"], check=True, stdout=subprocess.DEVNULL)
        ours, theirs = vocabulary(f"{folder}/out/tokenizer.json"), vocabulary(f"{folder}/library.json")
    both = ours.keys() & theirs.keys()
    jaccard = len(both) / len(ours.keys() | theirs.keys())
    difference = max(abs(ours[piece] - theirs[piece]) for piece in both)
    print(f"{pathlib.Path(path).name:32} {len(text.encode()):8} {len(theirs):6} {jaccard:8.4f} {difference:9.2g}")
    failed |= jaccard < 0.95
sys.exit(failed)
