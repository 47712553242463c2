// Template source, and behind a NUL byte optionally the chat as JSON. Whatever comes in, rendering
// ends within its limits and says the truth about its output.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/template/chat_template.h"
#include "model/template/conversation.h"

namespace {

using pano::jinja::ChatInputs;
using pano::jinja::ChatTemplate;
using pano::jinja::Limits;
using pano::jinja::Rendered;

constexpr std::string_view kChat =
    R"({"messages":[{"role":"system","content":" Be <b>brief</b>.\n"},)"
    R"({"role":"user","content":[{"type":"text","text":"na\u00efve \ud83d\ude00"},{"type":"image"}]},)"
    R"({"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",)"
    R"("function":{"name":"f","arguments":{"x":1,"y":[true,null,2.5]}}}]},)"
    R"({"role":"tool","content":"<|end|>","reasoning_content":"why"}],)"
    R"("tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}],)"
    R"("kwargs":{"n":-3,"text":"a,b;c","items":[3,1,2]}})";

ChatInputs ReadInputs(const pano::json::Value& chat) {
  ChatInputs out;
  out.bos_token = "<s>";
  out.eos_token = "</s>";
  out.now_unix = 1721997296;
  if (const auto* messages = chat.Find("messages")) out.messages = *messages;
  if (const auto* tools = chat.Find("tools")) out.tools = *tools;
  if (const auto* kwargs = chat.Find("kwargs")) out.kwargs = *kwargs;
  return out;
}

void CheckRendered(const Rendered& rendered, const Limits& limits) {
  PANO_CHECK(rendered.text.size() <= limits.output_bytes_max);
  PANO_CHECK(pano::Utf8Valid(rendered.text));
  size_t previous = 0;
  for (const Rendered::Range& range : rendered.from_inputs) {
    PANO_CHECK(range.begin < range.end && range.end <= rendered.text.size());
    PANO_CHECK(range.begin > previous || (range.begin == 0 && previous == 0));
    previous = range.end;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view source(reinterpret_cast<const char*>(data), size);
  std::string_view chat_text = kChat;
  if (const size_t nul = source.find('\0'); nul != std::string_view::npos) {
    chat_text = source.substr(nul + 1);
    source = source.substr(0, nul);
  }
  Limits limits;
  limits.steps_max = 20'000;
  limits.output_bytes_max = 64 << 10;
  limits.memory_bytes_max = 1 << 20;
  const auto parsed = ChatTemplate::Parse(source, limits);
  if (!parsed.ok()) return 0;
  const auto chat = pano::json::Parse(chat_text);
  if (!chat.ok()) return 0;
  const ChatInputs inputs = ReadInputs(*chat);
  if (inputs.messages.is_array()) {
    // As a client's conversation: other forms of the messages, an assistant's own markers.
    ChatInputs sent = inputs;
    sent.own_markers = [](std::string_view text) {
      std::vector<Rendered::Range> places;
      for (size_t at = 0; (at = text.find('<', at)) != std::string_view::npos; ++at) {
        places.push_back({at, at + 1});
      }
      return places;
    };
    const auto conversation = pano::jinja::RenderConversation(**parsed, sent);
    if (conversation.ok()) CheckRendered(*conversation, limits);
  }
  const auto first = (*parsed)->Render(inputs);
  const auto second = (*parsed)->Render(inputs);
  PANO_CHECK(first.ok() == second.ok());
  if (!first.ok()) return 0;
  PANO_CHECK(first->text == second->text);
  CheckRendered(*first, limits);
  return 0;
}
