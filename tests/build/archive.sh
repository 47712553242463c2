#!/usr/bin/env bash
# A source archive configures without git and names the commit that it was made of; a copy of the tree
# inside of another project's repository does not take that one's.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/../.."
command -v git >/dev/null && git rev-parse HEAD >/dev/null 2>&1 || { echo 'skipped: not a git checkout'; exit 0; }
# shellcheck disable=SC2153
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "FAILED: $*"; exit 1; }

mkdir -p "$work/panorama" "$work/bin"
# What is to be committed, too: the archive of the working tree.
# Objects go beside the repository, not into it.
objects=$(git rev-parse --path-format=absolute --git-path objects)
mkdir "$work/objects"
export GIT_OBJECT_DIRECTORY=$work/objects GIT_ALTERNATE_OBJECT_DIRECTORIES=$objects
tree=$(GIT_INDEX_FILE="$work/index" sh -c 'git read-tree HEAD && git add -A && git write-tree')
stamped=$(git -c user.name=test -c user.email=test@localhost commit-tree "$tree" -p HEAD -m archive)
git archive "$stamped" | tar -x -C "$work/panorama"
unset GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
printf '#!/bin/sh\nexit 127\n' >"$work/bin/git"
chmod +x "$work/bin/git"

configure() {   # configure BUILD: prints the commit that the build would bear
  PATH="$work/bin:$PATH" cmake --preset release -S "$work/panorama" -B "$1" -DPANO_TESTS=OFF \
    -DPANO_WITHOUT="model/train;pano/train" >"$work/log" 2>&1 || { cat "$work/log"; fail "configure"; }
  sed -n 's/.*kCommit = "\(.*\)".*/\1/p' "$1/gen/pano/version.h"
}
cd "$work/panorama"
commit=$(configure "$work/one")
[[ $commit == "${stamped:0:12}" ]] || fail "the archive says '$commit', not '${stamped:0:12}'"
grep -q '"0\.[0-9]*\.[0-9]*' "$work/one/gen/pano/version.h" || fail 'no version'

# The same tree without the stamp, within another repository.
rm "$work/bin/git"
echo '$Format:%H %ct$' >cmake/archive_commit.txt
git -C "$work" init -q
git -C "$work" -c user.name=test -c user.email=test@localhost commit -q --allow-empty -m other
commit=$(configure "$work/two")
[[ $commit == unknown ]] || fail "a copy says '$commit', which is not its own"
echo "archive of ${stamped:0:12}: configured without git"
