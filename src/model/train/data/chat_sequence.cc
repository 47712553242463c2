#include "model/train/data/chat_sequence.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "model/template/conversation.h"
#include "model/train/data/token_places.h"

namespace pano::train {
namespace {

using tokenizer::ByteRange;

constexpr int64_t kTemplateDate = 1735689600;   // 2025-01-01T00:00:00Z

std::string TextOf(const tokenizer::Tokenizer& tokenizer, std::optional<int32_t> id) {
  return id ? std::string(tokenizer.Piece(*id)) : "";
}

bool IsAnswer(const json::Value& message) {
  const json::Value* role = message.Find("role");
  return role != nullptr && *role == json::Value("assistant");
}

// Ranges in ascending order, those that touch or overlap as one.
std::vector<ByteRange> Joined(std::vector<ByteRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const ByteRange& a, const ByteRange& b) { return a.begin < b.begin; });
  std::vector<ByteRange> out;
  for (const ByteRange& range : ranges) {
    if (!out.empty() && range.begin <= out.back().end) out.back().end = std::max(out.back().end, range.end);
    else out.push_back(range);
  }
  return out;
}

std::vector<ByteRange> RangesOf(const std::vector<jinja::Rendered::Range>& ranges) {
  std::vector<ByteRange> out;
  for (const auto& range : ranges) out.push_back({range.begin, range.end});
  return out;
}

}  // namespace

ChatWriter::ChatWriter(const tokenizer::Tokenizer& tokenizer, jinja::ChatTemplatePtr chat)
    : tokenizer_(tokenizer), chat_(std::move(chat)) {}

Result<jinja::Rendered> ChatWriter::Render(json::Array messages, const json::Value& tools, bool prompt) const {
  jinja::ChatInputs inputs;
  inputs.messages = std::move(messages);
  inputs.tools = tools;
  inputs.add_generation_prompt = prompt;
  inputs.bos_token = TextOf(tokenizer_, tokenizer_.bos());
  inputs.eos_token = TextOf(tokenizer_, tokenizer_.eos());
  inputs.now_unix = kTemplateDate;
  inputs.own_markers = [this](std::string_view text) {
    std::vector<jinja::Rendered::Range> places;
    for (const ByteRange& place : tokenizer_.FindShownMarkers(text)) places.push_back({place.begin, place.end});
    return places;
  };
  Result<jinja::Rendered> rendered = jinja::RenderConversation(*chat_, std::move(inputs));
  if (!rendered.ok()) return InvalidArgument(StrCat("the chat template: ", rendered.error().message()));
  return rendered;
}

Result<WrittenChat> ChatWriter::Write(const json::Value& messages, const json::Value& tools) const {
  PANO_RETURN_IF_ERROR(CheckMessages(messages));
  PANO_ASSIGN_OR_RETURN(jinja::Rendered rendered, Render(messages.as_array(), tools, false));
  WrittenChat out{std::move(rendered.text), RangesOf(rendered.from_inputs), {}};
  if (!rendered.generated.empty()) {
    out.answers = Joined(RangesOf(rendered.generated));
  } else {
    PANO_RETURN_IF_ERROR(FindAnswers(messages.as_array(), tools, out));
  }
  return out;
}

Result<WrittenChat> ChatWriter::WritePrompt(const json::Value& messages, const json::Value& tools) const {
  PANO_RETURN_IF_ERROR(CheckMessages(messages));
  PANO_ASSIGN_OR_RETURN(jinja::Rendered rendered, Render(messages.as_array(), tools, true));
  return WrittenChat{std::move(rendered.text), RangesOf(rendered.from_inputs), {}};
}

