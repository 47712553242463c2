#pragma once

#include <string>

#include "model/template/runtime.h"

namespace pano::jinja {

// As Python's str() and repr() print it. What holds anything from the inputs counts as input as a
// whole, except that a string keeps its ranges under str().
void AppendStr(TextBuilder& out, const Value& v);
void AppendRepr(TextBuilder& out, const Value& v);
// The value as a string; a string stays what it is.
Value Str(Runtime& rt, const Value& v);

// "1.5", "1e+16", "inf": Python's repr of a float.
std::string FormatFloat(double v);

// With &, <, >, ' and " as HTML entities.
void AppendEscaped(TextBuilder& out, const Text& text);

struct JsonOptions {
  bool indented = false;
  std::string indent;  // one level of it
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool ascii = false;
  bool sort_keys = false;
};
// As Python's json.dumps writes it; fails for what JSON has no form for.
Value ToJson(Runtime& rt, const Value& v, const JsonOptions& options);

}  // namespace pano::jinja
