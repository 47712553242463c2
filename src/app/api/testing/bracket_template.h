#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "model/template/chat_template.h"

namespace pano::api::testing {

// "[role]content" for each message, with "(reasoning)" before and "{calls}" behind it where it has some,
// "[tools]" where there are tools, "[assistant]" at the end; what came from the messages is marked. Immutable, so
// thread-safe.
class BracketTemplate final : public jinja::ChatTemplate {
 public:
  Result<jinja::Rendered> Render(const jinja::ChatInputs& inputs) const override {
    jinja::Rendered out;
    for (const json::Value& message : inputs.messages.as_array()) {
      out.text += "[" + message.Find("role")->as_string() + "]";
      const json::Value* reasoning = message.Find("reasoning_content");
      if (reasoning && reasoning->is_string()) out.text += "(" + reasoning->as_string() + ")";
      const size_t begin = out.text.size();
      const json::Value& content = *message.Find("content");
      if (!content.is_string() && !content.is_null()) {
        return InvalidArgument("TypeError: content is no string");
      }
      if (content.is_string()) out.text += content.as_string();
      out.from_inputs.push_back({begin, out.text.size()});
      if (const json::Value* calls = message.Find("tool_calls")) out.text += json::Dump(*calls);
    }
    if (inputs.tools.is_array()) out.text += "[tools]";
    if (inputs.add_generation_prompt) out.text += "[assistant]";
    return out;
  }
};

}  // namespace pano::api::testing
