# `pano chat` without a terminal: each line of standard input is a message; answers go to standard output,
# everything else to standard error. (tests/chat_terminal_test.cc has the terminal.)
source "$SOURCE_DIR/tests/cli/harness.sh"
skip_unless "$SOURCE_DIR/models/starter/config.json" "models/starter is absent"
export XDG_STATE_HOME=$work/state
greedy='--temperature 0 --max-tokens 8'

run_with $'Once upon a time\nThe dog\n' pano chat $greedy; code 0; err "[cut at max-tokens = 8]"
check "two answers, and nothing else" test "$(wc -l <"$work/out")" -eq 2
check "no colours" sh -c "! grep -q $'\033' $work/out $work/err"
check "no history of a pipe" test ! -e "$work/state"
run_with $'Once upon a time' pano chat $greedy; code 0; out ","
run_with '' pano chat; code 0
run_with $'\r\n\n  \n' pano chat; code 0
check "no answer to nothing" test ! -s "$work/out"
# Text from a pipe is text: it reads no files and gives no commands.
echo "secret" >"$work/secret"
run_with "/quit @$work/secret"$'\n'"The dog"$'\n' pano chat $greedy; code 0
check "both lines are answered" test "$(wc -l <"$work/out")" -ge 2
run_with "/set thinking hide"$'\n'"Read @$work/secret"$'\n'"/save $work/talk.json"$'\n/quit\nnot asked\n' \
  pano chat --commands $greedy
code 0; err "thinking = hide"; err "secret (7 bytes)"; err "1 turn written"
check "the conversation is saved" grep -q secret "$work/talk.json"
check "for its owner only" test "$(stat -c %a "$work/talk.json")" = 600
run_with "/tokens"$'\n' pano chat --commands --load "$work/talk.json"; code 0; err "1 turn read"; err "of 512 tokens"
run_with x pano chat --load "$work/secret"; code 1; err "$work/secret"; one_line_error
run_with x pano chat --load "$work/absent"; code 1; err "$work/absent"; one_line_error
# A full context drops nothing without a word.
long=$(printf 'a cat %.0s' {1..600})
run_with "$long"$'\n'"The dog"$'\n' pano chat $greedy; code 1; err "not answered"; err "/set trim on"
check "what fits is answered" test -s "$work/out"
turns=$(printf 'Once upon a time there was a dog that\n%.0s' {1..8})
run_with "$turns" pano chat --temperature 0 --max-tokens 100 --trim on; code 0;
err "left out"
# A template that begins the thinking itself: what follows is thinking until it ends.
cp -r "$SOURCE_DIR/models/starter" "$work/thinker"
printf '%s' "{% for m in messages %}{{ m.role }}: {{ m.content }}"$'\n'"{% endfor %}<think>"$'\n' >"$work/thinker/chat_template.jinja"
run_with 'Once upon a time' pano chat $greedy --model "$work/thinker" --thinking show; code 0
check "no answer yet" test ! -s "$work/out"
check "its thinking" test "$(grep -cv '^\[' "$work/err")" -ge 1
run_with $'Once upon a time\n/save '"$work/thought.json"$'\n' pano chat --commands $greedy --model "$work/thinker"; code 0
err "[thought for 0 s"
check "thinking is kept apart" grep -q '"thinking":' "$work/thought.json"
run_with x pano chat --thinking loud; code 2; err "fold|show|hide"
run_with x pano chat --model "$work/absent"; code 1; err "absent"; one_line_error
run_with x pano chat --url ftp://x; code 1; err "ftp://x"
run_with x pano chat --url http://127.0.0.1:1; code 1; err "127.0.0.1:1"; err "hint:"
if [[ -e /dev/full ]]; then
  shown='pano chat >/dev/full'
  echo "Once upon a time" | "$PANO" chat $greedy >/dev/full 2>"$work/err"
  got=$?
  code 1; err "No space left on device"
fi
finish
