# Man pages and completions, written from the option tables: every command and option is in them, and the
# programs that read them do.
source "$SOURCE_DIR/tests/cli/harness.sh"

run pano docs; code 2; err "--out DIR is missing"
run pano docs --out /dev/null/x; code 1; err "/dev/null"; one_line_error
run pano docs --out "$work/docs" --date 2026-11-30; code 0
docs=$work/docs
for command in $(pano --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
  [[ -x $(dirname "$PANO")/pano-$command ]] && continue       # documented by itself
  check "has a page for $command" test -s "$docs/man/man1/pano-$command.1"
  for shell in bash/pano zsh/_pano fish/pano.fish; do
    check "$shell knows $command" grep -qw -- "$command" "$docs/$shell"
  done
done
for option in $(pano serve --help | sed -n 's/^  --\([a-z-]*\) .*/\1/p'); do
  check "serve --$option is described" grep -qF -- "\\-\\-${option//-/\\-}" "$docs/man/man1/pano-serve.1"
done

if command -v groff >/dev/null; then
  for page in "$docs"/man/man1/*.1; do
    run groff -man -Tutf8 -ww -z "$page"; code 0; check "groff is silent" test ! -s "$work/err"
  done
fi

# complete WORD...: what bash offers for the last word.
complete_in_bash() {
  bash -c 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); compopt() { :; }; _pano; printf "%s\n" "${COMPREPLY[@]}"' \
    "$docs/bash/pano" "$@"
}
run complete_in_bash pano se; code 0; check "offers serve alone" test "$(cat "$work/out")" = serve
run complete_in_bash pano serve --max-q; code 0; out "--max-queue"
run complete_in_bash pano serve --compute ''; code 0; out "fast"; out "f32"
run complete_in_bash pano inspect "$SOURCE_DIR/READ"; code 0; out "README.md"
run complete_in_bash pano models ''; code 0; out "verify"
check "an action has a page" test -s "$docs/man/man1/pano-models-list.1"
run bash -n "$docs/bash/pano"; code 0
if command -v zsh >/dev/null; then run zsh -n "$docs/zsh/_pano"; code 0; fi
if command -v fish >/dev/null; then
  run fish -n "$docs/fish/pano.fish"; code 0
  run fish -c "source $docs/fish/pano.fish; complete -C 'pano serve --max-q'"; code 0; out "--max-queue"
fi
finish
