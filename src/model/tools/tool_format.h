#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/tools/message_parser.h"

namespace pano::tools {

struct CallFormat;
struct ReasoningFormat;

// How a model writes calls and reasoning, found from the text of its chat template. Immutable, so
// thread-safe.
class ToolFormat {
 public:
  // Never null: a template that shows no format is taken for the one that most models were taught.
  static std::shared_ptr<const ToolFormat> Detect(std::string_view chat_template);

  const std::string& name() const;    // of the family: "hermes", "mistral", ...
  bool has_reasoning() const { return reasoning_ != nullptr || harmony_; }
  // Whether the template says anything of tools: else it is another's business to tell of them.
  bool takes_tools() const { return takes_tools_; }
  bool has_short_ids() const;         // ids of nine letters and digits, else "call_..."
  // The marks that the parser looks for: tokens that spell them have to become text. Without calls only
  // those of reasoning.
  std::vector<std::string> Marks(bool with_calls) const;
  // The marks around reasoning, and what ends it where it is to end now; "" without reasoning.
  std::string ReasoningOpen() const;
  std::string ReasoningClose() const;
  std::string ReasoningEnd() const;
  // Whether reasoning has begun at the end of that prompt.
  bool OpensReasoning(std::string_view prompt_end) const;

  // Whether calls, or what says who is spoken to, have begun at the end of that prompt.
  bool OpensSection(std::string_view prompt_end) const;

  std::unique_ptr<MessageParser> MakeParser(ParserSettings settings) const;

  const CallFormat* calls() const { return calls_; }  // null: of gpt-oss
  const ReasoningFormat* reasoning() const { return reasoning_; }

 private:
  bool harmony_ = false;  // gpt-oss: messages in channels
  bool takes_tools_ = false;
  const CallFormat* calls_ = nullptr;
  const ReasoningFormat* reasoning_ = nullptr;
};

using ToolFormatPtr = std::shared_ptr<const ToolFormat>;

}  // namespace pano::tools
