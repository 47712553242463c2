#include "app/api/message_output.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "base/strings.h"

namespace pano::api {
namespace {

// Mistral's templates take nothing but nine letters and digits.
std::string NewCallId(bool short_id) {
  constexpr size_t kShortLength = 9;
  const std::string hex = RandomHex(12);
  return short_id ? hex.substr(0, kShortLength) : StrCat("call_", hex);
}

}  // namespace

MessageOutput::MessageOutput(const MessageSource& source)
    : parallel_(source.parallel), reasons_(source.format && source.format->has_reasoning()) {
  if (!source.format) return;
  reasoning_ = reasons_ && source.format->OpensReasoning(source.prompt_end);
  const bool short_id = source.format->has_short_ids();
  parser_ = source.format->MakeParser({.tools = source.tools,
                                       .prompt_end = source.prompt_end,
                                       .trusted = source.trusted,
                                       .make_id = [short_id](size_t) { return NewCallId(short_id); }});
}

tools::MessageDelta MessageOutput::Keep(tools::MessageDelta delta) {
  if (!parallel_) {
    std::erase_if(delta.calls, [](const tools::ToolCallDelta& call) { return call.index > 0; });
  }
  message_.Merge(delta);
  return delta;
}

tools::MessageDelta MessageOutput::Append(std::string_view text) {
  tools::MessageDelta delta;
  if (parser_) {
    parser_->Append(text, &delta);
  } else {
    delta.content = std::string(text);
  }
  return Keep(std::move(delta));
}

tools::MessageDelta MessageOutput::AppendToken(std::string_view text) {
  tools::MessageDelta delta = Append(text);
  if (!delta.empty()) reasoning_ = !delta.reasoning.empty();
  if (reasoning_) ++reasoning_tokens_;
  return delta;
}

tools::MessageDelta MessageOutput::Finish() {
  tools::MessageDelta delta;
  if (parser_) parser_->Finish(&delta);
  return Keep(std::move(delta));
}

tools::Message ReadMessage(const MessageSource& source, std::string_view text) {
  MessageOutput output(source);
  output.Append(text);
  output.Finish();
  return output.message();
}

bool EndedByCalls(engine::FinishReason reason, bool has_calls) {
  return has_calls && reason == engine::FinishReason::kStop;
}

}  // namespace pano::api
