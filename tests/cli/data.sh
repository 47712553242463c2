# Versions of data from the command line: what a newcomer mistypes, what a hostile repository holds, and the ways round a repository.
source "$SOURCE_DIR/tests/cli/harness.sh"
data() { "$PANO_DATA" "$@"; }
repo() {   # repo NAME: a fresh repository, without git, to stand in
  mkdir -p "$work/$1" && cd "$work/$1" || exit 1
  data init --no-scm >/dev/null || exit 1
}
no_litter() { test -z "$(find "$work" -name '.pano-tmp*')"; }

run data --help; code 0; out "add"; out "verify"
run data; code 2
run data ad; code 2; err "did you mean 'add'"
for command in init add commit checkout remove move status diff push pull fetch gc verify log import repro dag; do
  run data $command --help; code 0; out "pano data $command"
done
mkdir "$work/empty" && cd "$work/empty"
run data status; code 1; err "pano data init"; one_line_error
run data init; code 1; err "--no-scm"; one_line_error

repo words
run data add none; code 1; err "none"; one_line_error
run data add ../outside; code 1; err "outside"; one_line_error
run data add .; code 1; one_line_error
run data add .dvc; code 1; err "repository"; one_line_error
printf 'a\n' >a.txt
run data add a.txt a.txt; code 1; err "twice"
run data add a.txt; code 0; err "a.txt.dvc"
run data status --json; code 0; out "{}"
run data checkout nothing; code 1; err "nothing"; one_line_error
run data remove a.txt; code 1; err ".dvc"; one_line_error
run data move a.txt b/c; code 1; err "b"; one_line_error
run data gc --force; code 2; err "--workspace"
run data gc --workspace; code 1; err "--force"
run data push; code 1; err "remote"; one_line_error
run data import "$work/none" x; code 1; err "none"; one_line_error

# Names and links that cannot be data.
repo names
mkdir d && printf 'x' >"d/$(printf 'bad\377name')"
run data add d; code 1; err "UTF-8"; one_line_error
rm -rf d && mkdir d && ln -s ../d/loop d/loop
run data add d; code 1; err "circle"; one_line_error
rm d/loop && ln -s /etc/passwd d/out
run data add d; code 1; err "out of the repository"; one_line_error
rm d/out && mkfifo d/pipe
run data add d; code 1; err "neither"; one_line_error
rm d/pipe && ln -s nowhere d/dangling
run data add d; code 1; err "nothing"; one_line_error
check "no manifest" test ! -e d.dvc
rm -r d
ln -s "$work" up
run data add up/x; code 1; one_line_error

