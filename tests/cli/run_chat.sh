# `pano run --chat`: a conversation goes on after an interrupted answer and beyond the context.
source "$SOURCE_DIR/tests/cli/harness.sh"
skip_unless "$SOURCE_DIR/models/starter/config.json" "models/starter is absent"

# Once a full context ended the program.
turns=''
for i in 1 2 3 4 5 6 7 8; do turns+='Once upon a time there was a dog that'$'\n'; done
run_with "$turns" pano run --chat --max-tokens 100 --temperature 0; code 0; err "of the oldest turns left out"
check "every turn is answered" test "$(grep -c . "$work/out")" -ge 8
long=$(printf 'a cat %.0s' {1..600})
run_with "$long"$'\n'"Once upon a time"$'\n' pano run --chat --max-tokens 4 --temperature 0
code 0; err "not answered: the last message alone is"
check "the turn behind it is" test -s "$work/out"

# Once every answer after an interrupted one ended at its first token. The signal may come too late for
# the answer, so there are some tries.
shown='pano run --chat, interrupted' got=0
survived=no
for try in 1 2 3 4 5; do
  mkfifo "$work/in$try" "$work/out$try"
  PANO_CPU=generic "$PANO" run --chat --threads 1 --compute f32 --ignore-eos --temperature 0 \
    <"$work/in$try" >"$work/out$try" 2>"$work/err" &
  process=$!
  exec 3>"$work/in$try" 4<"$work/out$try"
  echo 'Once upon a time' >&3
  IFS= read -r -N 1 -u 4 _
  kill -INT $process
  echo 'a dog and a cat' >&3
  exec 3>&-
  cat <&4 >"$work/out"
  exec 4<&-
  wait $process && [[ $(wc -w <"$work/out") -ge 100 ]] && survived=yes && break
done
check "the next answer is whole" test $survived = yes
mkfifo "$work/in"
"$PANO" run --chat <"$work/in" >"$work/out" 2>"$work/err" &
process=$!
exec 3>"$work/in"
sleep 1.5
kill -INT $process
wait $process
got=$?
exec 3>&-
shown='pano run --chat, interrupted at the prompt'
code 1; err "interrupted"
finish
