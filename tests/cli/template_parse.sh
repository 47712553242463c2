# What a model wrote, read as a message by its template: `pano template --parse`.
source "$SOURCE_DIR/tests/cli/harness.sh"

printf '%s' "{% if tools %}<tool_call>{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}<think>" >"$work/chat.jinja"
tools='"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}}]'
chat='"messages": [{"role": "user", "content": "x"}], '$tools

run_with "{$chat, \"output\": \"Hm.</think>\\n<tool_call>\\n{\\\"name\\\": \\\"f\\\", \\\"arguments\\\": {\\\"a\\\": \\\"b\\\"}}\\n</tool_call>\"}" \
  pano template --template "$work/chat.jinja" --parse
code 0
out '"reasoning_content":"Hm."'
out '"function":{"name":"f","arguments":"{\"a\": \"b\"}"}'

# A line each; with pieces also what a stream of them would be, and a line that is wrong is its own answer.
ask="{$chat, \"pieces\": [\"</thi\", \"nk>Hi <tool\", \"_call> no\"]}
{$chat}
{$chat, \"output\": 1}
{\"messages\": [], \"tools\": [{}], \"output\": \"\"}
{\"output\": \"x\"}"
run_with "$ask" pano template --template "$work/chat.jinja" --parse --jsonl
code 0
printf '%s\n' \
  '{"message":{"role":"assistant","content":"Hi <tool_call> no"},"deltas":[{"role":"assistant"},{"content":"Hi"},{"content":" <tool_call> no"}]}' \
  '{"error":"expected one of output and pieces"}' \
  '{"error":"output: expected a text"}' \
  '{"error":"tools[0].name is missing or no text"}' \
  '{"error":"messages: expected an array"}' >"$work/expected"
same "$work/expected"

run_with '{' pano template --template "$work/chat.jinja" --parse; code 1; err template
finish
