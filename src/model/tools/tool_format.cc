#include "model/tools/tool_format.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "model/tools/call_format.h"
#include "model/tools/harmony_parser.h"
#include "model/tools/literal.h"
#include "model/tools/text_parser.h"

namespace pano::tools {
namespace {

bool HasAll(std::string_view text, const std::vector<std::string>& parts) {
  return std::all_of(parts.begin(), parts.end(), [text](const std::string& part) {
    return text.find(part) != std::string_view::npos;
  });
}

bool HasAny(std::string_view text, const std::vector<std::vector<std::string>>& signatures) {
  return std::any_of(signatures.begin(), signatures.end(),
                     [text](const auto& signature) { return HasAll(text, signature); });
}

}  // namespace

std::shared_ptr<const ToolFormat> ToolFormat::Detect(std::string_view chat_template) {
  auto out = std::make_shared<ToolFormat>();
  out->takes_tools_ = HasAll(chat_template, {"tools"});
  if (HasAll(chat_template, {"<|start|>", "<|channel|>", "<|message|>"})) {
    out->harmony_ = true;
    return out;
  }
  for (const CallFormat& format : CallFormats()) {
    if (!HasAny(chat_template, format.signatures)) continue;
    out->calls_ = &format;
    break;
  }
  for (const ReasoningFormat& format : ReasoningFormats()) {
    if (!HasAll(chat_template, format.signature)) continue;
    out->reasoning_ = &format;
    break;
  }
  return out;
}

const std::string& ToolFormat::name() const {
  static const std::string harmony = "harmony";
  return harmony_ ? harmony : calls_->name;
}

bool ToolFormat::has_short_ids() const { return calls_ && calls_->short_ids; }

std::string ToolFormat::ReasoningOpen() const {
  if (harmony_) return std::string(kHarmonyReasoning);
  return reasoning_ ? reasoning_->open : std::string();
}

std::string ToolFormat::ReasoningClose() const {
  if (harmony_) return "<|end|>";
  return reasoning_ ? reasoning_->close : std::string();
}

std::string ToolFormat::ReasoningEnd() const {
  if (harmony_) return std::string(kHarmonyReasoningEnd);
  return reasoning_ ? StrCat("\n", reasoning_->close, "\n") : std::string();
}

bool ToolFormat::OpensReasoning(std::string_view prompt_end) const {
  return reasoning_ && Trim(prompt_end).ends_with(reasoning_->open);
}

bool ToolFormat::OpensSection(std::string_view prompt_end) const {
  return calls_ && !calls_->begin.empty() && Trim(prompt_end).ends_with(calls_->begin);
}

std::vector<std::string> ToolFormat::Marks(bool with_calls) const {
  if (harmony_) return HarmonyMarks();
  std::vector<std::string> out;
  auto add = [&out](const std::string& mark) {
    if (!mark.empty()) out.push_back(mark);
  };
  if (reasoning_) {
    add(reasoning_->open);
    add(reasoning_->close);
    for (const std::string& mark : reasoning_->dropped) add(mark);
  }
  for (const std::string& mark : calls_->dropped) add(mark);
  if (!with_calls) return out;
  add(calls_->begin);
  add(calls_->end);
  for (const std::string& mark : calls_->other_begins) add(mark);
  for (const auto& steps : calls_->calls) {
    for (const CallStep& step : steps) {
      if (step.kind == CallStep::Kind::kMarked) add(std::string(kStringMark));
      if (step.kind == CallStep::Kind::kText || step.kind == CallStep::Kind::kOptionalText ||
          step.kind == CallStep::Kind::kUpTo) {
        add(step.text);
      }
      if (step.kind != CallStep::Kind::kTags) continue;
      const TagForm& tags = step.tags;
      for (const std::string& mark :
           {tags.key_begin, tags.key_end, tags.value_begin, tags.value_end, tags.close}) {
        add(mark);
      }
    }
  }
  return out;
}

std::unique_ptr<MessageParser> ToolFormat::MakeParser(ParserSettings settings) const {
  CallSink::Settings sink{.tools = std::move(settings.tools),
                          .stream = settings.trusted,
                          .make_id = std::move(settings.make_id)};
  if (harmony_) return std::make_unique<HarmonyParser>(std::move(sink));
  return std::make_unique<TextParser>(*calls_, reasoning_, std::move(sink), settings.prompt_end);
}

}  // namespace pano::tools
