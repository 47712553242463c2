#include "model/template/value.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <optional>
#include <random>

#include "model/template/characters.h"
#include "model/template/runtime.h"

namespace pano::jinja {
namespace {

constexpr size_t kIndexFrom = 8;          // entries from which a dict is worth an index
constexpr uint64_t kKeyWeightMax = 1000;  // so that comparing two keys takes bounded time

// Secret and new in every process, so that colliding keys cannot be chosen (hash flooding).
uint64_t HashSeed() {
  static const uint64_t seed = [] {
    std::random_device device;
    return (uint64_t{device()} << 32) | device();
  }();
  return seed;
}

size_t Mix(uint64_t v) {
  v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9;
  v = (v ^ (v >> 27)) * 0x94d049bb133111eb;
  return v ^ (v >> 31);
}

size_t HashBytes(std::string_view text) {
  uint64_t hash = HashSeed() + text.size();
  while (!text.empty()) {
    uint64_t word = 0;
    const size_t count = std::min(text.size(), sizeof word);
    std::memcpy(&word, text.data(), count);
    hash = Mix(hash ^ word);
    text.remove_prefix(count);
  }
  return hash;
}

// The integer that a number is, if it is one of 64 bits.
std::optional<int64_t> AsInteger(const Value& v) {
  if (v.is_integral()) return v.integer();
  const double d = v.number();
  if (std::trunc(d) != d || !(d >= -0x1p63 && d < 0x1p63)) return std::nullopt;
  return static_cast<int64_t>(d);
}

// Equal numbers of different types have one hash.
size_t HashNumber(const Value& v) {
  if (const std::optional<int64_t> i = AsInteger(v)) {
    return Mix(HashSeed() ^ static_cast<uint64_t>(*i));
  }
  const double d = v.number();
  return Mix(HashSeed() ^ (std::isnan(d) ? 0 : std::bit_cast<uint64_t>(d)));
}

size_t HashKey(const Value& key) {
  if (key.is_string()) return HashBytes(key.bytes());
  if (key.is_number()) return HashNumber(key);
  if (key.is_none()) return 0x9e3779b9;
  if (key.is_undefined()) return 0x7f4a7c15;
  if (key.is_sequence()) {
    size_t hash = key.items().size();
    for (const Value& item : key.items()) hash = Mix(hash + HashKey(item));
    return hash;
  }
  return std::hash<const void*>()(key.identity());
}

std::string_view SequenceTypeName(Sequence::Kind kind) {
  switch (kind) {
    case Sequence::Kind::kList:
      return "list";
    case Sequence::Kind::kTuple:
      return "tuple";
    case Sequence::Kind::kRange:
      return "range";
    case Sequence::Kind::kGenerator:
      return "generator";
    case Sequence::Kind::kKeys:
      return "dict_keys";
    case Sequence::Kind::kValues:
      return "dict_values";
    case Sequence::Kind::kItems:
      return "dict_items";
  }
  return "list";
}

std::string_view ObjectTypeName(Object::Kind kind) {
  switch (kind) {
    case Object::Kind::kNamespace:
      return "Namespace";
    case Object::Kind::kFunction:
      return "function";
    case Object::Kind::kMethod:
      return "builtin_function_or_method";
    case Object::Kind::kMacro:
      return "Macro";
    case Object::Kind::kLoop:
      return "LoopContext";
    case Object::Kind::kCycler:
      return "Cycler";
    case Object::Kind::kJoiner:
      return "Joiner";
  }
  return "object";
}

}  // namespace

Allocation::~Allocation() {
  if (meter_) meter_->Release(bytes_);
}

Value Value::Float(double v) {
  Value out(Type::kFloat);
  out.float_ = v;
  return out;
}

Value Value::Literal(std::string_view text) {
  auto out = std::make_shared<Text>();
  out->bytes = text;
  out->characters = CountCharacters(text);
  return String(std::move(out));
}

bool Value::from_inputs() const {
  if (is_string()) return !text().inputs.empty();
  if (is_sequence()) return sequence().from_inputs;
  if (is_dict()) return dict().from_inputs();
  return input_;
}

uint32_t Value::depth() const {
  if (is_sequence()) return sequence().depth;
  if (is_dict()) return dict().depth();
  if (is_object()) return object().depth();
  return 0;
}

std::string_view Value::type_name() const {
  switch (type_) {
    case Type::kNothing:
    case Type::kUndefined:
      return "Undefined";
    case Type::kNone:
      return "NoneType";
    case Type::kBool:
      return "bool";
    case Type::kInt:
      return "int";
    case Type::kFloat:
      return "float";
    case Type::kString:
      return markup_ ? "Markup" : "str";
    case Type::kSequence:
      return SequenceTypeName(sequence().kind);
    case Type::kDict:
      return "dict";
    case Type::kObject:
      return ObjectTypeName(object().kind());
  }
  return "object";
}

void Summarize(Sequence& sequence) {
  uint64_t weight = 1;
  sequence.depth = 1;
  sequence.from_inputs = false;
  sequence.hashable = sequence.kind == Sequence::Kind::kTuple;
  for (const Value& item : sequence.items) {
    weight += item.is_sequence() ? item.sequence().weight : 1;
    sequence.depth = std::max(sequence.depth, item.depth() + 1);
    sequence.from_inputs = sequence.from_inputs || item.from_inputs();
    sequence.hashable = sequence.hashable && Hashable(item);
  }
  sequence.hashable = sequence.hashable && weight <= kKeyWeightMax;
  sequence.weight = static_cast<uint32_t>(std::min<uint64_t>(weight, UINT32_MAX));
}

bool Hashable(const Value& key) {
  return key.is_sequence() ? key.sequence().hashable : !key.is_dict();
}

bool KeysEqual(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) {
    // Exactly, as Python: a double next to 2^62 is not every integer there.
    if (a.is_integral() || b.is_integral()) {
      const std::optional<int64_t> x = AsInteger(a);
      return x && x == AsInteger(b);
    }
    return a.number() == b.number() || (std::isnan(a.number()) && std::isnan(b.number()));
  }
  if (a.is_undefined() || b.is_undefined()) return a.is_undefined() && b.is_undefined();
  if (a.type() != b.type()) return false;
  if (a.is_none()) return true;
  if (a.is_string()) return a.bytes() == b.bytes();
  if (a.is_sequence()) return std::ranges::equal(a.items(), b.items(), KeysEqual);
  return a.identity() == b.identity();
}

