#include "model/template/runtime.h"

#include <time.h>

#include <algorithm>

#include "base/strings.h"
#include "base/utf8.h"
#include "model/template/characters.h"

namespace pano::jinja {
namespace {

constexpr uint32_t kValueDepthMax = 200;  // containers inside each other
constexpr size_t kStepsPerTimeCheck = 4096;
constexpr size_t kMessageBytesMax = 512;  // of why a value is undefined: many may be kept

double ThreadCpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

Runtime::Runtime(const Limits& limits, Moment now, const std::atomic<bool>* cancelled)
    : meter_(limits),
      now_(now),
      cancelled_(cancelled),
      cpu_begin_(ThreadCpuSeconds()) {}

Runtime::~Runtime() {
  for (const auto& object : kept_) object->Clear();
}

Value Runtime::Fail(Status status) {
  if (status_.ok()) status_ = std::move(status);
  return {};
}

Value Runtime::Raise(std::string_view message) {
  return Fail(InvalidArgument(std::string(message)));
}

Value Runtime::TypeError(std::string_view message) { return Error(StrCat("TypeError: ", message)); }

Value Runtime::Error(std::string_view message) {
  return Fail(InvalidArgument(StrCat(message, " (template line ", line_, ")")));
}

Value Runtime::UseOfUndefined(const Value& undefined) {
  const UndefinedReason* reason = undefined.reason();
  return Error(reason ? std::string_view(reason->message) : "a value is undefined");
}

Value Runtime::Exhausted(std::string_view what) {
  return Fail(Status(StatusCode::kExhausted, StrCat("the template needs too much: ", what,
                                                    " (template line ", line_, ")")));
}

bool Runtime::Step(size_t count) {
  if (failed()) return false;
  steps_unchecked_ += count;
  if (steps_unchecked_ >= kStepsPerTimeCheck && !InTime()) return false;
  if (meter_.Step(count)) return true;
  Exhausted(StrCat("more than ", limits().steps_max, " steps"));
  return false;
}

bool Runtime::InTime() {
  steps_unchecked_ = 0;
  if (cancelled_ != nullptr && *cancelled_) {
    Fail(Status(StatusCode::kCancelled, "the rendering was cancelled"));
  } else if (ThreadCpuSeconds() - cpu_begin_ > limits().cpu_seconds_max) {
    Exhausted(StrCat("more than ", limits().cpu_seconds_max, " s of processor time"));
  }
  return !failed();
}

bool Runtime::ChargeForGood(size_t bytes) {
  if (!meter_.Charge(bytes)) {
    Exhausted(StrCat("more than ", limits().memory_bytes_max, " bytes of memory"));
  }
  return !failed();
}

bool Runtime::Affordable(size_t bytes) {
  const bool fits = bytes <= limits().memory_bytes_max && ChargeForGood(bytes);
  if (!fits) Exhausted(StrCat("more than ", limits().memory_bytes_max, " bytes of memory"));
  if (bytes <= limits().memory_bytes_max) meter_.Release(bytes);
  return fits && !failed();
}

Allocation Runtime::Hold(size_t bytes) {
  ChargeForGood(bytes);
  return {&meter_, bytes};
}

Value Runtime::String(std::string_view text, bool from_inputs) {
  std::vector<Rendered::Range> inputs;
  if (from_inputs && !text.empty()) inputs.push_back({0, text.size()});
  if (!Affordable(text.size())) return {};
  return String(std::string(text), std::move(inputs));
}

Value Runtime::String(std::string text, std::vector<Rendered::Range> inputs) {
  if (!Work(text.size())) return {};
  auto out = std::make_shared<Text>();
  out->allocation = Hold(sizeof(Text) + text.capacity() + inputs.capacity() * sizeof(inputs[0]));
  out->characters = CountCharacters(text);
  out->bytes = std::move(text);
  out->inputs = std::move(inputs);
  return Value::String(std::move(out));
}

Value Runtime::Make(Sequence::Kind kind, std::vector<Value> items) {
  if (!Step(1 + items.size() / 8)) return {};
  auto out = std::make_shared<Sequence>();
  out->allocation = Hold(sizeof(Sequence) + items.capacity() * sizeof(Value));
  out->kind = kind;
  out->items = std::move(items);
  Summarize(*out);
  if (out->depth > kValueDepthMax) return Exhausted("lists nested too deeply");
  return Value::Of(std::move(out));
}

Value Runtime::Of(std::shared_ptr<Dict> dict) {
  constexpr size_t kIndexBytes = 64;
  dict->Hold(Hold(sizeof(Dict) + dict->size() * (sizeof(Dict::Entry) + kIndexBytes)));
  if (dict->depth() > kValueDepthMax) return Exhausted("dicts nested too deeply");
  return Value::Of(std::move(dict));
}

Value Runtime::Undefined(std::string message, bool unsafe) {
  if (message.size() > kMessageBytesMax) {
    message.resize(kMessageBytesMax);
    message = StrCat(Utf8Sanitize(message), "...");
  }
  auto reason = std::make_shared<UndefinedReason>();
  reason->message = std::move(message);
  reason->unsafe = unsafe;
  return Value::Undefined(std::move(reason));
}

Value Runtime::Keep(std::shared_ptr<Object> object) {
  constexpr size_t kObjectBytes = 256;
  if (!ChargeForGood(kObjectBytes)) return {};
  kept_.push_back(object);
  return Value::Of(std::move(object));
}

bool TextBuilder::Grow(size_t bytes) {
  if (rt_.failed()) return false;
  const size_t needed = bytes_.size() + bytes;
  if (needed <= held_bytes_) return rt_.Work(bytes);
  const size_t wanted = std::max<size_t>(64, needed + needed / 2);
  if (!rt_.Affordable(wanted)) return false;
  held_ = rt_.Hold(wanted);
  held_bytes_ = wanted;
  bytes_.reserve(wanted);
  return rt_.Work(bytes);
}

void TextBuilder::AddRange(size_t begin, size_t end) {
  if (begin >= end) return;
  if (!inputs_.empty() && inputs_.back().end >= begin) {
    inputs_.back().end = std::max(inputs_.back().end, end);
    return;
  }
  // Rare beside the bytes; a string of ranges this dense is made of single characters.
  if (inputs_.size() == inputs_.capacity() &&
      !rt_.Affordable((inputs_.size() + 1) * 2 * sizeof(inputs_[0]))) {
    return;
  }
  inputs_.push_back({begin, end});
}

void TextBuilder::Append(std::string_view piece, bool from_inputs) {
  if (!Grow(piece.size())) return;
  const size_t begin = bytes_.size();
  bytes_.append(piece);
  if (from_inputs) AddRange(begin, bytes_.size());
}

void TextBuilder::Append(const Text& text, size_t begin, size_t end) {
  if (!Grow(end - begin)) return;
  const size_t base = bytes_.size();
  bytes_.append(text.bytes, begin, end - begin);
  auto range = std::ranges::lower_bound(text.inputs, begin + 1, {}, &Rendered::Range::end);
  for (; range != text.inputs.end() && range->begin < end; ++range) {
    AddRange(base + std::max(range->begin, begin) - begin,
             base + std::min(range->end, end) - begin);
  }
}

void TextBuilder::MarkInput(size_t begin) {
  while (!inputs_.empty() && inputs_.back().begin >= begin) inputs_.pop_back();
  AddRange(begin, bytes_.size());
}

Value Substring(Runtime& rt, const Value& text, size_t begin, size_t end) {
  if (begin == 0 && end == text.bytes().size()) return text;
  TextBuilder out(rt);
  out.Append(text.text(), begin, end);
  return out.Take().AsMarkup(text.markup());
}

}  // namespace pano::jinja
