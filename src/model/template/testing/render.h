#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "model/template/chat_template.h"

namespace pano::jinja {

// A small chat for tests: a system, a user and an assistant message, and `kwargs` as JSON.
inline ChatInputs TestInputs(std::string_view kwargs = "{}") {
  ChatInputs inputs;
  inputs.messages = json::Parse(R"([{"role":"system","content":" Be brief. "},)"
                                R"({"role":"user","content":"Hi <b>\"there\"</b>\n"},)"
                                R"({"role":"assistant","content":"ok","reasoning_content":"why"}])")
                        .value();
  inputs.kwargs = json::Parse(kwargs).value();
  inputs.bos_token = "<s>";
  inputs.eos_token = "</s>";
  inputs.now_unix = 1721997296;  // 2024-07-26T12:34:56
  return inputs;
}

inline Result<Rendered> RenderSource(std::string_view source,
                                     const ChatInputs& inputs = TestInputs(),
                                     const Limits& limits = {}) {
  PANO_ASSIGN_OR_RETURN(const ChatTemplatePtr chat, ChatTemplate::Parse(source, limits));
  return chat->Render(inputs);
}

// The text, or "error: " and the message.
inline std::string RenderText(std::string_view source, const ChatInputs& inputs = TestInputs(),
                              const Limits& limits = {}) {
  const auto rendered = RenderSource(source, inputs, limits);
  return rendered.ok() ? rendered->text : "error: " + rendered.error().message();
}

}  // namespace pano::jinja
