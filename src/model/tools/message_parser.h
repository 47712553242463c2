#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "model/tools/message.h"
#include "model/tools/tool.h"

namespace pano::tools {

// Splits what a model writes into content, reasoning and calls, as it comes. However the text is cut
// into pieces, the deltas add up to the same message; nothing is taken back. What looks like a call
// and is none (a name that is no tool's, arguments that are no JSON object) stays content. Work is
// linear in the text. Thread-compatible.
class MessageParser {
 public:
  virtual ~MessageParser() = default;
  // Adds what became known to `out`.
  virtual void Append(std::string_view text, MessageDelta* out) = 0;
  // The text is over. Once, after the last Append.
  virtual void Finish(MessageDelta* out) = 0;
};

struct ParserSettings {
  ToolsPtr tools = nullptr;  // null or empty: calls are text
  // How the prompt ends, a few hundred bytes of it: whether reasoning, or a call, has begun already.
  std::string prompt_end = {};
  // A grammar constrained the text, so that no call breaks: arguments go out as they come.
  bool trusted = false;
  // Makes the id of a call with that index where the model writes none; null: "call_0", ...
  std::function<std::string(size_t)> make_id = nullptr;
};

}  // namespace pano::tools
