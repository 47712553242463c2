#pragma once

#include <vector>

#include "model/template/runtime.h"

namespace pano::jinja {

// What Python's str methods do, shared by the methods and the filters of templates. Every `text` is
// a string value; results keep which bytes came from the inputs.

// Where `needle` first (from byte `from` on) or last stands in `text`, else npos; in linear time
// whatever the two look like.
size_t FindText(std::string_view text, std::string_view needle, size_t from = 0);
size_t FindLastText(std::string_view text, std::string_view needle);

enum class Case { kUpper, kLower, kSwap, kCapitalize, kTitle, kTitleWords };
// kTitle as str.title, kTitleWords as the filter `title` (words end at white space, '-' and
// brackets).
Value ChangeCase(Runtime& rt, const Value& text, Case to);

// Without the characters of `set` (null: white space) at the chosen ends.
Value Strip(Runtime& rt, const Value& text, const Value* set, bool left = true, bool right = true);

// At most `count` replacements; < 0: all.
Value Replace(Runtime& rt, const Value& text, const Value& from, const Value& to, int64_t count);

// Parts between separators (null: runs of white space), at most `count` cuts (< 0: all).
std::vector<Value> SplitText(Runtime& rt, const Value& text, const Value* separator, int64_t count);
std::vector<Value> SplitTextFromRight(Runtime& rt, const Value& text, const Value* separator,
                                      int64_t count);
std::vector<Value> SplitLines(Runtime& rt, const Value& text, bool keep_ends);

// The items as text with `separator` between them; with `escape` those that are not markup escaped.
Value Join(Runtime& rt, const Value& separator, const std::vector<Value>& items,
           bool escape = false);

// Filled up to `width` characters.
enum class Align { kLeft, kRight, kCenter };
Value Pad(Runtime& rt, const Value& text, int64_t width, std::string_view fill, Align align);

Value Reverse(Runtime& rt, const Value& text);

}  // namespace pano::jinja
