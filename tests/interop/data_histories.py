#!/usr/bin/env python3
"""Random histories, lived by dvc in one repository and by pano data in another: after each step the same files, .dvc files,
objects, status and diff. Opt-in.

  python3 -m venv v && v/bin/pip install 'dvc==3.67.1'
  tests/interop/data_histories.py --dvc v/bin/dvc [--pano-data build/release/bin/pano-data] [--seed 1] [--steps 40]

Prints each step; at the first difference what differs, and exits with 1. The same seed gives the same history.
"""
import argparse, hashlib, json, os, pathlib, random, shutil, subprocess, sys, tempfile

parser = argparse.ArgumentParser()
parser.add_argument("--dvc", required=True)
parser.add_argument("--pano-data", default="build/release/bin/pano-data")
parser.add_argument("--seed", type=int, default=1)
parser.add_argument("--steps", type=int, default=40)
args = parser.parse_args()
work = pathlib.Path(tempfile.mkdtemp())
environment = dict(os.environ, DVC_NO_ANALYTICS="1", DVC_SITE_CACHE_DIR=str(work / "site"), HOME=str(work), GIT_CONFIG_NOSYSTEM="1",
                   GIT_AUTHOR_DATE="2024-01-01T00:00:00Z", GIT_COMMITTER_DATE="2024-01-01T00:00:00Z")
tools = {"dvc": os.path.abspath(args.dvc), "pano": os.path.abspath(args.pano_data)}
draw = random.Random(args.seed)
NAMES = ["a", "b.txt", "é x", "a-b", "a b", "Z", "quo'te", "# c", "1e3"]


def run(name, *words):
    return subprocess.run([tools[name], *words], cwd=work / name, env=environment, capture_output=True, text=True, timeout=120)


def git(*words):
    for name in tools:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=work / name, env=environment, check=True, capture_output=True)


def both(*words):
    """Runs the command with each tool; whether it went well, which must be the same."""
    went = {name: run(name, *words) for name in tools}
    codes = {name: done.returncode == 0 for name, done in went.items()}
    if codes["dvc"] != codes["pano"]:
        fail(" ".join(words), {name: f"{done.returncode} {done.stdout}{done.stderr}" for name, done in went.items()})
    return codes["pano"]


def fail(what, sides):
    print(f"DIFFERS: {what}\n  dvc:  {sides['dvc']}\n  pano: {sides['pano']}\n  in {work}")
    sys.exit(1)


def tree(folder, skip=()):
    out = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if name.split("/")[0] in skip or path.is_dir() and not path.is_symlink():
            continue
        out[name] = (hashlib.md5(path.read_bytes()).hexdigest(), bool(path.stat().st_mode & 0o100))
    return out


