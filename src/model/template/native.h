#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/template/runtime.h"

namespace pano::jinja {

// What a call hands over.
struct CallArguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> keywords;
};

// A filter, test, method or function written here: what it is applied to (kNothing for functions)
// and its arguments.
using Native = Value (*)(Runtime& rt, const Value& self, const CallArguments& arguments);

struct NativeEntry {
  std::string_view name;
  Native function;
};

// The entry `name` of a table, or null.
template <size_t N>
Native FindNative(const NativeEntry (&table)[N], std::string_view name) {
  for (const NativeEntry& entry : table) {
    if (entry.name == name) return entry.function;
  }
  return nullptr;
}

struct NativeObject final : Object {
  NativeObject(Kind kind, Value bound, Native native, Allocation held = {})
      : Object(kind, bound.depth() + 1),
        self(std::move(bound)),
        function(native),
        allocation(std::move(held)) {}
  Value self;
  Native function;
  Allocation allocation;
};

// `function` bound to `self`.
Value BindMethod(Runtime& rt, const Value& self, Native function);
// What a call of it gives.
Value CallNative(Runtime& rt, const NativeObject& object, const CallArguments& arguments);

// The arguments of one call in the order of a function's parameters; kNothing where one was not
// given. Confined to one rendering. Fails for too many, unknown and repeated ones, and when one of
// the first `required` is missing.
class Bound {
 public:
  Bound(Runtime& rt, std::string_view function, const CallArguments& arguments,
        std::initializer_list<std::string_view> parameters, size_t required = 0);

  const Value& operator[](size_t i) const { return values_[i]; }
  // With `fallback` where it was not given or is none; fails for another type.
  int64_t Integer(size_t i, int64_t fallback) const;
  bool Boolean(size_t i, bool fallback) const;
  // The string given, or null; fails for another type. Lives as long as this object.
  const Value* String(size_t i) const;

 private:
  Runtime& rt_;
  std::string_view function_;
  std::vector<Value> values_;
};

}  // namespace pano::jinja
