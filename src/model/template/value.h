#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "model/template/chat_template.h"

namespace pano::jinja {

class Meter;
class Value;

// Bytes that a value holds of its rendering's memory budget; released with the value. Confined to one
// rendering.
class Allocation {
 public:
  Allocation() = default;
  Allocation(Meter* meter, size_t bytes) : meter_(meter), bytes_(bytes) {}
  Allocation(const Allocation&) = delete;
  Allocation& operator=(const Allocation&) = delete;
  Allocation(Allocation&& other) noexcept
      : meter_(std::exchange(other.meter_, nullptr)), bytes_(other.bytes_) {}
  Allocation& operator=(Allocation&& other) noexcept {
    std::swap(meter_, other.meter_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Allocation();

 private:
  Meter* meter_ = nullptr;               // null for what belongs to the template itself
  size_t bytes_ = 0;
};

// A string: well-formed UTF-8 and the ranges of it that came from the inputs. Immutable.
struct Text {
  std::string bytes;
  std::vector<Rendered::Range> inputs;   // ascending, disjoint, not touching
  size_t characters = 0;
  Allocation allocation;

  bool ascii() const { return characters == bytes.size(); }
};

struct Sequence {
  // Python's types, as far as a template can tell them apart.
  enum class Kind : uint8_t { kList, kTuple, kRange, kGenerator, kKeys, kValues, kItems };
  Kind kind = Kind::kList;
  uint32_t depth = 1;                    // 1 + that of the deepest item
  uint32_t weight = 1;                   // values in it, shared ones as often as they stand
  bool from_inputs = false;              // some value in it is
  bool hashable = false;                 // a tuple of keys, and not too heavy for one
  std::vector<Value> items;
  mutable bool consumed = false;         // generators yield once
  Allocation allocation;
};

class Dict;
class Object;

// Why a value is undefined; the message when it is used.
struct UndefinedReason {
  std::string message;
  bool unsafe = false;                   // the sandbox refused it
};

// A value of the template language: a small tagged handle, cheap to copy. Strings, sequences and
// dicts are immutable and shared. Confined to one rendering, except for a template's constants.
class Value {
 public:
  enum class Type : uint8_t {
    kNothing,                            // no value at all: an argument that was not given
    kUndefined, kNone, kBool, kInt, kFloat, kString, kSequence, kDict, kObject
  };

  Value() = default;
  static Value None() { return Value(Type::kNone); }
  static Value Bool(bool v) { return Scalar(Type::kBool, v ? 1 : 0); }
  static Value Int(int64_t v) { return Scalar(Type::kInt, v); }
  static Value Float(double v);
  static Value Undefined(std::shared_ptr<UndefinedReason> v) {
    return {Type::kUndefined, std::move(v)};
  }
  static Value String(std::shared_ptr<Text> v) { return {Type::kString, std::move(v)}; }
  static Value Of(std::shared_ptr<Sequence> v) { return {Type::kSequence, std::move(v)}; }
  static Value Of(std::shared_ptr<Dict> v) { return {Type::kDict, std::move(v)}; }
  static Value Of(std::shared_ptr<Object> v) { return {Type::kObject, std::move(v)}; }
  // A string of the template itself, outside any budget.
  static Value Literal(std::string_view text);

  Type type() const { return type_; }
  bool is_nothing() const { return type_ == Type::kNothing; }
  bool is_undefined() const { return type_ == Type::kUndefined || is_nothing(); }
  bool is_none() const { return type_ == Type::kNone; }
  bool is_bool() const { return type_ == Type::kBool; }
  bool is_integral() const { return type_ == Type::kInt || is_bool(); }
  bool is_number() const { return is_integral() || type_ == Type::kFloat; }
  bool is_string() const { return type_ == Type::kString; }
  bool is_sequence() const { return type_ == Type::kSequence; }
  bool is_dict() const { return type_ == Type::kDict; }
  bool is_object() const { return type_ == Type::kObject; }

  // REQUIRES: the matching type. integer() takes a bool too, number() every number.
  bool boolean() const { return int_ != 0; }
  int64_t integer() const { return int_; }
  double number() const { return type_ == Type::kFloat ? float_ : static_cast<double>(int_); }
  const Text& text() const { return *static_cast<const Text*>(ref_.get()); }
  std::string_view bytes() const { return text().bytes; }
  const Sequence& sequence() const { return *static_cast<const Sequence*>(ref_.get()); }
  const std::vector<Value>& items() const { return sequence().items; }
  const Dict& dict() const { return *static_cast<const Dict*>(ref_.get()); }
  Object& object() const { return *static_cast<Object*>(ref_.get()); }
  std::shared_ptr<Object> shared_object() const { return std::static_pointer_cast<Object>(ref_); }
  const UndefinedReason* reason() const { return static_cast<const UndefinedReason*>(ref_.get()); }
  const void* identity() const { return ref_.get(); }

  // Whether it is, or holds, something that came from the inputs.
  bool from_inputs() const;
  Value FromInputs(bool yes = true) const {
    Value copy = *this;
    copy.input_ = yes;
    return copy;
  }
  // What `safe` makes of a string: strings added to it are escaped, as Python's Markup does it.
  bool markup() const { return markup_; }
  Value AsMarkup(bool yes = true) const {
    Value copy = *this;
    copy.markup_ = yes;
    return copy;
  }

  uint32_t depth() const;
  // "str", "NoneType", "dict": Python's name of the type, for messages.
  std::string_view type_name() const;

 private:
  explicit Value(Type type) : type_(type) {}
  Value(Type type, std::shared_ptr<void> ref) : type_(type), ref_(std::move(ref)) {}
  static Value Scalar(Type type, int64_t v) {
    Value out(type);
    out.int_ = v;
    return out;
  }

  Type type_ = Type::kNothing;
  bool input_ = false;
  bool markup_ = false;
  union {
    int64_t int_ = 0;
    double float_;
  };
  std::shared_ptr<void> ref_;
};

// Sets what a sequence says about its items.
void Summarize(Sequence& sequence);

// Whether a dict takes it as a key: no lists or dicts in it.
bool Hashable(const Value& key);
// What hashing or comparing it looks at. REQUIRES: Hashable(key).
size_t KeyBytes(const Value& key);
// Python's equality of keys (1 == 1.0 == True), and NaN equals itself. REQUIRES: both hashable.
bool KeysEqual(const Value& a, const Value& b);

// Keys in the order of their first insertion. Immutable once made; confined to one rendering.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;

  const std::vector<Entry>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  // Null when there is none. REQUIRES: Hashable(key).
  const Value* Find(const Value& key) const;
  const Value* Find(std::string_view key) const;
  // REQUIRES: Hashable(key). Only while the dict is being made.
  void Set(Value key, Value value);

  uint32_t depth() const { return depth_; }
  bool from_inputs() const { return from_inputs_; }
  void Hold(Allocation allocation) { allocation_ = std::move(allocation); }

 private:
  template <typename Matches>
  size_t Locate(size_t hash, Matches matches) const;

  std::vector<Entry> entries_;
  std::unordered_multimap<size_t, uint32_t> index_;   // by hash; empty while the dict is small
  uint32_t depth_ = 1;
  bool from_inputs_ = false;
  Allocation allocation_;
};

// Values with identity or behaviour instead of data: functions, macros, namespaces, loops. Confined to
// one rendering.
class Object {
 public:
  enum class Kind : uint8_t {
    kNamespace, kFunction, kMethod, kMacro, kLoop, kCycler, kJoiner
  };
  explicit Object(Kind kind, uint32_t depth = 0) : kind_(kind), depth_(depth) {}
  virtual ~Object() = default;
  Kind kind() const { return kind_; }
  uint32_t depth() const { return depth_; }
  // Drops what it refers to, so that cycles through it end.
  virtual void Clear() {}

 private:
  Kind kind_;
  uint32_t depth_;
};

struct NamespaceObject final : Object {
  NamespaceObject() : Object(Kind::kNamespace) {}
  void Clear() override { attributes.clear(); }
  const Value* Find(std::string_view name) const;
  void Set(std::string_view name, Value value);
  std::vector<std::pair<std::string, Value>> attributes;
};

}  // namespace pano::jinja
