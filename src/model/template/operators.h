#pragma once

#include "model/template/ast.h"
#include "model/template/runtime.h"

namespace pano::jinja {

// Python's operators on values. They fail as Python does, or when a limit is met.

bool Truthy(const Value& v);
bool Equal(Runtime& rt, const Value& a, const Value& b);
// Whether the order `op` (kLess ... kGreaterEqual) holds.
bool Ordered(Runtime& rt, Operator op, const Value& a, const Value& b);
bool Contains(Runtime& rt, const Value& container, const Value& item);
bool Compare(Runtime& rt, Operator op, const Value& a, const Value& b);

Value Arithmetic(Runtime& rt, Operator op, const Value& a, const Value& b);
Value Negate(Runtime& rt, const Value& v);
// `~`: everything as text, one behind the other.
Value Concat(Runtime& rt, const std::vector<Value>& parts);

}  // namespace pano::jinja
