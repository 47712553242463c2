#include "model/tools/call_reader.h"

#include <utility>

#include "base/json.h"
#include "model/tools/argument_value.h"
#include "model/tools/literal.h"

namespace pano::tools {
namespace {

using Kind = CallStep::Kind;

constexpr size_t kNameBytesMax = 256;  // of names, ids and what is passed over

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

std::string Replaced(std::string text, std::string_view what, std::string_view with) {
  const size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

}  // namespace

CallReader::CallReader(const std::vector<CallStep>& steps, CallSink& sink, size_t at)
    : steps_(&steps), sink_(&sink) {
  Enter(at);
}

bool CallReader::MayBegin(const std::vector<CallStep>& steps, char c) {
  for (const CallStep& step : steps) {
    switch (step.kind) {
      case Kind::kText:
        return c == step.text[0];
      case Kind::kOptionalText:
        if (c == step.text[0]) return true;
        continue;
      case Kind::kBlanks:
        continue;
      case Kind::kUpTo:
        return true;
      case Kind::kName:
      case Kind::kId:
        return IsNameCharacter(c);
      case Kind::kObjects:
        return c == '{' || c == '[';
      case Kind::kPython:
        return c == '[' || IsNameCharacter(c);
      case Kind::kJson:
      case Kind::kMarked:
      case Kind::kTags:
        return c == '{';
    }
  }
  return false;
}

void CallReader::Enter(size_t at) {
  at_ = at;
  matched_ = 0;
  text_.clear();
  if (at_ >= steps_->size()) return;
  const CallStep& step = (*steps_)[at_];
  if (step.kind == Kind::kTags && tool_) tags_.emplace(step.tags, *tool_, *sink_);
  if (step.kind == Kind::kObjects) objects_.emplace(step.form, *sink_);
  if (step.kind == Kind::kPython) python_.emplace(*sink_);
  if ((step.kind == Kind::kJson || step.kind == Kind::kTags || step.kind == Kind::kMarked) && tool_) {
    sink_->Begin(*tool_, WholeId());
  }
}

CallReader::Result CallReader::Advance() {
  Enter(at_ + 1);
  return at_ >= steps_->size() ? Result::kDone : Result::kMore;
}

CallReader::Result CallReader::Retry(char c) {
  Enter(at_ + 1);
  if (at_ >= steps_->size()) return Fail(1);
  return Step(c);
}

CallReader::Result CallReader::Fail(size_t unread) {
  unread_ = unread;
  return Result::kError;
}

std::string CallReader::WholeId() const {
  if (id_.empty() || !tool_) return {};
  for (const CallStep& step : *steps_) {
    if (step.kind == Kind::kId) return Replaced(Replaced(step.text, "{name}", tool_->name), "{id}", id_);
  }
  return id_;
}

bool CallReader::closing() const {
  const Kind now = (*steps_)[at_].kind;
  if (now == Kind::kObjects || now == Kind::kPython) {
    return objects_ ? objects_->after_call() : python_->after_call();
  }
  for (size_t i = 0; i < at_; ++i) {
    const Kind kind = (*steps_)[i].kind;
    const bool calls = kind == Kind::kJson || kind == Kind::kTags || kind == Kind::kMarked ||
                       kind == Kind::kObjects || kind == Kind::kPython;
    if (calls) return true;
  }
  return false;
}

CallReader::Result CallReader::Step(char c) {
  const CallStep& step = (*steps_)[at_];
  switch (step.kind) {
    case Kind::kText:
    case Kind::kOptionalText:
      return StepText(c);
    case Kind::kBlanks:
      return IsBlank(c) ? Result::kMore : Retry(c);
    case Kind::kName:
      return StepName(c);
    case Kind::kId:
      return StepId(c);
    case Kind::kUpTo:
      return StepUpTo(c);
    case Kind::kJson:
      return StepJson(c);
    case Kind::kMarked:
      return StepMarked(c);
    case Kind::kTags: {
      const Result result = tags_->Step(c);
      if (result == Result::kError) return Fail(1 + tags_->pending());
      return StepInner(result);
    }
    case Kind::kObjects:
    case Kind::kPython:
      return StepCalls(c);
  }
  return Fail(1);
}

// A list's first element shows how its calls are written, whatever the format says.
CallReader::Result CallReader::StepCalls(char c) {
  if (objects_ && objects_->at_first() && IsNameCharacter(c)) {
    objects_.reset();
    python_.emplace(*sink_);
    python_->Step('[');
  } else if (python_ && python_->at_first() && c == '{') {
    python_.reset();
    objects_.emplace(ObjectForm::kNamed, *sink_);
    objects_->Step('[');
  }
  return StepInner(objects_ ? objects_->Step(c) : python_->Step(c));
}

CallReader::Result CallReader::StepInner(Result inner) {
  if (inner == Result::kError) return Fail(1);
  return inner == Result::kDone ? Advance() : Result::kMore;
}

CallReader::Result CallReader::StepText(char c) {
  const CallStep& step = (*steps_)[at_];
  if (c == step.text[matched_]) {
    return ++matched_ == step.text.size() ? Advance() : Result::kMore;
  }
  if (step.kind == Kind::kText) return Fail(matched_ + 1);
  // It was not there after all: what looked like it belongs to what follows.
  const std::string again = step.text.substr(0, matched_) + c;
  Enter(at_ + 1);
  for (size_t i = 0; i < again.size(); ++i) {
    if (at_ >= steps_->size()) return Fail(again.size() - i);
    const Result result = Step(again[i]);
    if (result == Result::kError) return Fail(unread_ + again.size() - 1 - i);
    if (result == Result::kDone) return i + 1 == again.size() ? result : Fail(again.size() - 1 - i);
  }
  return Result::kMore;
}

CallReader::Result CallReader::StepName(char c) {
  if (IsNameCharacter(c)) {
    if (text_.size() >= kNameBytesMax) return Fail(1);
    text_.push_back(c);
    return Result::kMore;
  }
  tool_ = sink_->Find(text_);
  return tool_ ? Retry(c) : Fail(1);
}

CallReader::Result CallReader::StepId(char c) {
  if (!IsNameCharacter(c)) {
    id_ = text_;
    return Retry(c);
  }
  if (text_.size() >= kNameBytesMax) return Fail(1);
  text_.push_back(c);
  return Result::kMore;
}

CallReader::Result CallReader::StepUpTo(char c) {
  if (text_.size() >= kNameBytesMax) return Fail(1);
  text_.push_back(c);
  return text_.ends_with((*steps_)[at_].text) ? Advance() : Result::kMore;
}

CallReader::Result CallReader::StepJson(char c) {
  if (scanner_.depth() == 0 && c != '{') return Fail(1);
  const JsonScanner::Result step = scanner_.Step(c);
  if (step == JsonScanner::Result::kError) return Fail(1);
  sink_->Add({&c, 1});
  if (step == JsonScanner::Result::kMore) return Result::kMore;
  return sink_->End() ? Advance() : Fail(1);
}

CallReader::Result CallReader::StepMarked(char c) {
  if (text_.empty() && c != '{') return Fail(1);
  text_.push_back(c);
  if (text_.ends_with(kStringMark)) {
    in_string_ = !in_string_;
  } else if (!in_string_ && (c == '{' || c == '[')) {
    ++depth_;
  } else if (!in_string_ && (c == '}' || c == ']') && --depth_ == 0) {
    const std::optional<std::string> arguments = LiteralToJson(LiteralForm::kMarked, text_);
    if (!arguments) return Fail(1);
    sink_->Add(*arguments);
    return sink_->End() ? Advance() : Fail(1);
  }
  return Result::kMore;
}

bool TagReader::Ends(std::string_view mark) {
  if (!text_.ends_with(mark)) return false;
  text_.resize(text_.size() - mark.size());
  return true;
}

TagReader::Result TagReader::End() {
  sink_->Add(count_ == 0 ? "{}" : "}");
  return sink_->End() ? Result::kDone : Result::kError;
}

void TagReader::EndValue() {
  std::string_view value = text_;
  if (form_->own_lines) {
    if (value.starts_with('\n')) value.remove_prefix(1);
    if (value.ends_with('\n')) value.remove_suffix(1);
  }
  std::string json = count_++ == 0 ? "{" : ", ";
  json::AppendQuoted(json, key_);
  json += ": ";
  if (attributes_.find("string=\"true\"") != std::string::npos) {
    json::AppendQuoted(json, value);
  } else if (attributes_.find("string=\"false\"") != std::string::npos) {
    json += ArgumentToJson(tool_->parameters, nullptr, value);
  } else {
    json += ArgumentToJson(tool_->parameters, ArgumentSchema(*tool_, key_), value);
  }
  sink_->Add(json);
}

TagReader::Result TagReader::Step(char c) {
  switch (state_) {
    case State::kBetween:
    case State::kBeforeValue: {
      if (mark_.empty() && IsBlank(c)) return Result::kMore;
      mark_.push_back(c);
      const bool before_value = state_ == State::kBeforeValue;
      const std::string& next = before_value ? form_->value_begin : form_->key_begin;
      if (mark_ == next) {
        mark_.clear();
        text_.clear();
        state_ = before_value ? State::kValue : State::kKey;
        return Result::kMore;
      }
      if (!before_value && mark_ == form_->close) {
        mark_.clear();
        return End();
      }
      if (next.starts_with(mark_)) return Result::kMore;
      if (!before_value && form_->close.starts_with(mark_)) return Result::kMore;
      mark_.pop_back();  // the refused byte is counted by who asks
      return Result::kError;
    }
    case State::kKey:
      text_.push_back(c);
      if (!Ends(form_->key_end)) {
        return text_.size() < kNameBytesMax ? Result::kMore : Result::kError;
      }
      key_ = std::exchange(text_, {});
      attributes_.clear();
      state_ = !form_->tag_end.empty()       ? State::kAttributes
               : !form_->value_begin.empty() ? State::kBeforeValue
                                             : State::kValue;
      return Result::kMore;
    case State::kAttributes:
      text_.push_back(c);
      if (!Ends(form_->tag_end)) {
        return text_.size() < kNameBytesMax ? Result::kMore : Result::kError;
      }
      attributes_ = std::exchange(text_, {});
      state_ = form_->value_begin.empty() ? State::kValue : State::kBeforeValue;
      return Result::kMore;
    case State::kValue:
      text_.push_back(c);
      if (!Ends(form_->value_end)) return Result::kMore;
      EndValue();
      text_.clear();
      state_ = State::kBetween;
      return Result::kMore;
  }
  return Result::kError;
}

bool PythonCallReader::EndName() {
  constexpr std::string_view kCall = ".call";  // as Llama 3.1 calls its built-in tools
  if (!sink_->Find(name_) && name_.ends_with(kCall)) name_.resize(name_.size() - kCall.size());
  tool_ = sink_->Find(name_);
  return tool_ != nullptr;
}

bool PythonCallReader::EndCall() {
  const std::optional<std::string> arguments = PythonArgumentsToJson(*tool_, arguments_);
  if (!arguments) return false;
  sink_->Begin(*tool_, {});
  sink_->Add(*arguments);
  name_.clear();
  arguments_.clear();
  return sink_->End();
}

// Within a text or at its beginning.
void PythonCallReader::TrackQuote(char c) {
  switch (quote_) {
    case Quote::kOne:
      if (c == quote_mark_) {
        quote_ = Quote::kTwo;
        return;
      }
      quote_ = Quote::kText;
      [[fallthrough]];
    case Quote::kText:
      if (c == '\\') {
        quote_ = Quote::kEscape;
        closing_ = 0;
      } else if (c != quote_mark_) {
        closing_ = 0;
      } else if (!triple_ || ++closing_ == 3) {
        quote_ = Quote::kNone;
      }
      return;
    case Quote::kEscape:
      quote_ = Quote::kText;
      return;
    case Quote::kTwo:
    case Quote::kNone:
      return;
  }
}

bool PythonCallReader::Track(char c, bool& bad) {
  if (quote_ == Quote::kTwo) {
    // Two quotes: an empty text, or with a third one the beginning of a long one.
    triple_ = c == quote_mark_;
    quote_ = triple_ ? Quote::kText : Quote::kNone;
    if (triple_) return false;
  }
  if (quote_ != Quote::kNone) {
    TrackQuote(c);
    return false;
  }
  if (c == '\'' || c == '"') {
    quote_mark_ = c;
    quote_ = Quote::kOne;
    triple_ = false;
    closing_ = 0;
  } else if (c == '(' || c == '[' || c == '{') {
    open_.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
    bad = open_.size() > JsonScanner::kDepthMax;
  } else if (c == ')' || c == ']' || c == '}') {
    if (open_.empty()) {
      bad = c != ')';
      return c == ')';
    }
    bad = open_.back() != c;
    open_.pop_back();
  }
  return false;
}

PythonCallReader::Result PythonCallReader::Step(char c) {
  switch (state_) {
    case State::kStart:
      state_ = State::kName;
      list_ = c == '[';
      if (list_) return Result::kMore;
      [[fallthrough]];
    case State::kName:
      if (name_.empty() && IsBlank(c)) return Result::kMore;
      if (IsNameCharacter(c) && name_.size() < kNameBytesMax) {
        name_.push_back(c);
        return Result::kMore;
      }
      if (name_.empty() && c == ']' && list_) return Result::kDone;
      if (c != '(' || !EndName()) return Result::kError;
      state_ = State::kArguments;
      return Result::kMore;
    case State::kArguments: {
      bool bad = false;
      if (!Track(c, bad)) {
        arguments_.push_back(c);
        return bad ? Result::kError : Result::kMore;
      }
      if (!EndCall()) return Result::kError;
      state_ = State::kNext;
      return list_ ? Result::kMore : Result::kDone;
    }
    case State::kNext:
      if (IsBlank(c)) return Result::kMore;
      if (c == ']') return Result::kDone;
      if (c != ',') return Result::kError;
      state_ = State::kName;
      return Result::kMore;
  }
  return Result::kError;
}

}  // namespace pano::tools