# Files that somebody else wrote.
repo hostile
mkdir "$work/victim" && printf 'safe' >"$work/victim/f"
md5=d41d8cd98f00b204e9800998ecf8427e
mkdir -p .dvc/cache/files/md5/d4 && : >.dvc/cache/files/md5/d4/${md5:2}
hostile() {   # hostile TEXT of x.dvc
  printf "$1" >x.dvc
  for command in status checkout fetch; do
    run data $command; code 1; err "x.dvc"; one_line_error
  done
  rm x.dvc
}
hostile 'outs:\n- md5: '$md5'\n  path: ../victim/f\n  hash: md5\n'
hostile 'outs:\n- md5: '$md5'\n  path: /tmp/f\n  hash: md5\n'
hostile 'outs:\n- md5: '$md5'\n  path: .git/hooks/post-checkout\n  hash: md5\n'
hostile 'outs:\n- md5: '$md5'\n  path: .dvc/config\n  hash: md5\n'
hostile 'outs:\n- md5: '$md5'\n  path: "a\\0b"\n  hash: md5\n'
hostile 'outs:\n- md5: 00\n  path: f\n'
hostile 'outs:\n- md5: ../../../../etc/passwd\n  path: f\n'
hostile 'outs: [\n'
hostile 'outs:\n- md5: '$md5'\n  path: f\n- md5: '$md5'\n  path: f\n'
hostile 'outs:\n- md5: '$md5'\n  size: -1\n  path: f\n'
hostile 'outs:\n- md5: '$md5'\n  md5: '$md5'\n  path: f\n'
hostile 'wdir: ../../victim\nouts:\n- md5: '$md5'\n  path: f\n'
hostile 'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\nouts: *g\n'
{ printf 'outs: '; head -c 100000 /dev/zero | tr '\0' '['; } >x.dvc
run data status; code 1; err "x.dvc"; one_line_error
head -c 70000000 /dev/zero | tr '\0' '#' >x.dvc
run data status; code 1; err "x.dvc"; one_line_error
rm x.dvc
manifest() {   # manifest TEXT: a folder whose manifest says so
  local text=$1 sum
  sum=$(printf '%s' "$text" | md5sum | cut -d' ' -f1)
  mkdir -p ".dvc/cache/files/md5/${sum:0:2}" && printf '%s' "$text" >".dvc/cache/files/md5/${sum:0:2}/${sum:2}.dir"
  printf 'outs:\n- md5: %s.dir\n  path: d\n  hash: md5\n' "$sum" >d.dvc
  run data checkout; code 1; err "$sum"; one_line_error
  rm -rf d d.dvc
}
manifest '[{"md5": "'$md5'", "relpath": "../../victim/f"}]'
manifest '[{"md5": "'$md5'", "relpath": "/tmp/f"}]'
manifest '[{"md5": "'$md5'", "relpath": "a/./b"}]'
manifest '[{"md5": "'$md5'", "relpath": ""}]'
manifest '[{"md5": "'$md5'", "relpath": "a//b"}]'
manifest '[{"md5": "'$md5'", "relpath": "s/.git/config"}]'
manifest '[{"md5": "'$md5'", "relpath": "a\u0000b"}]'
manifest '[{"md5": "'$md5'", "relpath": "a"}, {"md5": "'$md5'", "relpath": "a/b"}]'
manifest '[{"md5": "'$md5'", "relpath": "a"}, {"md5": "'$md5'", "relpath": "a"}]'
manifest '[{"md5": "'$md5'", "relpath": "a"'
manifest '{"md5": "'$md5'"}'
# A folder of the workspace that leads out: nothing goes through it.
good='[{"md5": "'$md5'", "relpath": "s/f"}]'
sum=$(printf '%s' "$good" | md5sum | cut -d' ' -f1)
mkdir -p ".dvc/cache/files/md5/${sum:0:2}" && printf '%s' "$good" >".dvc/cache/files/md5/${sum:0:2}/${sum:2}.dir"
printf 'outs:\n- md5: %s.dir\n  path: d\n  hash: md5\n' "$sum" >d.dvc
mkdir d && ln -s "$work/victim" d/s
run data checkout --force; code 1; err "link"; one_line_error
rm -rf d && ln -s "$work/victim" d
run data checkout; code 1; one_line_error
check "nothing outside was written" test "$(cat "$work/victim/f")$(ls "$work/victim")" = safef
rm d d.dvc
printf '[core]\n remote = r\n[unclosed\n' >.dvc/config
run data status; code 1; err "config"; one_line_error

