#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/template/value.h"

namespace pano::jinja {

// Counts what a rendering uses up. Confined to one rendering.
class Meter {
 public:
  explicit Meter(const Limits& limits) : limits_(limits) {}

  // False when the limit is met.
  bool Step(size_t count) { return (steps_ += count) <= limits_.steps_max; }
  bool Charge(size_t bytes) { return (memory_ += bytes) <= limits_.memory_bytes_max; }
  void Release(size_t bytes) { memory_ -= bytes; }
  const Limits& limits() const { return limits_; }

 private:
  Limits limits_;
  size_t steps_ = 0;
  size_t memory_ = 0;
};

// A moment to be printed: in the machine's time zone, or in UTC.
struct Moment {
  int64_t unix_seconds = 0;
  bool local = false;
};

// What native code and the evaluator share during one rendering: the limits, the first failure, and
// how values are made. Once failed() everything may return kNothing values; loops look at failed().
// Confined to one rendering; every Value made here must go before it.
class Runtime {
 public:
  // `cancelled`, where there is one, ends the rendering when it is set.
  Runtime(const Limits& limits, Moment now, const std::atomic<bool>* cancelled = nullptr);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  bool failed() const { return !status_.ok(); }
  const Status& status() const { return status_; }
  Moment now() const { return now_; }
  const Limits& limits() const { return meter_.limits(); }
  // Of the template, for messages.
  void set_line(uint32_t line) { line_ = line; }
  uint32_t line() const { return line_; }

  // Each records the failure unless there is one already and returns kNothing.
  Value Raise(std::string_view message);  // raise_exception and its like: the message alone
  Value TypeError(std::string_view message);
  Value Error(std::string_view message);  // anything else Python refuses
  Value UseOfUndefined(const Value& undefined);
  Value Exhausted(std::string_view what);

  // False, and failed, once the limit is met. Work() counts the copying of so many bytes, Scan()
  // going through them character by character.
  bool Step(size_t count = 1);
  bool Work(size_t bytes) { return Step(1 + bytes / 256); }
  bool Scan(size_t bytes) { return Step(1 + bytes / 32); }
  // Counts the hashing and comparing of a key of a dict. REQUIRES: Hashable(key).
  bool Key(const Value& key) {
    const size_t bytes = KeyBytes(key);
    return bytes < 64 ? !failed() : Step(bytes / 64);
  }
  // Memory for as long as the rendering lasts.
  bool ChargeForGood(size_t bytes);
  // Whether so much more may be held, without taking it.
  bool Affordable(size_t bytes);
  Allocation Hold(size_t bytes);

  Value String(std::string_view text, bool from_inputs = false);
  Value String(std::string text, std::vector<Rendered::Range> inputs);
  Value Make(Sequence::Kind kind, std::vector<Value> items);
  Value List(std::vector<Value> items) { return Make(Sequence::Kind::kList, std::move(items)); }
  Value Tuple(std::vector<Value> items) { return Make(Sequence::Kind::kTuple, std::move(items)); }
  Value Generator(std::vector<Value> items) {
    return Make(Sequence::Kind::kGenerator, std::move(items));
  }
  Value Of(std::shared_ptr<Dict> dict);
  Value Undefined(std::string message, bool unsafe = false);

  // A mutable object lives until the rendering ends; then its references are dropped.
  Value Keep(std::shared_ptr<Object> object);

 private:
  Value Fail(Status status);
  // The limits that no count of steps sees; looked at now and then.
  bool InTime();

  Meter meter_;
  const Moment now_;
  const std::atomic<bool>* cancelled_;
  double cpu_begin_;
  size_t steps_unchecked_ = 0;
  Status status_;
  uint32_t line_ = 0;
  std::vector<std::shared_ptr<Object>> kept_;
};

// Makes a string piece by piece within the limits. Confined to one rendering. REQUIRES: pieces are
// well-formed UTF-8.
class TextBuilder {
 public:
  explicit TextBuilder(Runtime& rt) : rt_(rt) {}

  void Append(std::string_view piece, bool from_inputs = false);
  void Append(const Text& text) { Append(text, 0, text.bytes.size()); }
  void Append(const Text& text, size_t begin, size_t end);
  // Marks everything from byte `begin` on as coming from the inputs.
  void MarkInput(size_t begin);

  size_t size() const { return bytes_.size(); }
  const std::string& bytes() const { return bytes_; }
  Runtime& runtime() { return rt_; }
  Value Take() { return rt_.String(std::move(bytes_), std::move(inputs_)); }
  std::pair<std::string, std::vector<Rendered::Range>> Release() {
    return {std::move(bytes_), std::move(inputs_)};
  }

 private:
  bool Grow(size_t bytes);
  void AddRange(size_t begin, size_t end);

  Runtime& rt_;
  std::string bytes_;
  std::vector<Rendered::Range> inputs_;
  Allocation held_;
  size_t held_bytes_ = 0;
};

// The part [begin, end) of a string in bytes, on character borders.
Value Substring(Runtime& rt, const Value& text, size_t begin, size_t end);

}  // namespace pano::jinja
