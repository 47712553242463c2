#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace pano::json {

class Value;
using Array = std::vector<Value>;
// Members in the order of the text. A repeated key stays twice; Find answers the last, as Python
// does.
using Object = std::vector<std::pair<std::string, Value>>;

// One JSON value: a small tree that owns its text. Thread-compatible. What the compiler could write
// of the variant itself stands in json.cc: inline it was much of the code of every file that reads
// JSON.
class Value {
 public:
  Value() noexcept;  // null
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(const Value& other);
  Value& operator=(Value&& other) noexcept;
  ~Value();
  Value(std::nullptr_t) {}                                            // NOLINT
  Value(bool v) : data_(v) {}                                         // NOLINT
  Value(int v) : data_(int64_t{v}) {}                                 // NOLINT
  Value(int64_t v) : data_(v) {}                                      // NOLINT
  Value(uint64_t v);                                                  // NOLINT; from 2^63: double
  Value(double v) : data_(v) {}                                       // NOLINT
  Value(const char* v);                                               // NOLINT
  Value(std::string_view v);                                          // NOLINT
  Value(std::string v);                                               // NOLINT
  Value(Array v);                                                     // NOLINT
  Value(Object v);                                                    // NOLINT

  bool is_null() const { return data_.index() == 0; }
  bool is_bool() const { return data_.index() == 1; }
  bool is_int() const { return data_.index() == 2; }
  bool is_double() const { return data_.index() == 3; }
  bool is_number() const { return is_int() || is_double(); }
  bool is_string() const { return data_.index() == 4; }
  bool is_array() const { return data_.index() == 5; }
  bool is_object() const { return data_.index() == 6; }

  // REQUIRES: the matching is_*(); as_double also takes an int.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return std::get<int64_t>(data_); }
  double as_double() const;
  const std::string& as_string() const { return std::get<std::string>(data_); }
  const Array& as_array() const { return std::get<Array>(data_); }
  const Object& as_object() const { return std::get<Object>(data_); }
  Array& as_array() { return std::get<Array>(data_); }
  Object& as_object() { return std::get<Object>(data_); }

  // The member `key`, or null when there is none or this is no object.
  const Value* Find(std::string_view key) const;
  // Appends or replaces a member; a null value becomes an object first. REQUIRES: null or object.
  Value& Set(std::string_view key, Value value);
  // Appends an element; a null value becomes an array first. REQUIRES: null or array.
  Value& Append(Value value);

  // "null", "bool", "integer", "number", "string", "array", "object".
  std::string_view kind() const;

  bool operator==(const Value& other) const;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, Array, Object> data_;
};

struct ParseOptions {
  size_t depth_max = 64;           // arrays and objects inside each other
  size_t bytes_max = 1ull << 30;   // of text
  bool allow_nan = false;          // bare NaN, Infinity, -Infinity, as Python's json writes them
};

// The whole of `text`, less a byte order mark. Integers that fit int64 are ints, else doubles.
// Corruption for text that is no JSON (with the byte offset where known) or nests too deep.
Result<Value> Parse(std::string_view text, const ParseOptions& options = {});

struct DumpOptions {
  int indent = -1;              // < 0: one line
  bool spaces = false;          // ", " and ": " on one line, as Python's json.dumps
  bool ascii = false;           // \uXXXX for everything above U+007F
};

// As JSON text. NaN and infinities become null; ill-formed UTF-8 becomes U+FFFD; a double prints in
// its shortest exact form and always with '.' or 'e'.
std::string Dump(const Value& value, const DumpOptions& options = {});

// Appends `text` with its quotes and escapes.
void AppendQuoted(std::string& out, std::string_view text, bool ascii = false);

}  // namespace pano::json