size_t KeyBytes(const Value& key) {
  if (key.is_string()) return key.bytes().size();
  size_t bytes = sizeof(Value);
  if (key.is_sequence()) {
    for (const Value& item : key.items()) bytes += KeyBytes(item);
  }
  return bytes;
}

template <typename Matches>
size_t Dict::Locate(size_t hash, Matches matches) const {
  if (index_.empty()) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (matches(entries_[i].first)) return i;
    }
    return entries_.size();
  }
  const auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (matches(entries_[it->second].first)) return it->second;
  }
  return entries_.size();
}

const Value* Dict::Find(const Value& key) const {
  const size_t hash = index_.empty() ? 0 : HashKey(key);
  const size_t i = Locate(hash, [&](const Value& own) { return KeysEqual(own, key); });
  return i < entries_.size() ? &entries_[i].second : nullptr;
}

const Value* Dict::Find(std::string_view key) const {
  const size_t hash = index_.empty() ? 0 : HashBytes(key);
  const size_t i =
      Locate(hash, [&](const Value& own) { return own.is_string() && own.bytes() == key; });
  return i < entries_.size() ? &entries_[i].second : nullptr;
}

void Dict::Set(Value key, Value value) {
  depth_ = std::max({depth_, key.depth() + 1, value.depth() + 1});
  from_inputs_ = from_inputs_ || key.from_inputs() || value.from_inputs();
  const size_t hash = HashKey(key);
  const size_t i = Locate(hash, [&](const Value& own) { return KeysEqual(own, key); });
  if (i < entries_.size()) {
    entries_[i].second = std::move(value);
    return;
  }
  entries_.emplace_back(std::move(key), std::move(value));
  if (!index_.empty()) {
    index_.emplace(hash, static_cast<uint32_t>(i));
  } else if (entries_.size() > kIndexFrom) {
    for (size_t k = 0; k < entries_.size(); ++k) {
      index_.emplace(HashKey(entries_[k].first), static_cast<uint32_t>(k));
    }
  }
}

const Value* NamespaceObject::Find(std::string_view name) const {
  for (const auto& [own, value] : attributes) {
    if (own == name) return &value;
  }
  return nullptr;
}

void NamespaceObject::Set(std::string_view name, Value value) {
  for (auto& [own, old] : attributes) {
    if (own == name) {
      old = std::move(value);
      return;
    }
  }
  attributes.emplace_back(name, std::move(value));
}

}  // namespace pano::jinja