Status ChatWriter::FindAnswers(const json::Array& messages, const json::Value& tools, WrittenChat& out) const {
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!IsAnswer(messages[i])) continue;
    const auto until = [&](size_t count) {
      return json::Array(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(count));
    };
    const auto lost = [&](std::string_view why) {
      return InvalidArgument(StrCat("the chat template has no {% generation %} blocks, and the answer of message ",
                                    i + 1, " cannot be found by rendering with and without it: ", why));
    };
    const Result<jinja::Rendered> before = i == 0 ? jinja::Rendered{} : Render(until(i), tools, true);
    if (!before.ok()) return lost(before.error().message());
    const Result<jinja::Rendered> with = Render(until(i + 1), tools, false);
    if (!with.ok()) return lost(with.error().message());
    const std::string_view text = out.text;
    if (!text.starts_with(before->text)) return lost("what stands before it depends on what follows");
    // Templates may write something behind the last message alone; what both have in common counts.
    const auto common = static_cast<size_t>(
        std::mismatch(text.begin(), text.end(), with->text.begin(), with->text.end()).first - text.begin());
    PANO_ASSIGN_OR_RETURN(const size_t begin, AnswerBegin(until(i + 1), tools, before->text, with->text));
    size_t content_end = begin;   // also where the content is empty
    for (const jinja::Rendered::Range& range : with->from_inputs) {
      if (range.begin >= before->text.size()) content_end = std::max(content_end, range.end);
    }
    if (common < content_end || common <= before->text.size()) {
      return lost("its rendering depends on the messages behind it");
    }
    // The first special token behind the content ends the answer.
    size_t end = common;
    const std::string_view behind = text.substr(content_end, common - content_end);
    tokenizer::EncodeOptions options;
    options.add_special_tokens = false;
    PANO_ASSIGN_OR_RETURN(const PlacedTokens tokens, EncodeWithPlaces(tokenizer_, behind, options));
    for (size_t t = 0; t < tokens.ids.size(); ++t) {
      if (!tokenizer_.IsSpecial(tokens.ids[t])) continue;
      end = content_end + tokens.places[t].end;
      break;
    }
    out.answers.push_back({begin, end});
  }
  out.answers = Joined(std::move(out.answers));
  return {};
}

// Behind the prompt to answer. For a template that knows no such prompt: where its text changes with the
// content of the answer.
Result<size_t> ChatWriter::AnswerBegin(json::Array messages, const json::Value& tools, const std::string& prompt,
                                       const std::string& text) const {
  const json::Value* content = messages.back().Find("content");
  if (content == nullptr || !content->is_string()) return prompt.size();
  if (messages.size() > 1) {
    const json::Array before(messages.begin(), messages.end() - 1);
    PANO_ASSIGN_OR_RETURN(const jinja::Rendered unprompted, Render(before, tools, false));
    if (unprompted.text != prompt) return prompt.size();
  }
  // Begins with another character than the content, or its trimmed form, does.
  const std::string_view trimmed = Trim(content->as_string());
  messages.back().Set("content", trimmed.starts_with('x') ? "y" : "x");
  PANO_ASSIGN_OR_RETURN(const jinja::Rendered other, Render(std::move(messages), tools, false));
  const auto differs = std::mismatch(text.begin(), text.end(), other.text.begin(), other.text.end()).first;
  return std::max(prompt.size(), static_cast<size_t>(differs - text.begin()));
}

Result<Sequence> ChatSequence(const tokenizer::Tokenizer& tokenizer, const WrittenChat& chat) {
  tokenizer::EncodeOptions options;
  options.add_special_tokens = false;
  options.plain = chat.plain;
  PANO_ASSIGN_OR_RETURN(PlacedTokens tokens, EncodeWithPlaces(tokenizer, chat.text, options));
  const std::vector<bool> learnt = Overlaps(tokens.places, chat.answers);
  Sequence out;
  for (size_t i = 0; i < tokens.ids.size(); ++i) out.labels.push_back(learnt[i] ? tokens.ids[i] : kNoLabel);
  out.input_ids = std::move(tokens.ids);
  return out;
}

Status CheckMessages(const json::Value& messages) {
  if (!messages.is_array() || messages.as_array().empty()) {
    return InvalidArgument("messages is no list of messages");
  }
  for (const json::Value& message : messages.as_array()) {
    const json::Value* role = message.Find("role");
    if (role == nullptr || !role->is_string()) return InvalidArgument("messages holds one without a role");
  }
  return {};
}

}  // namespace pano::train
