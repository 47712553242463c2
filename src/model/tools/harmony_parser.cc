#include "model/tools/harmony_parser.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"

namespace pano::tools {
namespace {

constexpr std::string_view kMessage = "<|message|>";
constexpr std::string_view kChannel = "<|channel|>";
constexpr std::string_view kStart = "<|start|>";
constexpr std::array<std::string_view, 5> kBodyEnds = {"<|end|>", "<|call|>", "<|return|>", kStart,
                                                       kChannel};
constexpr size_t kHeaderBytesMax = 512;

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// The word behind `key`; "" when there is none.
std::string WordAfter(std::string_view header, std::string_view key) {
  const size_t at = header.find(key);
  if (at == std::string_view::npos) return {};
  header.remove_prefix(at + key.size());
  return std::string(header.substr(0, header.find_first_of(" <\n\t")));
}

// Whether a message may have a header that begins so.
bool MayBeHeader(std::string_view text) {
  for (std::string_view known : {std::string_view("assistant"), std::string_view(" to="),
                                 std::string_view("to="), kChannel, kMessage,
                                 std::string_view("<|constrain|>"), kStart}) {
    if (text.starts_with(known) || known.starts_with(text)) return true;
  }
  return false;
}

}  // namespace

std::vector<std::string> HarmonyMarks() {
  return {"<|start|>", "<|end|>",    "<|message|>", "<|channel|>",
          "<|call|>",  "<|return|>", "<|constrain|>"};
}

void HarmonyParser::Append(std::string_view text, MessageDelta* out) {
  out_ = out;
  sink_.set_out(out);
  for (char c : text) Step(c);
}

void HarmonyParser::Step(char c) {
  switch (state_) {
    case State::kHeader:
      return StepHeader(c);
    case State::kBody:
      return StepBody(c);
    case State::kBetween:
      held_.push_back(c);
      if (held_ == kStart || held_ == kChannel) {
        header_ = held_ == kChannel ? std::exchange(held_, {}) : std::string();
        held_.clear();
        state_ = State::kHeader;
      } else if (!kStart.starts_with(held_) && !kChannel.starts_with(held_)) {
        held_.clear();  // blanks between messages, for one
      }
      return;
  }
}

void HarmonyParser::StepHeader(char c) {
  header_.push_back(c);
  if (header_.ends_with(kMessage)) {
    header_.resize(header_.size() - kMessage.size());
    return BeginBody();
  }
  if (MayBeHeader(header_) && header_.size() < kHeaderBytesMax) return;
  // Text without a header.
  const std::string text = std::exchange(header_, {});
  body_ = Body::kContent;
  begins_ = true;
  state_ = State::kBody;
  for (char one : text) Emit(one);
}

void HarmonyParser::BeginBody() {
  const std::string channel = WordAfter(header_, kChannel);
  const std::string recipient = WordAfter(header_, "to=");
  header_.clear();
  state_ = State::kBody;
  begins_ = true;
  body_ = channel == "analysis" ? Body::kReasoning : Body::kContent;
  constexpr std::string_view kFunctions = "functions.";
  if (!recipient.starts_with(kFunctions)) return;
  const Tool* tool = sink_.Find(std::string_view(recipient).substr(kFunctions.size()));
  body_ = tool ? Body::kCall : Body::kContent;
  if (!tool) return;
  scanner_ = JsonScanner();
  raw_.clear();
  in_json_ = false;
  sink_.Begin(*tool, {});
}

void HarmonyParser::Emit(char c) {
  if (IsBlank(c)) {
    if (!begins_) blanks_.push_back(c);
    return;
  }
  const bool reasoning = body_ == Body::kReasoning;
  std::string& out = reasoning ? out_->reasoning : out_->content;
  bool& has = reasoning ? has_reasoning_ : has_content_;
  if (begins_ && has) out.push_back('\n');  // another message of the kind
  begins_ = false;
  has = true;
  out += blanks_;
  blanks_.clear();
  out.push_back(c);
}

void HarmonyParser::NoCall() {
  const bool sent = sink_.sent();
  sink_.Abandon();
  body_ = Body::kContent;
  in_json_ = false;
  const std::string raw = std::exchange(raw_, {});
  if (sent) return;
  for (char c : raw) Emit(c);
}

// A byte of a call's body.
void HarmonyParser::CallByte(char c) {
  raw_.push_back(c);
  if (!sink_.open() || (!in_json_ && IsBlank(c))) return;  // behind the arguments, or before them
  if (!in_json_ && c != '{') return NoCall();
  in_json_ = true;
  const JsonScanner::Result step = scanner_.Step(c);
  if (step == JsonScanner::Result::kError) return NoCall();
  sink_.Add({&c, 1});
  if (step == JsonScanner::Result::kMore) return;
  in_json_ = false;
  if (!sink_.End()) return NoCall();
  raw_.clear();
}

void HarmonyParser::StepBody(char c) {
  // No mark stands within JSON: there it is a part of some text.
  if (body_ == Body::kCall && in_json_) return CallByte(c);
  held_.push_back(c);
  bool begins = false;
  for (std::string_view mark : kBodyEnds) {
    if (held_ == mark) return EndBody();
    begins = begins || mark.starts_with(held_);
  }
  if (begins) return;
  const std::string again = std::exchange(held_, {});
  if (body_ == Body::kCall) {
    CallByte(again[0]);
  } else {
    Emit(again[0]);
  }
  for (size_t i = 1; i < again.size(); ++i) Step(again[i]);
}

void HarmonyParser::EndBody() {
  const std::string mark = std::exchange(held_, {});
  if (body_ == Body::kCall && sink_.open()) NoCall();
  blanks_.clear();
  if (mark == kStart || mark == kChannel) {
    header_ = mark == kChannel ? mark : std::string();
    state_ = State::kHeader;
  } else {
    state_ = State::kBetween;
  }
}

void HarmonyParser::Finish(MessageDelta* out) {
  out_ = out;
  sink_.set_out(out);
  if (state_ != State::kBody) return;  // a header that was cut says nothing
  if (body_ == Body::kCall) {
    if (sink_.open() && !sink_.sent()) {
      NoCall();
    } else {
      sink_.Abandon();
      return;
    }
  }
  for (char c : std::exchange(held_, {})) Emit(c);
}

}  // namespace pano::tools