# Pipelines that somebody else wrote.
repo pipelines
pipeline() { printf "$1" >dvc.yaml; run data repro; code 1; err "$2"; one_line_error; }
pipeline 'stages: [\n' "dvc.yaml"
pipeline 'stages:\n  a:\n    cmd: "true"\n    outs: [../../victim]\n' "victim"
pipeline 'stages:\n  a:\n    cmd: "true"\n    deps: [b]\n    outs: [a]\n  b:\n    cmd: "true"\n    deps: [a]\n    outs: [b]\n' "circle"
pipeline 'stages:\n  a:\n    cmd: echo ${x}\n' "x"
pipeline 'stages:\n  a:\n    matrix:\n      i: [0,1,2,3,4,5,6,7,8,9]\n      j: [0,1,2,3,4,5,6,7,8,9]\n      k: [0,1,2,3,4,5,6,7,8,9]\n      l: [0,1,2,3,4,5,6,7,8,9]\n      m: [0,1,2,3,4,5,6,7,8,9]\n      n: [0,1,2,3,4,5,6,7,8,9]\n    cmd: echo\n' "dvc.yaml"
printf 'stages:\n  a:\n    cmd: cp in out\n    deps: [in]\n    outs: [out]\n' >dvc.yaml
printf 'x' >in
printf 'schema: [\n' >dvc.lock
run data repro; code 1; err "dvc.lock"; one_line_error
rm dvc.lock
run data repro; code 0
# What a stage made is taken as it is now.
printf 'changed by hand' >out
run data commit; code 1; err "--force"
run data commit --force; code 0
run data status --json; code 0; out "{}"
run data repro; code 0
check "the stage did not run again" test "$(cat out)" = "changed by hand"
rm out
run data checkout; code 0
check "its object is in the cache" test "$(cat out)" = "changed by hand"

# Files in chunks.
repo chunks
head -c 6000000 /dev/urandom >big
run data add --chunked big; code 0
run data status --json --granular; code 0; out "{}"
run data verify --json; code 0; out '"corrupt": []'
pack=$(find .dvc/cache/pano/packs -type f | head -n 1)
chmod u+w "$pack" && printf 'XXXX' | dd of="$pack" bs=1 seek=3000 conv=notrunc status=none
run data verify --json; code 1; out "$(md5sum big | cut -d' ' -f1)"
rm big
run data checkout; code 1
check "no corrupt file is handed out" test ! -e big

# A sparse file: its holes stay holes, and memory is a few pieces of it.
repo sparse
truncate -s 300M hole && printf 'end' >>hole
run data add hole; code 0
check "the object is sparse" test "$(du -k .dvc/cache/files | tail -n 1 | cut -f1)" -lt 10000
rm hole
run data checkout; code 0
check "so is the file" test "$(du -k hole | cut -f1)" -lt 10000 -a "$(stat -c %s hole)" = 314572803

# From another repository, and what it must not bring.
mkdir "$work/source" && cd "$work/source" && git init -q
git() { command git -c user.name=a -c user.email=a@b "$@"; }
run data init; code 0
mkdir -p d/s && printf 'one\n' >d/a && printf 'two\n' >d/s/b
run data add d; code 0
git add -A && git commit -q -m one
cd "$work" && repo target
run data import "$work/source" d; code 0; out "version"
check "the data came" test "$(cat d/s/b)" = two
run data import "$work/source" d/s/b --out b; code 0
check "the file came" test "$(cat b)" = two
run data status --json; code 0; out "{}"
run data import "$work/source" d; code 1; err "d"; one_line_error
run data import "$work/source" nothing; code 1; err "nothing"; one_line_error
run data import "$work/source" ../victim/f; code 1; one_line_error
run data add d; code 1; err "imported"; one_line_error
run data import "$work/source/d/a" --out alone; code 0
check "a file of no repository came" test "$(cat alone)" = one

# What differs between two revisions, as dvc 3.67 prints it: the file in a folder's place is seen by what was in that folder.
mkdir "$work/revisions" && cd "$work/revisions" && git init -q
run data init; code 0
mkdir -p d/x && printf '1' >d/x/f && printf '2' >d/y && printf 'k' >d/keep && printf 'r' >d/old
run data add d; code 0
git add -A && git commit -q -m one
rm -r d/x d/y && printf '3' >d/x && mkdir d/y && printf '4' >d/y/g && mv d/old d/y/new
differs='{"added": [{"path": "d/y/g"}], "deleted": [{"path": "d/x/f"}], "modified": [{"path": "d/"}], "renamed": [{"path": {"old": "d/old", "new": "d/y/new"}}]'
run data diff --json; code 0; out "$differs"; out '"not in cache": []'
run data add d; code 0
git add -A && git commit -q -m two
run data diff --json; code 0; check "nothing differs" test "$(cat "$work/out")" = '{}'
run data diff --json HEAD~1 HEAD; code 0; out "$differs"
run data diff --json nonsense; code 1; err "nonsense"; one_line_error
run data log --json d; code 0; out '"subject":"two"'; out '"subject":"one"'