def ordered(value):
    """JSON with its lists sorted: in which order paths stand is nobody's promise."""
    if isinstance(value, dict):
        return {key: ordered(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return sorted((ordered(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True))
    return value


def compare():
    states = {name: tree(work / name, skip=(".git", ".dvc")) for name in tools}
    if states["dvc"] != states["pano"]:
        only = {n: {k: v for k, v in states[n].items() if states[m].get(k) != v} for n, m in (("dvc", "pano"), ("pano", "dvc"))}
        texts = {n: {k: (work / n / k).read_text(errors="replace")[:500] for k in only[n] if k.endswith((".dvc", ".gitignore"))} for n in only}
        fail("files", {n: f"{only[n]} {texts[n]}" for n in only})
    caches = {name: sorted(tree(work / name / ".dvc/cache/files")) if (work / name / ".dvc/cache/files").exists() else [] for name in tools}
    if caches["dvc"] != caches["pano"]:
        fail("objects", {n: sorted(set(caches[n]) - set(caches[m])) for n, m in (("dvc", "pano"), ("pano", "dvc"))})
    for words in (["status", "--granular", "--unchanged", "--json"], ["status", "--json"], ["diff", "--json", "--show-hash"]):
        answers = {}
        for name in tools:
            command = ["data", *words] if name == "dvc" and words[0] == "status" else words
            done = run(name, *command)
            answers[name] = ordered(json.loads(done.stdout or "{}")) if done.returncode == 0 else f"exit {done.returncode}: {done.stderr[-300:]}"
            if name == "dvc" and isinstance(answers[name], dict):
                answers[name].pop("git", None)
                answers[name].pop("untracked", None)
        if answers["dvc"] != answers["pano"]:
            fail(" ".join(words), {name: json.dumps(answers[name], ensure_ascii=False) for name in tools})


def each(edit):
    for name in tools:
        edit(work / name)


def draw_path():
    path = ["d"]
    while len(path) < 2 or draw.random() < 0.35 and len(path) < 4:
        path.append(draw.choice(NAMES))
    return "/".join(path)


def write_file():
    path, text = draw_path(), draw.choice(["", "x", "one\n", "one\r\n", "two\n", "three\n" * 1000])
    executable = draw.random() < 0.1

    def edit(root):
        target = root / path
        for above in reversed(target.parents):
            if above.is_relative_to(root / "d") and (above.is_file() or above.is_symlink()):
                above.unlink()
        if target.is_dir():
            shutil.rmtree(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            target.unlink()
        target.write_bytes(text.encode())
        target.chmod(0o755 if executable else 0o644)
    each(edit)
    return f"write {path}"


def files_of_data():
    return sorted(str(p.relative_to(work / "pano")) for p in (work / "pano/d").rglob("*") if p.is_file())


def remove_file():
    found = files_of_data()
    if not found:
        return "nothing to remove"
    path = draw.choice(found)
    each(lambda root: (root / path).unlink())
    return f"unlink {path}"


def rename_file():
    found = files_of_data()
    if not found:
        return "nothing to rename"
    path, to = draw.choice(found), f"d/renamed{draw.randrange(3)}"
    each(lambda root: (root / to).is_dir() or os.replace(root / path, root / to))
    return f"rename {path} {to}"


def ignore():
    text = draw.choice(["", "*.txt\n", "/d/a\n", "d/**/Z\n", "b*\n!b.txt\n"])
    each(lambda root: (root / ".dvcignore").write_text(text))
    return f".dvcignore {text!r}"


def add_part():
    found = files_of_data()
    if not found:
        return "nothing to add"
    path = draw.choice(found)
    path = draw.choice([path, str(pathlib.PurePath(path).parent)])
    return f"add {path}: {both('add', path)}"


def commit_git():
    git("add", "-A", "--", "*.dvc", ".gitignore", ".dvcignore")
    git("commit", "-q", "--allow-empty", "-m", "step")
    return "git commit"


def single():
    each(lambda root: (root / "f").exists() or (root / "f").write_text("single\n"))
    return f"add f: {both('add', 'f')}"


def move():
    where = draw.choice([("f", "g"), ("g", "f"), ("f", "sub/f")])
    each(lambda root: (root / "sub").mkdir(exist_ok=True))
    if not (work / "pano" / where[0]).exists() or (work / "pano" / where[1]).exists() or not (work / "pano" / f"{where[0]}.dvc").exists():
        return "nothing to move"
    return f"move {where}: {both('move', *where)}"


def remove():
    name = draw.choice(["f", "g", "sub/f"])
    if not (work / "pano" / f"{name}.dvc").exists():
        return "no file to remove"
    return f"remove {name}: {both('remove', name + '.dvc')}"


def checkout_part():
    found = files_of_data()
    if not found:
        return "nothing to check out"
    path = draw.choice(found)
    return f"checkout {path}: {both('checkout', '--force', draw.choice([path, str(pathlib.PurePath(path).parent)]))}"


def annotate():
    words = draw.choice(["meta:\n  owner: me  # a comment\n", "desc: 'a: b # c'\n", "# the end\n"])

    def edit(root):
        text = (root / "d.dvc").read_text()
        if words.split(":")[0] not in text:
            (root / "d.dvc").write_text(text + words)
    each(edit)
    return f"d.dvc + {words!r}"


def through_the_remote():
    """Pushes, loses the cache and the data, pulls."""
    went = both("push")
    remotes = {name: sorted(tree(work / f"remote-{name}")) for name in tools}
    if remotes["dvc"] != remotes["pano"]:
        fail("remotes", {n: sorted(set(remotes[n]) - set(remotes[m])) for n, m in (("dvc", "pano"), ("pano", "dvc"))})
    if not went:
        return "push: False"
    each(lambda root: shutil.rmtree(root / ".dvc/cache", ignore_errors=True))
    if draw.random() < 0.5:
        return f"push, fetch: {both('fetch')}"
    each(lambda root: [p.unlink() for p in (root / "d").rglob("*") if p.is_file()])
    return f"push, pull: {both('pull', '--force')}"


def compare_commits():
    answers = {name: run(name, "diff", "--json", "HEAD~1", "HEAD") for name in tools}
    found = {name: ordered(json.loads(done.stdout or "{}")) if done.returncode == 0 else "failed" for name, done in answers.items()}
    if found["dvc"] != found["pano"]:
        fail("diff HEAD~1 HEAD", found)
    return "diff HEAD~1 HEAD"


steps = [checkout_part, annotate, through_the_remote, compare_commits] + [write_file] * 6 + [remove_file, rename_file, rename_file, ignore, add_part, commit_git, single, move, remove,
         lambda: f"add d: {both('add', 'd')}", lambda: f"add d: {both('add', 'd')}", lambda: f"commit: {both('commit', '--force')}",
         lambda: f"checkout: {both('checkout', '--force')}", lambda: f"gc: {both('gc', '-w', '-f')}"]
for name in tools:
    (work / name).mkdir()
git("init", "-q")
both("init")
for name in tools:
    (work / f"remote-{name}").mkdir()
    (work / name / ".dvc/config").write_text(f"[core]\n    remote = r\n['remote \"r\"']\n    url = ../../remote-{name}\n")
write_file()
both("add", "d")
commit_git()
compare()
for step in range(args.steps):
    print(f"{step}: {draw.choice(steps)()}", flush=True)
    compare()
print(f"seed {args.seed}: {args.steps} steps, no difference")
shutil.rmtree(work, ignore_errors=True)
