"""What hub_cache.sh asks of huggingface_hub: find, fetch, scan REPO..."""
import os
import sys

import huggingface_hub as hub

FILES = ["config.json", "tokenizer.json", "tokenizer_config.json", "generation_config.json", "model.safetensors"]
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models", "starter")


def same(path, name):
    with open(path, "rb") as ours, open(os.path.join(SOURCE, name), "rb") as source:
        assert ours.read() == source.read(), path


def scan(expected):
    info = hub.scan_cache_dir()
    assert not info.warnings, info.warnings
    assert {repo.repo_id for repo in info.repos} == set(expected), info.repos
    for repo in info.repos:
        assert {"main"} == {ref for revision in repo.revisions for ref in revision.refs}, repo
    left = getattr(info, "incomplete_files", ())
    assert not left, left


if sys.argv[1] == "find":
    for name in FILES:
        same(hub.hf_hub_download("org/starter", name, local_files_only=True), name)
    folder = hub.snapshot_download("org/starter", local_files_only=True)
    assert sorted(os.listdir(folder)) == sorted(FILES), os.listdir(folder)
    hub.hf_hub_download("org/starter-GGUF", "starter-Q8_0.gguf", local_files_only=True)
    scan(["org/starter", "org/starter-GGUF"])
elif sys.argv[1] == "fetch":
    folder = hub.snapshot_download("org/starter")
    for name in FILES:
        same(os.path.join(folder, name), name)
    hub.hf_hub_download("org/starter-GGUF", "starter-Q8_0.gguf")
    scan(["org/starter", "org/starter-GGUF"])
else:
    scan(sys.argv[2:])
print(f"  huggingface_hub {hub.__version__}: {' '.join(sys.argv[1:])} ok")
