#include "model/tools/call_object.h"

#include <algorithm>
#include <array>

#include "base/json.h"

namespace pano::tools {
namespace {

constexpr auto kNameKeys = std::to_array<std::string_view>({"name", "tool_name", "function"});
constexpr auto kArgumentKeys = std::to_array<std::string_view>({"arguments", "parameters"});
constexpr auto kOtherKeys = std::to_array<std::string_view>({"id", "type", "tool_call_id"});

bool IsOneOf(std::string_view key, const auto& keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

}  // namespace

void CallObjectReader::BeginIfKnown() {
  if (tool_ && !sink_->open()) sink_->Begin(*tool_, id_);
}

bool CallObjectReader::SetName(std::string_view name) {
  if (tool_) return false;  // twice
  tool_ = sink_->Find(name);
  return tool_ != nullptr;
}

bool CallObjectReader::SetArguments(std::string_view text) {
  if (has_arguments_) return false;
  has_arguments_ = true;
  if (!text.starts_with('"')) {
    arguments_ = text == "null" ? std::string_view("{}") : text;
    return true;
  }
  const pano::Result<json::Value> inside = json::Parse(text);
  if (!inside.ok()) return false;
  arguments_ = inside->as_string().empty() ? "{}" : inside->as_string();
  return true;
}

bool CallObjectReader::EndKey() {
  const pano::Result<json::Value> key = json::Parse(text_);
  if (!key.ok() || !key->is_string()) return false;
  key_ = key->as_string();
  if (form_ == ObjectForm::kBare) {
    return IsOneOf(key_, kNameKeys) || IsOneOf(key_, kArgumentKeys) || IsOneOf(key_, kOtherKeys);
  }
  return form_ != ObjectForm::kKeyed || SetName(key_);
}

bool CallObjectReader::EndValue() {
  if (passing_) {
    passing_ = false;
    has_arguments_ = true;
    return true;
  }
  if (form_ == ObjectForm::kKeyed || IsOneOf(key_, kArgumentKeys)) return SetArguments(text_);
  if (!IsOneOf(key_, kNameKeys) && key_ != "id") return true;
  const pano::Result<json::Value> value = json::Parse(text_);
  if (!value.ok()) return false;
  if (value->is_string()) {
    if (key_ != "id") return SetName(value->as_string());
    id_ = value->as_string();
    return true;
  }
  if (key_ != "function") return key_ == "id";
  // {"type": "function", "function": {"name", "arguments"}}, as OpenAI's API has it.
  const json::Value* name = value->Find("name");
  const json::Value* arguments = value->Find("arguments");
  if (!name || !name->is_string() || !SetName(name->as_string())) return false;
  return !arguments || SetArguments(json::Dump(*arguments));
}

CallObjectReader::Result CallObjectReader::End() {
  if (!tool_) return Result::kError;
  if (!sink_->open()) {
    if (!has_arguments_) arguments_ = "{}";
    const pano::Result<json::Value> parsed = json::Parse(arguments_);
    if (!parsed.ok() || !parsed->is_object()) return Result::kError;
    BeginIfKnown();
    sink_->Add(arguments_);
  }
  return sink_->End() ? Result::kDone : Result::kError;
}

CallObjectReader::Result CallObjectReader::StepValue(char c) {
  if (text_.empty() && !passing_) {
    if (IsBlank(c)) return Result::kMore;
    const bool arguments = form_ == ObjectForm::kKeyed || IsOneOf(key_, kArgumentKeys);
    if (sink_->stream() && arguments && tool_ && c == '{' && !has_arguments_) {
      BeginIfKnown();
      passing_ = true;
    }
  }
  const JsonScanner::Result step = scanner_.Step(c);
  if (step == JsonScanner::Result::kError) return Result::kError;
  if (step != JsonScanner::Result::kDoneBefore) {
    if (passing_) {
      sink_->Add({&c, 1});
    } else {
      text_.push_back(c);
    }
    if (step == JsonScanner::Result::kMore) return Result::kMore;
  }
  if (!EndValue()) return Result::kError;
  state_ = State::kNext;
  return step == JsonScanner::Result::kDoneBefore ? Step(c) : Result::kMore;
}

CallObjectReader::Result CallObjectReader::Step(char c) {
  switch (state_) {
    case State::kOpen:
      if (c != '{') return Result::kError;
      state_ = State::kFirstKey;
      return Result::kMore;
    case State::kFirstKey:
      if (c == '}') return End();
      [[fallthrough]];
    case State::kKey:
      if (text_.empty()) {
        if (IsBlank(c)) return Result::kMore;
        if (c != '"') return Result::kError;
        scanner_ = JsonScanner();
      }
      text_.push_back(c);
      state_ = State::kKey;
      switch (scanner_.Step(c)) {
        case JsonScanner::Result::kMore:
          return Result::kMore;
        case JsonScanner::Result::kDone:
          state_ = State::kColon;
          return EndKey() ? Result::kMore : Result::kError;
        default:
          return Result::kError;
      }
    case State::kColon:
      if (IsBlank(c)) return Result::kMore;
      if (c != ':') return Result::kError;
      text_.clear();
      scanner_ = JsonScanner();
      state_ = State::kValue;
      return Result::kMore;
    case State::kValue:
      return StepValue(c);
    case State::kNext:
      if (IsBlank(c)) return Result::kMore;
      if (c == '}') return End();
      if (c != ',' || form_ == ObjectForm::kKeyed) return Result::kError;
      text_.clear();
      state_ = State::kKey;
      return Result::kMore;
  }
  return Result::kError;
}

CallListReader::Result CallListReader::StepObject(char c) {
  const Result step = object_.Step(c);
  if (step != Result::kDone) return step;
  state_ = State::kNext;
  return list_ ? Result::kMore : Result::kDone;
}

CallListReader::Result CallListReader::Step(char c) {
  switch (state_) {
    case State::kStart:
      if (c == '[') {
        list_ = true;
        state_ = State::kFirst;
        return Result::kMore;
      }
      state_ = State::kObject;
      return StepObject(c);
    case State::kFirst:
      if (IsBlank(c)) return Result::kMore;
      if (c == ']') return Result::kDone;
      state_ = State::kObject;
      [[fallthrough]];
    case State::kObject:
      if (IsBlank(c) && object_.fresh()) return Result::kMore;
      return StepObject(c);
    case State::kNext:
      if (IsBlank(c)) return Result::kMore;
      if (c == ']') return Result::kDone;
      if (c != ',') return Result::kError;
      object_ = CallObjectReader(form_, *sink_);
      state_ = State::kObject;
      return Result::kMore;
  }
  return Result::kError;
}

}  // namespace pano::tools