# From a web server.
"$WEB_SERVER" >"$work/url" &
server=$!
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 100); do [ -s "$work/url" ] && break; sleep 0.1; done
url=$(cat "$work/url")
cd "$work" && repo web
sum_of() { head -c 100000 /dev/zero | tr '\0' "$1" | md5sum | cut -d' ' -f1; }
imported() {   # imported NAME CHARACTER: the file is whole, and of that character
  check "$1 is whole" test "$(md5sum <"$1" | cut -d' ' -f1)" = "$(sum_of "$2")"
  check "$1.dvc says so" grep -q "$(sum_of "$2")" "$1.dvc"
}
run data import "$url/file/a%20b.csv?version=1#top"; code 0; imported "a%20b.csv" x
check "the version is the server's" grep -qF "checksum: '\"1\"'" a%20b.csv.dvc
run data import "$url/cut/cut.csv"; code 0; imported cut.csv x
run data import "$url/redirect/moved.csv"; code 0; imported moved.csv x
check "where it was asked for" grep -qF "path: $url/redirect/moved.csv" moved.csv.dvc
run data import "$url/changed/c.csv"; code 0; imported c.csv y
run data status --json; code 0; out "{}"
refused() {   # refused PATH CODE-WORDS: nothing is left
  run data import "$url/$1/f"; code 1; err "$2"; one_line_error
  check "nothing is left of $1" test ! -e f -a ! -e f.dvc -a -z "$(find .dvc -name '.pano-tmp*')"
}
refused circle "redirects more than"
refused none "404"
refused page "404"
run data import "$url/"; code 1; err "--out"; one_line_error
run data import "$url/file/x" --out ../x; code 1; one_line_error
run data import "$url/file/x" --out a%20b.csv; code 1; err "there already"; one_line_error
run data import "ftp://127.0.0.1/x"; code 1; err "http"; one_line_error
# A connection that stays cut is given up after some seconds; before, it can be interrupted.
timeout --foreground --signal=INT 3 "$PANO_DATA" import "$url/cut-for-good/f" >"$work/out" 2>"$work/err"; got=$?; shown="data import, interrupted"
code 124
check "nothing is left of it" test ! -e f -a ! -e f.dvc -a -z "$(find .dvc -name '.pano-tmp*')"
kill $server

# Files whose times lie in the future (the clock went back) are seen to change.
repo clock
printf 'one\n' >f && touch -d '+1 hour' f
run data add f; code 0
printf 'two\n' >f && touch -d '+1 hour' f
run data status --json; code 0; out '"modified": ["f"]'

# A full disk.
mkdir "$work/small"
if mount -t tmpfs -o size=3m none "$work/small" 2>/dev/null; then
  cd "$work/small" && data init --no-scm
  head -c 1000000 /dev/urandom >fits && run data add fits; code 0
  mkdir many && for i in $(seq 60); do head -c 12000 /dev/urandom >many/$i; done
  run data add many; code 1; err "space"; one_line_error
  check "no .dvc file names what is not stored" test ! -e many.dvc
  check "nothing is left of it" test -z "$(find . -name '.pano-tmp*' -size +0)"
  run data verify; code 0
  rm -r many
  run data status --json; code 0; out "{}"
  cd "$work" && umount "$work/small"
fi
check "no temporary file is left" no_litter
cd /
finish
